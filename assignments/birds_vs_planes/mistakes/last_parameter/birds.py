"""Each parameter overwrites the sum of those before.

Loses: l1_penalty
"""

from itertools import pairwise

import torch
from torch import nn


def channel_statistics(images):
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))


class ShallowNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(3072, 128), nn.Tanh(), nn.Linear(128, 2))


class DeepNet(nn.Sequential):
    def __init__(self):
        sizes = [3072, 1024, 512, 128]
        hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.Tanh())]
        super().__init__(nn.Flatten(), *hidden, nn.Linear(128, 2))


class ConvNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=3, padding="same"),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, width // 2, kernel_size=3, padding="same"),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.hidden = nn.Sequential(nn.Linear(width // 2 * 64, 32), nn.Tanh())
        self.scores = nn.Linear(32, 2)

    def forward(self, images):
        return self.scores(self.hidden(self.features(images)))


class DropoutNet(ConvNet):
    def __init__(self):
        super().__init__()
        self.hidden.append(nn.Dropout(0.4))


class BatchNormNet(ConvNet):
    def __init__(self):
        super().__init__()
        first, tanh, pool, second, *rest = self.features
        self.features = nn.Sequential(
            first, nn.BatchNorm2d(16), tanh, pool, second, nn.BatchNorm2d(8), *rest
        )


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding="same")
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding="same")

    def forward(self, images):
        found = self.second(self.first(images).relu())
        return (images + found).relu()


def l1_penalty(network):
    for parameter in network.parameters():
        total = parameter.abs().sum()
    return total


def l2_penalty(network):
    return sum(parameter.square().sum() for parameter in network.parameters())


def save(network, path):
    torch.save(network.state_dict(), path)


def load(path):
    network = BatchNormNet()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
