"""Birds against airplanes, the reference: every part that the brief asks for.

`birds.pt` holds the weights of `ConvNet` that `train.py` found; `record.json` says how good they
are.
"""

from itertools import pairwise

import torch
from torch import nn


def channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, (3,), over all images (N, 3, H, W)."""
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))


class ShallowNet(nn.Sequential):
    """One hidden layer: 393,602 parameters, nearly all of them in the first matrix."""

    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(3072, 128), nn.Tanh(), nn.Linear(128, 2))


class DeepNet(nn.Sequential):
    """Three hidden layers: 3,737,474 parameters."""

    def __init__(self) -> None:
        sizes = [3072, 1024, 512, 128]
        hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.Tanh())]
        super().__init__(nn.Flatten(), *hidden, nn.Linear(128, 2))


class ConvNet(nn.Module):
    """Two convolutions and two linear layers: 18,090 parameters at width 16."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=3, padding="same"),
            nn.Tanh(),
            nn.MaxPool2d(2),  # (N, width, 16, 16)
            nn.Conv2d(width, width // 2, kernel_size=3, padding="same"),
            nn.Tanh(),
            nn.MaxPool2d(2),  # (N, width / 2, 8, 8)
            nn.Flatten(),
        )
        self.hidden = nn.Sequential(nn.Linear(width // 2 * 64, 32), nn.Tanh())
        self.scores = nn.Linear(32, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.scores(self.hidden(self.features(images)))


class DropoutNet(ConvNet):
    """In training each hidden unit is switched off with probability 0.4."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden.append(nn.Dropout(0.4))


class BatchNormNet(ConvNet):
    """Each channel is normalised between convolution and tanh: 18,138 parameters."""

    def __init__(self) -> None:
        super().__init__()
        first, tanh, pool, second, *rest = self.features
        self.features = nn.Sequential(
            first, nn.BatchNorm2d(16), tanh, pool, second, nn.BatchNorm2d(8), *rest
        )


class ResidualBlock(nn.Module):
    """What two convolutions find is added to the images, (N, channels, H, W); then comes ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding="same")
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding="same")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = self.second(self.first(images).relu())
        return (images + found).relu()


def l1_penalty(network: nn.Module) -> torch.Tensor:
    """Sum of the absolute values of all parameters, biases included."""
    return sum(parameter.abs().sum() for parameter in network.parameters())


def l2_penalty(network: nn.Module) -> torch.Tensor:
    """Sum of the squares of all parameters, biases included."""
    return sum(parameter.square().sum() for parameter in network.parameters())


def save(network: nn.Module, path: str) -> None:
    """Write parameters and buffers, without code, to a file."""
    torch.save(network.state_dict(), path)


def load(path: str) -> BatchNormNet:
    """A new network, ready to be used, with the parameters and buffers of a file."""
    network = BatchNormNet()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
