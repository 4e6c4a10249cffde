"""Recurrent networks and an autoencoder."""

import torch
from torch import nn


class Forecast(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.last = nn.Linear(hidden, 2)

    def forward(self, x):
        steps, _ = self.lstm(x)
        return self.last(steps.mean(1))


class Tagger(nn.Module):
    def __init__(self, vocabulary, width, classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.scores = nn.Linear(width, classes)

    def forward(self, tokens, mask):
        words = self.embedding(tokens) * mask.unsqueeze(-1)
        return self.scores(self.gru(words)[0])


class Autoencoder(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(24, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 24), nn.Sigmoid()
        )

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


class Stepper(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.cell = nn.LSTMCell(features, hidden)
        self.last = nn.Linear(hidden, features)

    def forward(self, x, state):
        h, c = self.cell(x, state)
        return self.last(h), (h, c)


def training_step(network, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.mse_loss(network(x), y).backward()
    optimizer.step()
