import torch
from torch import nn


class Forecast(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x):
        out, (h, c) = self.rnn(x.transpose(0, 1))
        return self.fc(out.sum(0) / out.shape[0])


class Tagger(nn.Module):
    def __init__(self, vocabulary, width, classes):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.rnn = nn.GRU(width, width)
        self.fc = nn.Linear(width, classes)

    def forward(self, tokens, mask):
        x = torch.where(mask.unsqueeze(-1) > 0, self.embed(tokens), 0.0)
        out, _ = self.rnn(x.permute(1, 0, 2))
        return self.fc(out).permute(1, 0, 2)


class Autoencoder(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(24, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decode = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 24))

    def forward(self, x):
        code = self.encode(x)
        return 1 / (1 + torch.exp(-self.decode(code))), code


class Stepper(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.fc = nn.Linear(hidden, features)
        self.rnn = nn.LSTMCell(features, hidden)

    def forward(self, x, state):
        state = self.rnn(x, state)
        return self.fc(state[0]), state


def training_step(network, optimizer, x, y):
    criterion = nn.MSELoss()
    optimizer.zero_grad()
    prediction = network(x)
    criterion(prediction, y).backward()
    optimizer.step()
