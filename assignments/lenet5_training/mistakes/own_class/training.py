"""The layers stand in a class of their own, not in a Sequential.

Code: files-no-sequential
Loses: sequential_form
"""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = layers()

    def forward(self, images):
        return self.layers(images)


def lenet5_sequential():
    return Net()


def layers():
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5),  # (N, 1, 32, 32) → (N, 6, 28, 28)
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5),  # (N, 6, 14, 14) → (N, 16, 10, 10)
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def save(network, path):
    torch.save(network.state_dict(), path)


def load(path):
    network = lenet5_sequential()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network


def train(network, images, labels, epochs=5, learning_rate=0.01, momentum=0.5, batch_size=64):
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=momentum)
    for _ in range(epochs):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(images)).split(batch_size):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        yield total / len(images)
