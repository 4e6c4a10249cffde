"""The weights were saved before the training began.

Code: accuracy-guessing
Loses: test_accuracy
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5, stride=4)
        self.fc = nn.Linear(4 * 7 * 7, 10)

    def forward(self, x):
        x = F.relu(self.conv(x - 0.5))
        return self.fc(torch.flatten(x, 1))
