"""AlexNet, VGG16 and ResNet-18 as the brief asks for them: (N, 3, 224, 224) images, logits.

The networks are torchvision's, without trained weights. They follow A. Krizhevsky: One weird trick
for parallelizing convolutional neural networks (arXiv 1404.5997, 2014); K. Simonyan, A. Zisserman:
Very deep convolutional networks for large-scale image recognition (2015), configuration D; K. He,
X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition (2016), with 18 layers.
"""

from torch import nn
from torchvision import models
from torchvision.models.resnet import BasicBlock

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions


class AlexNet(models.AlexNet):
    """Five convolutions, then three linear layers with dropout."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(num_classes=classes)


class VGG16(models.VGG):
    """Thirteen convolutions of 3 × 3 in five stages, then three linear layers with dropout."""

    def __init__(self, classes: int = 1000) -> None:
        layers: list[nn.Module] = []
        before = 3
        for width, times in STAGES:
            for _ in range(times):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            layers.append(nn.MaxPool2d(2))
        super().__init__(nn.Sequential(*layers), num_classes=classes)


class ResNet18(models.ResNet):
    """A convolution, eight residual blocks in four stages, an average, one linear layer."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(BasicBlock, [2, 2, 2, 2], num_classes=classes)
