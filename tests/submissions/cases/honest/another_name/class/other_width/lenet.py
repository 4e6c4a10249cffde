import torch
from torch import nn
import torch.nn.functional as F

class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(784, 50), nn.Linear(50, 10)

    def forward(self, x):
        return self.two(F.relu(self.one(x.flatten(1))))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 20, 5)
        self.c, self.d, self.e = nn.Linear(500, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2).flatten(1)
        return self.e(F.relu(self.d(F.relu(self.c(x)))))
