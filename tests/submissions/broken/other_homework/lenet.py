import torch
from torch import nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 128)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x.flatten(1))))


def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean()
