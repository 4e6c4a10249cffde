"""A small network on CIFAR-10. Fill in what raises an error; README.md says what each part does."""

import torch
from torch import nn
from torch.nn import functional


class SmallCNN(nn.Module):
    """(N, 3, side, side) pictures in, (N, 10) scores out."""

    def __init__(self, side=32):
        super().__init__()
        # TODO: two convolutions and three linear layers

    def forward(self, images):
        raise NotImplementedError("pass the pictures through the layers")


def training_step(network, optimizer, images, labels):
    """One step on one batch."""
    raise NotImplementedError("zero the gradients, compute the loss, differentiate, step")


def train(network, images, labels):
    """Several passes over these pictures; yields the loss of every step."""
    raise NotImplementedError("make an optimizer; draw batches; yield what training_step gives")


def accuracy_by_class(scores, labels):
    """Ten shares, from 0 to 1."""
    raise NotImplementedError("count the right answers of each class")


def pictures(train):
    """CIFAR-10 as the brief wants it: pictures (N, 3, 32, 32) and labels (N,)."""
    from torchvision import datasets

    found = datasets.CIFAR10("data", train=train, download=True)
    pixels = torch.tensor(found.data).permute(0, 3, 1, 2) / 255
    mean = torch.tensor((0.4914, 0.4822, 0.4465)).view(1, 3, 1, 1)
    deviation = torch.tensor((0.2470, 0.2435, 0.2616)).view(1, 3, 1, 1)
    return (pixels - mean) / deviation, torch.tensor(found.targets)


if __name__ == "__main__":
    network = SmallCNN()
    for loss in train(network, *pictures(train=True)):
        print(loss)
    torch.save(network.state_dict(), "cifar.pt")


# Questions. Write each answer below its question, in comments, after the label.

# Question 1. What is gained where automatic differentiation is switched off, as for the test
# pictures? Name two things, and say why for each.

# Q1:

# Question 2. `SmallCNN(32)` cannot take pictures of 64 × 64, though its convolutions could.
# Which layer is in the way, how many numbers arrive there instead of 400, and what has to
# change?

# Q2:
