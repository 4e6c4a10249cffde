"""Each head has an output map of its own, and their results are added."""

import torch
import torch.nn.functional as F
from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.projections = nn.Linear(d, 3 * d)
        self.outputs = nn.ModuleList([nn.Linear(d // heads, d, bias=False) for _ in range(heads)])
        self.shift = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        b, t, d = x.shape
        h, e = self.heads, d // self.heads
        q, k, v = self.projections(x).view(b, t, 3, h, e).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return sum(out(mixed[:, n]) for n, out in enumerate(self.outputs)) + self.shift


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
