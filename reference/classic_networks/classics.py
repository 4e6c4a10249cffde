"""AlexNet, VGG16 and ResNet-18 as the brief asks for them: (N, 3, 224, 224) images, logits.

They follow A. Krizhevsky: One weird trick for parallelizing convolutional neural networks (arXiv
1404.5997, 2014); K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale image
recognition (2015), configuration D; K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for
image recognition (2016), with 18 layers. Under equal weights they compute what torchvision's do; a
test compares them.
"""

import torch
from torch import nn

# Channels, kernel, stride, padding, and whether a pooling follows
ALEXNET = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)
VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions
RESNET_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # channels, stride of the first block


class AlexNet(nn.Module):
    """Five convolutions, then three linear layers with dropout."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        before = 3
        for width, kernel, stride, padding, pooled in ALEXNET:
            steps.append(nn.Conv2d(before, width, kernel, stride, padding))
            steps.append(nn.ReLU(inplace=True))
            if pooled:
                steps.append(nn.MaxPool2d(3, stride=2))
            before = width
        self.features = nn.Sequential(*steps)
        self.scores = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, 224, 224) images to (N, classes) logits."""
        return self.scores(self.features(images))


class VGG16(nn.Module):
    """Thirteen convolutions of 3 × 3 in five stages, then three linear layers with dropout."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        before = 3
        for width, times in VGG16_STAGES:
            for _ in range(times):
                steps += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            steps.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*steps)
        self.scores = nn.Sequential(
            nn.Flatten(),
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, classes),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, 224, 224) images to (N, classes) logits."""
        return self.scores(self.features(images))


class Block(nn.Module):
    """f(x) + x, then ReLU; where f changes the size, x goes through a 1 × 1 convolution."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut = nn.Sequential()
        if before != width or stride != 1:
            self.shortcut.append(nn.Conv2d(before, width, 1, stride=stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, before, H, W) to (N, width, H / stride, W / stride)."""
        return torch.relu(self.residual(x) + self.shortcut(x))


class ResNet18(nn.Module):
    """A convolution, eight residual blocks in four stages, an average, one linear layer."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        blocks: list[Block] = []
        before = 64
        for width, stride in RESNET_STAGES:
            blocks += [Block(before, width, stride), Block(width, width, 1)]
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.scores = nn.Linear(512, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) images to (N, classes) logits."""
        maps = self.blocks(self.stem(images))
        return self.scores(maps.mean(dim=(2, 3)))
