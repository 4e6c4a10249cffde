from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        # TODO

    def forward(self, x):
        raise NotImplementedError


class Reader(nn.Module):
    def __init__(self, vocabulary, d, heads, classes):
        super().__init__()
        # TODO

    def forward(self, words):
        raise NotImplementedError
