import torch
import torch.nn.functional as F
from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.w = nn.ParameterList([nn.Parameter(torch.randn(heads, d, d // heads)) for _ in range(3)])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros(heads, 1, d // heads)) for _ in range(3)])
        self.out = nn.Parameter(torch.randn(heads, d // heads, d))
        self.bias = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        b, t, d = x.shape
        h, e = self.heads, d // self.heads
        q, k, v = (torch.einsum("btd,hde->bhte", x, w) + b for w, b in zip(self.w, self.b))
        later = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
        scores = torch.einsum("bhqe,bhke->bhqk", q, k) / e**0.5
        weights = scores.masked_fill(later, float("-inf")).softmax(-1)
        mixed = torch.einsum("bhqk,bhke->bhqe", weights, v)
        return torch.einsum("bhqe,hed->bqd", mixed, self.out) + self.bias


class Reader(nn.Module):
    def __init__(self, vocabulary, d, heads, classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = CausalAttention(d, heads)
        self.wide, self.narrow = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.last = nn.Linear(d, classes)

    def forward(self, words):
        x = self.embedding(words)
        x = x + self.attention(self.norm1(x))
        x = x + self.narrow(F.gelu(self.wide(self.norm2(x))))
        return self.last(x[:, -1])
