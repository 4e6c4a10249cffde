"""LeNet5 + BatchNorm (trains much faster!)"""
import torch.nn as nn


def conv_bn(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 5), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = conv_bn(1, 6)
        self.stage2 = conv_bn(6, 16)
        self.mlp = nn.Sequential(
            nn.Linear(400, 120), nn.ReLU(),
            nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.mlp(self.stage2(self.stage1(x)).flatten(1))
