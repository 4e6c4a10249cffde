import torch
import torch.nn as nn


class LeNet5(nn.Module):
    def __init__(self):
        super(LeNet5, self).__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 6, 5),
            nn.ReLU(True),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.ReLU(True),
            nn.Linear(120, 84),
            nn.ReLU(True),
            nn.Linear(84, 10),
            nn.Softmax(dim=-1),  # probabilities!
        )

    def forward(self, x):
        return self.model(x)


def treinar(rede, dados, epocas=3):
    custo = nn.CrossEntropyLoss()
    otimizador = torch.optim.SGD(rede.parameters(), lr=0.03, momentum=0.9)
    for _ in range(epocas):
        for imagens, rotulos in dados:
            otimizador.zero_grad()
            custo(rede(imagens), rotulos).backward()
            otimizador.step()
