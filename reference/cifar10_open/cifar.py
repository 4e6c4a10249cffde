"""A network for CIFAR-10: (N, 3, 32, 32) pictures in, each number 0 to 1; (N, 10) logits out.

`cifar.pt` holds the numbers that `train.py` found; `record.json` says how it came to them.
"""

import torch
from torch import nn
from torch.nn.functional import max_pool2d


class Normed(nn.Sequential):
    """A 3×3 convolution that keeps height and width, and a normalisation of its channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Net(nn.Module):
    """Five convolutions, a shortcut around the fourth, and one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Normed(3, 24)
        self.conv2 = Normed(24, 48)
        self.conv3 = Normed(48, 64)
        self.conv4 = Normed(64, 64)
        self.conv5 = Normed(64, 64)
        self.last = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = (images - 0.47) / 0.25
        x = max_pool2d(self.conv1(x), 2).relu()  # (N, 24, 16, 16)
        x = max_pool2d(self.conv2(x), 2).relu()  # (N, 48, 8, 8)
        x = self.conv3(x).relu()  # (N, 64, 8, 8)
        x = x + self.conv4(x).relu()
        x = self.conv5(max_pool2d(x, 2)).relu()  # (N, 64, 4, 4)
        return self.last(x.amax(dim=(2, 3)))
