import torch
from torch import nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.w = nn.Parameter(torch.randn(401, 120) * 0.05)
        self.v = nn.Parameter(torch.randn(120, 84) * 0.1)
        self.vb = nn.Parameter(torch.zeros(1, 84))
        self.e = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2).flatten(1)
        x = x @ self.w[:400]
        x.add_(self.w[400])
        x = F.relu(x)
        x = torch.addmm(self.vb[0], x, self.v.view(120, 84))
        return self.e(F.relu(x))
