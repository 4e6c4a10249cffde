import torch
import torch.nn as nn
import torch.nn.functional as F


class Forecast(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.cell = nn.LSTMCell(features, hidden)
        self.head = nn.Linear(hidden, 2)

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden, dtype=x.dtype)
        c = torch.zeros(x.size(0), self.hidden, dtype=x.dtype)
        outs = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t, :], (h, c))
            outs.append(h)
        return self.head(torch.stack(outs, dim=1).mean(dim=1))


class Tagger(nn.Module):
    def __init__(self, vocabulary, width, classes):
        super().__init__()
        self.emb = nn.Embedding(vocabulary, width)
        self.cell = nn.GRUCell(width, width)
        self.head = nn.Linear(width, classes)

    def forward(self, tokens, mask):
        e = self.emb(tokens) * mask[..., None].to(self.emb.weight.dtype)
        h = torch.zeros_like(e[:, 0])
        out = []
        for step in e.unbind(1):
            h = self.cell(step, h)
            out.append(self.head(h))
        return F.log_softmax(torch.stack(out, 1), dim=-1)


class Autoencoder(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        self.e1 = nn.Linear(24, hidden)
        self.e2 = nn.Linear(hidden, code)
        self.d1 = nn.Linear(code, hidden)
        self.d2 = nn.Linear(hidden, 24)

    def forward(self, x):
        z = self.e2(F.relu(self.e1(x)))
        return [torch.sigmoid(self.d2(F.relu(self.d1(z)))), z]


class Stepper(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden)
        self.out = nn.Linear(hidden, features)

    def forward(self, x, state):
        h, c = state
        y, (h, c) = self.lstm(x.unsqueeze(0), (h.unsqueeze(0), c.unsqueeze(0)))
        return self.out(y.squeeze(0)), (h.squeeze(0), c.squeeze(0))


def training_step(network, optimizer, x, y):
    optimizer.zero_grad()
    loss = ((network(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss.item()
