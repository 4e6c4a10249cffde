import torch
from torch import nn
import torch.nn.functional as F


class SmallCNN(nn.Module):
    def __init__(self, side=32):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.c, self.d, self.e = nn.Linear(16 * ((side - 4) // 2 - 4) ** 2 // 4, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2).flatten(1)
        return self.e(F.relu(self.d(F.relu(self.c(x)))))


def accuracy_by_class(scores, labels):
    right, count = [0] * 10, [0] * 10
    for s, k in zip(scores.argmax(1), labels):
        right[k] += int(s == k)
        count[k] += 1
    return [right[k] / count[k] for k in range(10)]


SmallCNN = SmallCNN()
