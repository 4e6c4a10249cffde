import torch
from lenet import LeNet5


def train(network):
    assert isinstance(network, LeNet5)
    return torch.optim.SGD(network.parameters(), lr=0.01)
