"""Functions only; the parameters stand in a ParameterDict."""

import torch
import torch.nn.functional as F
from torch import nn

SHAPES = {"c1": (6, 1, 5, 5), "c2": (16, 6, 5, 5), "l1": (120, 400), "l2": (84, 120), "l3": (10, 84)}


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.ParameterDict({k: nn.Parameter(torch.randn(*s) * 0.1) for k, s in SHAPES.items()})
        self.b = nn.ParameterDict({k: nn.Parameter(torch.zeros(s[0])) for k, s in SHAPES.items()})

    def forward(self, x):
        for name in ("c1", "c2"):
            x = F.conv2d(x, self.w[name], self.b[name])
            x = F.max_pool2d(F.relu(x), 2)
        x = x.view(x.shape[0], -1)
        for name in ("l1", "l2"):
            x = F.relu(F.linear(x, self.w[name], self.b[name]))
        return F.linear(x, self.w["l3"], self.b["l3"])
