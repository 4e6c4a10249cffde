"""A right answer that looks for the grader's secrets, at import and when it is asked something."""

import hunt
import torch
from torch import nn

hunt.hunt("import")


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.second = nn.Linear(5, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def double(numbers):
    hunt.hunt("question")
    return [2 * n for n in numbers]
