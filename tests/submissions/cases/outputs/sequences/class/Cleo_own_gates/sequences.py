import torch
from torch import nn


class Lstm(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.from_x = nn.Linear(features, 4 * hidden)
        self.from_h = nn.Linear(hidden, 4 * hidden)

    def forward(self, x, state):
        h, c = state
        gates = self.from_x(x) + self.from_h(h)
        n = self.hidden
        i, f = torch.sigmoid(gates[:, :n]), torch.sigmoid(gates[:, n : 2 * n])
        g, o = torch.tanh(gates[:, 2 * n : 3 * n]), torch.sigmoid(gates[:, 3 * n :])
        c = f * c + i * g
        return o * torch.tanh(c), c


class Forecast(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.lstm = Lstm(features, hidden)
        self.last = nn.Linear(hidden, 2)

    def forward(self, x):
        h = c = x.new_zeros(len(x), self.hidden)
        total = 0
        for t in range(x.shape[1]):
            h, c = self.lstm(x[:, t], (h, c))
            total = total + h
        return self.last(total / x.shape[1])


class Gru(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Linear(width, 3 * width)
        self.u = nn.Linear(width, 3 * width)

    def forward(self, x, h):
        wr, wz, wn = self.w(x).chunk(3, -1)
        ur, uz, un = self.u(h).chunk(3, -1)
        r, z = torch.sigmoid(wr + ur), torch.sigmoid(wz + uz)
        n = torch.tanh(wn + r * un)
        return (1 - z) * n + z * h


class Tagger(nn.Module):
    def __init__(self, vocabulary, width, classes):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.gru = Gru(width)
        self.scores = nn.Linear(width, classes)

    def forward(self, tokens, mask):
        words = self.table(tokens) * mask.unsqueeze(2)
        h = torch.zeros(len(tokens), words.shape[-1], dtype=words.dtype)
        states = []
        for t in range(tokens.shape[1]):
            h = self.gru(words[:, t], h)
            states.append(h)
        return self.scores(torch.stack(states, 1))


class Autoencoder(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Linear(24, hidden), nn.Linear(hidden, code), nn.Linear(code, hidden), nn.Linear(hidden, 24)]
        )

    def forward(self, x):
        a, b, c, d = self.layers
        code = b(a(x).clamp(min=0))
        return d(c(code).clamp(min=0)).sigmoid(), code


class Stepper(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = Lstm(features, hidden)
        self.last = nn.Linear(hidden, features)

    def forward(self, x, state):
        h, c = self.lstm(x, state)
        return self.last(h), (h, c)


def training_step(network, optimizer, x, y):
    network.zero_grad()
    error = network(x) - y
    torch.mean(error.pow(2)).backward()
    optimizer.step()
