"""Trained on the first 200 training pictures, again and again: it knows those, and little else.

Code: accuracy-guessing
Loses: test_accuracy
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(12, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x):
        x = F.relu(self.conv1((x - 0.5) / 0.25))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(torch.flatten(x, 1))


def train(net, images, labels):
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(150):
        for batch in torch.randperm(200).split(20):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()


if __name__ == "__main__":
    import torchvision

    torch.manual_seed(0)
    few = torchvision.datasets.CIFAR10("data", train=True, download=True)
    net = Net()
    train(net, torch.tensor(few.data[:200]).permute(0, 3, 1, 2) / 255, torch.tensor(few.targets[:200]))
    torch.save({k: v.half() for k, v in net.state_dict().items()}, "cifar.pt")
