"""Birds against airplanes. Fill in what is marked; README.md says what each part has to do.

    grader check birds.py       says what is right already
"""

import torch
from torch import nn

TRAIN = False  # True while you train; False in what you hand in


def pictures(train):
    """Airplanes as class 0 and birds as class 1: images (N, 3, 32, 32), not normalised, and labels."""
    from torchvision import datasets

    cifar = datasets.CIFAR10("data", train=train, download=True)
    images = torch.tensor(cifar.data).permute(0, 3, 1, 2) / 255
    labels = torch.tensor(cifar.targets)
    chosen = (labels == 0) | (labels == 2)
    return images[chosen], labels[chosen] // 2


def channel_statistics(images):
    """Mean and standard deviation of each channel, over all images (N, 3, H, W) and pixels."""
    raise NotImplementedError("find both")


class ShallowNet(nn.Module):
    """3072 → 128 → 2."""

    def __init__(self):
        super().__init__()
        # TODO: the layers

    def forward(self, x):
        raise NotImplementedError("write the forward pass of ShallowNet")


class DeepNet(nn.Module):
    """3072 → 1024 → 512 → 128 → 2."""

    def __init__(self):
        super().__init__()
        # TODO: the layers

    def forward(self, x):
        raise NotImplementedError("write the forward pass of DeepNet")


class ConvNet(nn.Module):
    """Two convolutions, two linear layers."""

    def __init__(self, width=16):
        super().__init__()
        # TODO: the layers; width is the number of channels after the first convolution

    def forward(self, x):
        # TODO: print(x.shape) after each step until the brief's table is met
        raise NotImplementedError("write the forward pass of ConvNet")


def l1_penalty(network):
    """Sum of the absolute values of all parameters."""
    raise NotImplementedError("add up absolute values")


def l2_penalty(network):
    """Sum of the squares of all parameters."""
    raise NotImplementedError("add up squares")


class DropoutNet(nn.Module):
    """ConvNet with dropout on the hidden units."""

    def __init__(self):
        super().__init__()
        # TODO: the layers

    def forward(self, x):
        raise NotImplementedError("write the forward pass of DropoutNet")


class BatchNormNet(nn.Module):
    """ConvNet with batch normalisation between convolution and tanh."""

    def __init__(self):
        super().__init__()
        # TODO: the layers

    def forward(self, x):
        raise NotImplementedError("write the forward pass of BatchNormNet")


class ResidualBlock(nn.Module):
    """Two convolutions, around which the input takes a short cut."""

    def __init__(self, channels):
        super().__init__()
        # TODO: the layers

    def forward(self, x):
        raise NotImplementedError("write the forward pass of ResidualBlock")


def save(network, path):
    """Write everything that the network has learned to a file."""
    raise NotImplementedError("save parameters and buffers")


def load(path):
    """A BatchNormNet with what `save` wrote, in eval mode."""
    raise NotImplementedError("load them into a new network")


def train(network, images, labels):
    """Show the network every image once, in batches of 64 in random order, and improve it."""
    # TODO: an optimizer before the loop; in it zero the gradients, find the cross-entropy,
    #       differentiate, step.
    raise NotImplementedError("train is yours to write")


if TRAIN:
    images, labels = pictures(train=True)
    mean, deviation = ..., ...  # TODO: the brief's six numbers as tensors of shape (3, 1, 1)
    network = ConvNet()
    for epoch in range(20):
        train(network, (images - mean) / deviation, labels)
    torch.save(network.state_dict(), "birds.pt")
