"""Scores and mixtures by broadcast products and sums."""

import torch
import torch.nn.functional as F
from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(d, d), nn.Linear(d, d)
        self.value, self.output = nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        h, e = self.heads, d // self.heads
        q, k, v = (f(x).view(b, t, h, e) for f in (self.query, self.key, self.value))
        scores = (q[:, :, None] * k[:, None]).sum(-1) / e**0.5
        later = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
        weights = scores.masked_fill(later[None, :, :, None], float("-inf")).softmax(2)
        return self.output((weights[..., None] * v[:, None]).sum(2).reshape(b, t, d))


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
