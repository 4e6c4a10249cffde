import torch
from torch import nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    """Its dense layers lie in one long row of numbers."""

    def __init__(self):
        super().__init__()
        self.kernels = nn.ParameterList([torch.randn(6, 1, 5, 5) * 0.1, torch.randn(16, 6, 5, 5) * 0.1])
        self.shifts = nn.Parameter(torch.zeros(22))
        self.flat = nn.Parameter(torch.randn(59134) * 0.05)

    def forward(self, x):
        x = F.max_pool2d(F.relu(F.conv2d(x, self.kernels[0], self.shifts[:6])), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, self.kernels[1], self.shifts[6:])), 2).flatten(1)
        start = 0
        for a, b in (400, 120), (120, 84), (84, 10):
            w = self.flat[start : start + a * b].view(a, b)
            start += a * b
            x = x @ w
            x += self.flat[start : start + b]
            start += b
            x = F.relu(x) if b > 10 else x
        return x
