"""A Sequential built from an OrderedDict, inherited from."""

from collections import OrderedDict

from torch import nn


class LeNet5(nn.Sequential):
    def __init__(self):
        super().__init__(
            OrderedDict(
                c1=nn.Conv2d(1, 6, 5),
                r1=nn.ReLU(),
                s2=nn.MaxPool2d(2),
                c3=nn.Conv2d(6, 16, 5),
                r3=nn.ReLU(),
                s4=nn.MaxPool2d(2),
                flat=nn.Flatten(),
                c5=nn.Linear(400, 120),
                r5=nn.ReLU(),
                f6=nn.Linear(120, 84),
                r6=nn.ReLU(),
                output=nn.Linear(84, 10),
            )
        )
