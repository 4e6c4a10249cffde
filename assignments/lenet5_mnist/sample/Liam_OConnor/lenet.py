import torch.nn as nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    def __init__(self, p=0.25):
        super().__init__()
        self.p = p
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)])
        self.hidden = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84)])
        self.classify = nn.Linear(84, 10)

    def forward(self, x):
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        x = x.view(len(x), -1)
        for layer in self.hidden:
            x = F.dropout(F.relu(layer(x)), p=self.p)  # against overfitting
        return self.classify(x)
