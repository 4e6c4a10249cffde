import torch
import torch.nn as nn

relu = nn.functional.relu
pool = nn.MaxPool2d(2, stride=2)


class LeNet5(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.layer1 = nn.Conv2d(1, 6, 5, stride=1, padding=0)
        self.layer2 = nn.Conv2d(6, 16, 5, stride=1, padding=0)
        self.layer3 = nn.Linear(400, 120, bias=True)
        self.layer4 = nn.Linear(120, 84, bias=True)
        self.layer5 = nn.Linear(84, 10, bias=True)

    def forward(self, x):
        x = pool(relu(self.layer1(x)))
        x = pool(relu(self.layer2(x)))
        x = x.view(x.shape[0], -1)
        x = relu(self.layer3(x))
        x = relu(self.layer4(x))
        return self.layer5(x)


def main():
    model = LeNet5()
    # ... training loop is in train.ipynb ...
    torch.save(model.state_dict(), "lenet.pt")


if __name__ == "__main__":
    main()
