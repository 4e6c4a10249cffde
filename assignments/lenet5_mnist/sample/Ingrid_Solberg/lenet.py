"""LeNet-5 with a bit more capacity."""

import torch.nn as nn
from torch.nn import functional as f


class LeNet5(nn.Module):

    def __init__(self, width=32):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 5)
        self.second = nn.Conv2d(6, width, 5)
        self.third = nn.Linear(width * 25, 72)
        self.fourth = nn.Linear(72, 10)

    def forward(self, batch):
        batch = f.max_pool2d(f.relu(self.first(batch)), 2)
        batch = f.max_pool2d(f.relu(self.second(batch)), 2)
        return self.fourth(f.relu(self.third(batch.flatten(1))))
