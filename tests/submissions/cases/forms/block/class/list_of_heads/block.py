import torch
import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def __init__(self, d, e):
        super().__init__()
        self.k, self.q, self.v = nn.Linear(d, e), nn.Linear(d, e), nn.Linear(d, e)

    def forward(self, x):
        t = x.shape[1]
        scores = self.q(x) @ self.k(x).mT * self.q.out_features**-0.5
        seen = torch.tril(torch.ones(t, t))
        return scores.masked_fill(seen == 0, float("-inf")).softmax(-1) @ self.v(x)


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.all = nn.ModuleList([Head(d, d // heads) for _ in range(heads)])
        self.output = nn.Linear(d, d)

    def forward(self, x):
        b, t, d = x.shape
        h, e = self.heads, d // self.heads
        return self.output(torch.cat([head(x) for head in self.all], -1))


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
