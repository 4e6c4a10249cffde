"""What a network sees. Fill in what is marked; the brief says what each part has to do."""

import torch
import torch.nn.functional as F
from torch import nn


class LogisticRegression(nn.Module):
    """784 → 10. Pictures (N, 1, 28, 28) in, scores (N, 10) out; so for all three."""

    def __init__(self):
        super().__init__()  # the layer goes here

    def forward(self, images):
        raise NotImplementedError("flatten the pictures, then use the layer")


class MLP(nn.Module):
    """784 → 30, ReLU, → 10."""

    def __init__(self):
        super().__init__()  # two layers

    def forward(self, images):
        raise NotImplementedError("write the forward pass")


class CNN(nn.Module):
    """1 → 4 → 8 channels, padded, pooled twice; then 8·7·7 → 10."""

    def __init__(self):
        super().__init__()  # two convolutions and a linear layer

    def forward(self, images):
        raise NotImplementedError("write the forward pass")


def split(images, labels, held_out=500):
    """((images, labels) to train with, (images, labels) to validate with)."""
    raise NotImplementedError("hold out the last pictures")


def train(network, images, labels):
    """Three passes over the pictures; after each, yield the mean loss."""
    raise NotImplementedError("write the training loop")


def weight_pictures(network):
    """(10, 28, 28): the weights of a LogisticRegression as pictures."""
    raise NotImplementedError("reshape the weights")


def weight_shapes(network):
    """A list of shapes, without those of biases."""
    raise NotImplementedError("look at the parameters of the network")


def output_side(side, kernel, padding=0, stride=1):
    """28, 3, 1, 1 → 28."""
    raise NotImplementedError("count the places of the kernel")


def features(network, images, depth):
    """What comes out of layer `depth` of network.features, counted from 1."""
    raise NotImplementedError("run a part of the network")


# To look at what you made, in a notebook:
#
#     from torchvision import datasets, transforms
#     digits = datasets.MNIST("data", train=True, download=True)
#     images = (digits.data[:2500, None] / 255 - 0.1307) / 0.3081
#     (images, labels), (others, answers) = split(images, digits.targets[:2500])
#     network = LogisticRegression()
#     print(list(train(network, images, labels)))
#     print((network(others).argmax(1) == answers).float().mean())
#     plt.imshow(weight_pictures(network)[3], cmap="gray")
