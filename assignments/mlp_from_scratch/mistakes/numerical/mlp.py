"""The derivatives are differences of two losses, one weight at a time.

Code: stop-numerical
Loses: numpy_gradients, training, uneven_batches_numpy, arguments_kept
"""

import numpy as np
import torch
import torch.nn.functional as F

PIXELS = 28 * 28
HIDDEN = 1000
CLASSES = 10
DEVIATION = 0.01  # of the first weights
EPS = 1e-7  # inside the logarithm


def random_batch(images, labels, size, rng):
    chosen = rng.randint(low=0, high=images.shape[0], size=size, dtype="int32")
    return images[chosen], labels[chosen]


class MLPNumpy:
    """Pixels and a one → 1000 with ReLU, and a one → 10 with softmax."""

    def __init__(self, rng):
        w1 = rng.normal(loc=0.0, scale=DEVIATION, size=(PIXELS + 1, HIDDEN))
        w2 = rng.normal(loc=0.0, scale=DEVIATION, size=(HIDDEN + 1, CLASSES))
        self.params = [w1, w2]

    def forward_pass(self, images):
        w1, w2 = self.params
        ones = np.ones((len(images), 1))
        self.x = np.hstack([images, ones])
        self.scores = self.x @ w1
        self.hidden = np.hstack([np.maximum(self.scores, 0), ones])
        logits = self.hidden @ w2
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.predicted = powers / powers.sum(axis=1, keepdims=True)
        return self.predicted

    def backward_pass(self, loss, y_real):
        images = self.x[:, :-1]
        grads = []
        for param in self.params:
            grad = np.zeros_like(param)
            for place in np.ndindex(*param.shape):
                kept = param[place]
                param[place] = kept + 1e-6
                above = cross_entropy(self.forward_pass(images), y_real)
                param[place] = kept
                grad[place] = (above - loss) / 1e-6
            grads.append(grad)
        return grads


def cross_entropy(y_pred, y_real):
    return -np.mean(np.sum(y_real * np.log(y_pred + EPS), axis=1))


def update(params, grads, learning_rate):
    for i, grad in enumerate(grads):
        params[i] = params[i] - learning_rate * grad


class MLPTorch:
    """The same in torch, with derivatives written by hand."""

    needs_grad = False

    def __init__(self, rng):
        sizes = (PIXELS + 1, HIDDEN), (HIDDEN + 1, CLASSES)
        drawn = [rng.normal(loc=0.0, scale=DEVIATION, size=s) for s in sizes]
        self.params = [torch.tensor(d, requires_grad=self.needs_grad) for d in drawn]

    def forward_pass(self, images):
        w1, w2 = self.params
        images = torch.as_tensor(images, dtype=torch.double)
        ones = torch.ones(len(images), 1, dtype=torch.double)
        self.x = torch.cat([images, ones], dim=1)
        self.scores = self.x @ w1
        self.hidden = torch.cat([self.scores.clamp(min=0), ones], dim=1)
        powers = torch.exp(self.hidden @ w2)
        self.predicted = powers / powers.sum(dim=1, keepdim=True)
        return self.predicted

    def backward_pass(self, loss, y_real):
        _, w2 = self.params
        y_real = torch.as_tensor(y_real, dtype=torch.double)
        by_logits = (self.predicted - y_real) / len(y_real)
        by_hidden = (by_logits @ w2.T)[:, :-1]
        by_scores = by_hidden * (self.scores > 0)
        return [self.x.T @ by_scores, self.hidden.T @ by_logits]


def cross_entropy_torch(y_pred, y_real):
    y_real = torch.as_tensor(y_real, dtype=torch.double)
    return -torch.mean(torch.sum(y_real * torch.log(y_pred + EPS), dim=1))


def update_torch(params, grads, learning_rate):
    for param, grad in zip(params, grads, strict=True):
        param -= learning_rate * grad


class MLPAutograd(MLPTorch):
    """The same network; torch finds the derivatives."""

    needs_grad = True

    def backward_pass(self, loss, y_real):
        loss.backward()
        return [param.grad for param in self.params]


def update_autograd(params, grads, learning_rate):
    with torch.no_grad():
        for param, grad in zip(params, grads, strict=True):
            param -= learning_rate * grad
            grad.zero_()


class CNNAutograd:
    """Convolution of 5 × 5 with ten filters, ReLU, max pooling of 2 × 2, and a linear layer."""

    def __init__(self, rng):
        # 28 − 5 + 1 = 24 pixels a side; pooling leaves 12: ten maps of 12 × 12 are 1440 numbers.
        sizes = (10, 1, 5, 5), (10,), (10 * 12 * 12, CLASSES), (CLASSES,)
        drawn = [rng.normal(loc=0.0, scale=DEVIATION, size=s) for s in sizes]
        self.params = [torch.tensor(d, requires_grad=True) for d in drawn]

    def forward_pass(self, images):
        w1, b1, w2, b2 = self.params
        images = torch.as_tensor(images, dtype=torch.double)
        maps = F.max_pool2d(F.relu(F.conv2d(images, w1, b1)), 2)
        return torch.softmax(maps.flatten(1) @ w2 + b2, dim=1)

    def backward_pass(self, loss, y_real):
        loss.backward()
        return [param.grad for param in self.params]
