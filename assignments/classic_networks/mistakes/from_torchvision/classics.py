"""Networks that torchvision wrote: by another name, from a function, within a class.

Code: stop-ready-made
Loses: alexnet_layers, alexnet_count, alexnet_values, vgg16_layers, vgg16_count, vgg16_values, \
resnet18_layers, resnet18_count, resnet18_values, dropout, other_classes, two_steps
"""

from torch import nn
from torchvision import models
from torchvision.models import alexnet as AlexNet  # noqa: N812


def VGG16(classes=1000):  # noqa: N802
    return models.vgg16(num_classes=classes)


class ResNet18(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.net = models.resnet18(num_classes=classes)

    def forward(self, x):
        return self.net(x)
