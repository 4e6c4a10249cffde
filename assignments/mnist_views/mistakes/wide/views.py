"""The MLP has 100 hidden units.

Loses: mlp_layers, mlp_values, parameter_counts, mlp_training
"""

import torch
import torch.nn.functional as F
from torch import nn


class LogisticRegression(nn.Module):
    """Ten templates of 784 weights: the digit whose template fits best."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(784, 10)

    def forward(self, images):
        return self.linear(images.flatten(1))


class MLP(nn.Module):
    """Thirty templates, and ten ways to combine them."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 100)
        self.out = nn.Linear(100, 10)

    def forward(self, images):
        return self.out(self.hidden(images.flatten(1)).relu())


class CNN(nn.Module):
    """Two padded convolutions, each with its pooling, and one linear layer."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(4, 8, kernel_size=3, padding=1)
        self.fc = nn.Linear(8 * 7 * 7, 10)

    def forward(self, images):
        x = F.max_pool2d(self.conv1(images).relu(), 2)  # (N, 4, 28, 28) → (N, 4, 14, 14)
        x = F.max_pool2d(self.conv2(x).relu(), 2)  # (N, 8, 14, 14) → (N, 8, 7, 7)
        return self.fc(x.flatten(1))


def split(images, labels, held_out=500):
    kept = len(images) - held_out
    return (images[:kept], labels[:kept]), (images[kept:], labels[kept:])


def train(network, images, labels):
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    for _ in range(3):
        total = 0.0
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        yield total / len(images)


def weight_pictures(network):
    # Row k of the weights, (10, 784), meets the pixels in the order in which they were flattened.
    return network.linear.weight.detach().reshape(10, 28, 28)


def weight_shapes(network):
    return [tuple(p.shape) for p in network.parameters() if p.dim() > 1]


def output_side(side, kernel, padding=0, stride=1):
    return (side + 2 * padding - kernel) // stride + 1


def features(network, images, depth):
    with torch.no_grad():
        return network.features[:depth](images)
