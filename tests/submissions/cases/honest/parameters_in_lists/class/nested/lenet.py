from torch import nn


class Block(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = [list(layers)]

    def forward(self, x):
        for layer in self.layers[0]:
            x = layer(x)
        return x


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.classifier(self.features(x))
