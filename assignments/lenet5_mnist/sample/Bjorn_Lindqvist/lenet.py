# Assignment 2, Björn Lindqvist
# usage: python lenet.py  -> trains for 3 epochs and saves lenet.pt

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim


class LeNet5(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(in_channels=1, out_channels=6, kernel_size=(5, 5))
        self.c3 = nn.Conv2d(in_channels=6, out_channels=16, kernel_size=(5, 5))
        self.f5 = nn.Linear(in_features=400, out_features=120)
        self.f6 = nn.Linear(in_features=120, out_features=84)
        self.out = nn.Linear(in_features=84, out_features=num_classes)

    def forward(self, x: Tensor) -> Tensor:
        s2 = F.max_pool2d(F.relu(self.c1(x)), kernel_size=2, stride=2)
        s4 = F.max_pool2d(F.relu(self.c3(s2)), kernel_size=2, stride=2)
        flat = s4.view(s4.size(0), -1)
        return self.out(F.relu(self.f6(F.relu(self.f5(flat)))))


def get_loader(train: bool):
    from torchvision import transforms as T
    from torchvision.datasets import MNIST

    tf = T.Compose([T.ToTensor(), T.Resize(32), T.Normalize((0.1307,), (0.3081,))])
    ds = MNIST("./mnist", train=train, download=True, transform=tf)
    return torch.utils.data.DataLoader(ds, batch_size=64, shuffle=train, num_workers=2)


def fit(epochs: int = 3) -> None:
    model = LeNet5()
    opt = optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    for epoch in range(epochs):
        for imgs, targets in get_loader(True):
            opt.zero_grad()
            loss = F.cross_entropy(model(imgs), targets)
            loss.backward()
            opt.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")
    torch.save(model.state_dict(), "lenet.pt")


if __name__ == "__main__":
    fit()
