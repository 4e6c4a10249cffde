import torch
import torch.nn.functional as F
from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.all = nn.Conv1d(d, 3 * d, 1)
        self.output = nn.Conv1d(d, d, 1)

    def forward(self, x):
        b, t, d = x.shape
        h, e = self.heads, d // self.heads
        q, k, v = self.all(x.mT).view(b, 3, h, e, t).unbind(1)
        later = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
        weights = (q.mT @ k / e**0.5 - later * 1e30).softmax(-1)
        return self.output((v @ weights.mT).reshape(b, d, t)).mT


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
