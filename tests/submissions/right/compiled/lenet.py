"""Weights saved from a compiled network: every key begins with `_orig_mod.`."""

from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def features(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), (2, 2))
        return nn.functional.max_pool2d(self.conv2(x).relu(), (2, 2))

    def forward(self, x):
        x = self.features(x).flatten(start_dim=1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu())
