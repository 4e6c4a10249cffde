"""An image classifier of your own for CIFAR-10. Fill in what raises an error; README.md says more."""

import torch
from torch import nn


class Net(nn.Module):
    """(N, 3, 32, 32) pictures in, every number from 0 to 1; (N, 10) scores out."""

    def __init__(self):
        super().__init__()
        # TODO: layers of your choice, 500,000 numbers at most

    def forward(self, images):
        raise NotImplementedError("normalise the pictures, then pass them through the layers")


def pictures(train):
    """CIFAR-10 as the grader shows it: pictures (N, 3, 32, 32) from 0 to 1, and labels (N,)."""
    from torchvision import datasets

    split = datasets.CIFAR10("data", train=train, download=True)
    return torch.tensor(split.data).permute(0, 3, 1, 2) / 255, torch.tensor(split.targets)


def train(network, images, labels):
    """Train the network on these pictures."""
    raise NotImplementedError("choose an optimizer, draw batches, flip and shift, take steps")


if __name__ == "__main__":
    network = Net()
    train(network, *pictures(train=True))
    torch.save(network.state_dict(), "cifar.pt")
    images, labels = pictures(train=False)
    network.eval()
    with torch.no_grad():
        right = [network(some).argmax(1) == own for some, own in zip(images.split(500), labels.split(500))]
    print(f"{torch.cat(right).float().mean():.2%} of the test pictures are read rightly")


# Questions. Write each answer below its question, in comments, after the label.

# Question 1. Can a network find groups in pictures without labels, or describe each picture by
# fewer numbers? Say how, and why that can work.

# Q1:

# Question 2. What are neural networks good at: for which tasks and which data do they do well?

# Q2:

# Question 3. What are they bad at: when do they do poorly, or when is another method the better
# choice?

# Q3:

# Question 4. You know a lot about your data already. Why can a neural network still be a good
# choice for classification or regression, and how does what you know get into it?

# Q4:
