import torch
from model import Net

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
