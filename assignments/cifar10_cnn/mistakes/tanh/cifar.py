"""Tanh squashes every layer; the brief asks for ReLU.

Code: layers-activation
Loses: forward_values, gradient_values, training_steps, other_batches, larger_pictures, loss_curve
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SmallCNN(nn.Module):
    def __init__(self, side=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.left = ((side - 4) // 2 - 4) // 2
        self.fc1 = nn.Linear(16 * self.left**2, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(torch.tanh(self.conv1(x)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def training_step(network, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def train(network, images, labels):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for epoch in range(15):
        for batch in torch.randperm(len(images)).split(20):
            losses.append(training_step(network, optimizer, images[batch], labels[batch]))
    return losses


def accuracy_by_class(scores, labels):
    guesses = scores.argmax(1)
    shares = []
    for k in range(10):
        own = labels == k
        shares.append((guesses[own] == k).float().mean().item() if own.any() else 0.0)
    return shares
