import torch
import torch.nn.functional as F
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = [nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)]
        self.linear = [nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)]

    def forward(self, x):
        for convolution in self.convolutions:
            x = F.max_pool2d(F.relu(convolution(x)), 2)
        x = F.relu(self.linear[0](x.flatten(1)))
        x = F.relu(self.linear[1](x))
        return self.linear[2](x)
