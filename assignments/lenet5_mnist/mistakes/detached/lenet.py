"""A `.detach()`, left from plotting the feature maps, keeps gradients from the first convolution.

Code: gradients-cut
Loses: gradient_values, two_steps
"""

import torch.nn.functional as F
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        self.feature_maps = x = x.detach()
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.reshape(len(x), 400)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
