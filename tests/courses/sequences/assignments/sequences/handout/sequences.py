import torch
from torch import nn


class Forecast(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        # TODO

    def forward(self, x):
        raise NotImplementedError


class Tagger(nn.Module):
    def __init__(self, vocabulary, width, classes):
        super().__init__()
        # TODO

    def forward(self, tokens, mask):
        raise NotImplementedError


class Autoencoder(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        # TODO

    def forward(self, x):
        raise NotImplementedError


class Stepper(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        # TODO

    def forward(self, x, state):
        raise NotImplementedError


def training_step(network, optimizer, x, y):
    raise NotImplementedError
