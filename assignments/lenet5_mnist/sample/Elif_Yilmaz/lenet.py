import torch
from torch import nn

SIZES = {"fc_a": (400, 120), "fc_b": (120, 84), "fc_c": (84, 10)}


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        # order of declaration does not matter, order of use does
        self.dense = nn.ModuleDict({k: nn.Linear(*s) for k, s in SIZES.items()})
        self.conv = nn.ModuleDict({"second": nn.Conv2d(6, 16, 5), "first": nn.Conv2d(1, 6, 5)})

    def forward(self, x):
        for key in ("first", "second"):
            x = self.conv[key](x)
            # pooling first: the maximum of the ReLUs is the ReLU of the maximum, and it's 4x less work
            x = torch.relu(nn.functional.max_pool2d(x, 2))
        x = torch.flatten(x, 1)
        for key in SIZES:
            x = self.dense[key](x)
            if key != "fc_c":
                x = torch.relu(x)
        return x
