import torch
from torch import nn
import torch.nn.functional as F

class Block(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 5)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.conv(x)), 2)


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Block(1, 6), Block(6, 16)
        self.head = nn.Sequential(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def forward(self, x):
        return self.head(self.second(self.first(x)).flatten(1))
