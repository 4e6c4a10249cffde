"""A small convolutional network for CIFAR-10: (N, 3, 32, 32) pictures in, (N, 10) logits out.

`cifar.pt` holds the numbers that `train.py` found; `record.json` says how well they read.
"""

import torch
from torch import nn
from torch.nn import functional


class SmallCNN(nn.Module):
    """Two convolutions and three linear layers for square pictures of `side` pixels."""

    def __init__(self, side: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.pool = nn.MaxPool2d(2)
        left = ((side - 4) // 2 - 4) // 2  # 5 of 32 pixels, 13 of 64
        self.fc1 = nn.Linear(16 * left * left, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.conv1(images).relu())  # (N, 6, 28, 28) → (N, 6, 14, 14)
        x = self.pool(self.conv2(x).relu())  # (N, 16, 10, 10) → (N, 16, 5, 5)
        x = x.flatten(start_dim=1)  # (N, 400)
        x = self.fc1(x).relu()
        x = self.fc2(x).relu()
        return self.fc3(x)


def training_step(network, optimizer, images, labels):
    """One step on one batch; the loss before it."""
    optimizer.zero_grad()
    loss = functional.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def train(network, images, labels, passes=15, size=20):
    """Show the pictures `passes` times in batches of `size`, and yield the loss of every step."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    for _ in range(passes):
        for batch in torch.randperm(len(images)).split(size):
            yield training_step(network, optimizer, images[batch], labels[batch])


def accuracy_by_class(scores, labels):
    """For each of the ten classes the share of its pictures that get their highest score there."""
    right = scores.argmax(dim=1) == labels
    found = torch.bincount(labels[right], minlength=10)
    return found / torch.bincount(labels, minlength=10).clamp(min=1)
