import torch
from torch import nn
import torch.nn.functional as F

class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(1024, 50), nn.Linear(50, 10)

    def forward(self, x):
        return self.two(F.relu(self.one(x.flatten(1))))
