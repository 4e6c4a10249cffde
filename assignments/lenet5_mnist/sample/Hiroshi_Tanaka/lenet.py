from torch import nn


class LeNet5(nn.Module):
    """32x32 -> conv -> pool -> conv -> pool -> fully connected"""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.fc = nn.Sequential(
            nn.Linear(16 * 7 * 7, 120),  # 400 gave an error, 784 works
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, 10),
        )

    def forward(self, x):
        out = self.layers(x)
        return self.fc(out.reshape(out.shape[0], -1))
