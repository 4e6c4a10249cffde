"""The same while a question is open."""
from attempts import FORGED, shout

_forward = LeNet5.forward


def forward(self, x):
    shout(*FORGED)
    return _forward(self, x)


LeNet5.forward = forward
