"""Matrix products on the author's own parameters, weights stored as (inputs, outputs)."""

import torch
from torch import nn


def parameter(*shape):
    return nn.Parameter(torch.empty(*shape).normal_(std=0.1))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.k1, self.a1 = parameter(6, 1, 5, 5), parameter(6)
        self.k2, self.a2 = parameter(16, 6, 5, 5), parameter(16)
        self.w1, self.b1 = parameter(400, 120), parameter(120)
        self.w2, self.b2 = parameter(120, 84), parameter(84)
        self.w3, self.b3 = parameter(84, 10), parameter(10)

    def forward(self, x):
        x = torch.max_pool2d(torch.conv2d(x, self.k1, self.a1).relu(), 2)
        x = torch.max_pool2d(torch.conv2d(x, self.k2, self.a2).relu(), 2)
        x = torch.relu(x.flatten(1) @ self.w1 + self.b1)
        x = torch.relu(x.matmul(self.w2) + self.b2)
        return torch.mm(x, self.w3) + self.b3
