import torch
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        for conv in self.conv1, self.conv2:
            x = torch.max_pool2d(torch.relu(conv(x)), 2)
        x = x.flatten(1)
        for fc in self.fc1, self.fc2:
            x = torch.relu(fc(x))
        return self.fc3(x)
