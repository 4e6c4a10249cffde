import torch.nn as nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    """Second version, nicer names. (The first one was one big nn.Sequential, a little narrower.)"""

    def __init__(self):
        super().__init__()
        self.bordes = nn.Conv2d(1, 6, 5)
        self.formas = nn.Conv2d(6, 16, 5)
        self.densa1 = nn.Linear(400, 120)
        self.densa2 = nn.Linear(120, 84)
        self.salida = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bordes(x)), 2)
        x = F.max_pool2d(F.relu(self.formas(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.densa1(x))
        x = F.relu(self.densa2(x))
        return self.salida(x)
