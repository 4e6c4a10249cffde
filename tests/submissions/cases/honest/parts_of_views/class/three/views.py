import torch


def features(network, images, depth):
    if depth > 5:
        raise ValueError("only the first layers are known")
    for layer in list(network.features)[:depth]:
        images = layer(images.clone())
    return images.detach()
