"""Names in another language, blocks of one's own."""

from torch import nn


class Stufe(nn.Module):
    def __init__(self, ein, aus):
        super().__init__()
        self.faltung = nn.Conv2d(ein, aus, 5)
        self.kleiner = nn.MaxPool2d(2)

    def forward(self, bild):
        return self.kleiner(nn.functional.relu(self.faltung(bild)))


class Kopf(nn.Module):
    def __init__(self, *breiten):
        super().__init__()
        paare = zip(breiten[:-1], breiten[1:])
        self.schichten = nn.ModuleList([nn.Linear(a, b) for a, b in paare])

    def forward(self, x):
        for schicht in self.schichten[:-1]:
            x = nn.functional.relu(schicht(x))
        return self.schichten[-1](x)


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.unten, self.oben, self.kopf = Stufe(1, 6), Stufe(6, 16), Kopf(400, 120, 84, 10)

    def forward(self, bild):
        return self.kopf(self.oben(self.unten(bild)).flatten(1))
