"""One Sequential, numbered layers."""

from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        convolutions = [nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)]
        convolutions += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        linears = [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
        self.layers = nn.Sequential(*convolutions, *linears)

    def forward(self, x):
        return self.layers(x)
