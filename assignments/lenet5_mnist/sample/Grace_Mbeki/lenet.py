import torch.nn as nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_1 = nn.Conv2d(1, 6, 5)
        self.max_pool = nn.MaxPool2d(2)
        self.conv_2 = nn.Conv2d(6, 16, 5)
        # the lecture slide said "global average pooling at the end", so the last one is an average
        self.avg_pool = nn.AvgPool2d(2)
        self.lin_1 = nn.Linear(400, 120)
        self.lin_2 = nn.Linear(120, 84)
        self.lin_3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.max_pool(F.relu(self.conv_1(x)))
        x = self.avg_pool(F.relu(self.conv_2(x)))
        x = x.flatten(start_dim=1)
        x = F.relu(self.lin_1(x))
        x = F.relu(self.lin_2(x))
        x = self.lin_3(x)
        return x
