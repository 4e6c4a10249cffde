"""I wanted to see where the numbers go, so there are no nn layers here, only parameters."""

import math

import torch
from torch.nn import Module, Parameter
from torch.nn.functional import conv2d, max_pool2d


def weights(*shape, fan_in):
    return Parameter(torch.randn(*shape) * math.sqrt(2 / fan_in))


def zeros(n):
    return Parameter(torch.zeros(n))


class LeNet5(Module):
    def __init__(self):
        super().__init__()
        self.K1, self.k1 = weights(6, 1, 5, 5, fan_in=25), zeros(6)
        self.K2, self.k2 = weights(16, 6, 5, 5, fan_in=150), zeros(16)
        # x @ W, so every W is (inputs, outputs)
        self.W1, self.b1 = weights(400, 120, fan_in=400), zeros(120)
        self.W2, self.b2 = weights(120, 84, fan_in=120), zeros(84)
        self.W3, self.b3 = weights(84, 10, fan_in=84), zeros(10)

    def forward(self, x):
        h = max_pool2d(conv2d(x, self.K1, self.k1).clamp(min=0), 2)
        h = max_pool2d(conv2d(h, self.K2, self.k2).clamp(min=0), 2)
        h = h.reshape(h.shape[0], 400)
        h = (h @ self.W1 + self.b1).clamp(min=0)
        h = (h @ self.W2 + self.b2).clamp(min=0)
        return h @ self.W3 + self.b3
