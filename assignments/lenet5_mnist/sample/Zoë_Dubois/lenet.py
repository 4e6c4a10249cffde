# -*- coding: utf-8 -*-
"""LeNet-5 — TP 2, Zoë Dubois"""
import torch
import torch.nn as nn

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class ConvStage(nn.Module):
    def __init__(self, entree, sortie):
        super().__init__()
        self.conv = nn.Conv2d(entree, sortie, 5)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d((2, 2), (2, 2))

    def forward(self, x):
        return self.pool(self.act(self.conv(x)))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.etage1 = ConvStage(1, 6)
        self.etage2 = ConvStage(6, 16)
        tailles = [16 * 5 * 5, 120, 84, 10]
        self.couches = nn.ModuleList(nn.Linear(a, b) for a, b in zip(tailles, tailles[1:]))

    def forward(self, x):
        x = self.etage2(self.etage1(x)).flatten(1)
        *cachees, derniere = self.couches
        for couche in cachees:
            x = couche(x).relu_()
        return derniere(x)


def entrainer(modele, chargeur, epoques=3):
    critere = nn.CrossEntropyLoss()
    optim = torch.optim.Adam(modele.parameters(), lr=1e-3)
    modele.to(device).train()
    for _ in range(epoques):
        for images, etiquettes in chargeur:
            perte = critere(modele(images.to(device)), etiquettes.to(device))
            optim.zero_grad()
            perte.backward()
            optim.step()
    torch.save(modele.cpu().state_dict(), "lenet.pt")
