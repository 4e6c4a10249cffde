import torch
from torch import nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)])
        sizes = [400, 120, 84, 10]
        pairs = list(zip(sizes, sizes[1:]))
        self.w = {f"w{i}": nn.Parameter(torch.randn(a, b) * 0.05) for i, (a, b) in enumerate(pairs)}
        self.b = tuple(torch.zeros(b, requires_grad=True) for b in sizes[1:])

    def forward(self, x):
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        x = x.flatten(1)
        for i in range(3):
            x = x @ self.w[f"w{i}"] + self.b[i]
            if i < 2:
                x = F.relu(x)
        return x
