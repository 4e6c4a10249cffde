"""A network from scratch. Fill in what is marked; the brief says what each part has to do."""

import numpy as np
import torch
import torch.nn.functional as F

EPS = 1e-7  # inside the logarithm


def random_batch(images, labels, size, rng):
    """`size` images and their labels, drawn with `rng.randint(..., dtype="int32")`."""
    raise NotImplementedError("draw the indices")


class MLPNumpy:
    """785 → 1000 with ReLU → 10 with softmax, in NumPy, float64."""

    def __init__(self, rng):
        self.params = []  # w1, then w2

    def forward_pass(self, images):
        """Probabilities (N, 10) of images (N, 784)."""
        raise NotImplementedError("write the forward pass")

    def backward_pass(self, loss, y_real):
        """The gradients of w1 and w2, in this order; `y_real` is one-hot, (N, 10)."""
        raise NotImplementedError("write the derivatives")


def cross_entropy(y_pred, y_real):
    """The mean over the batch."""
    raise NotImplementedError("write the loss")


def update(params, grads, learning_rate):
    """One step of gradient descent; changes the list `params`."""
    raise NotImplementedError("write the step")


class MLPTorch:
    """The same in torch, with derivatives written by hand."""

    def __init__(self, rng):
        self.params = []

    def forward_pass(self, images):
        raise NotImplementedError("write the forward pass")

    def backward_pass(self, loss, y_real):
        raise NotImplementedError("write the derivatives")


def cross_entropy_torch(y_pred, y_real):
    raise NotImplementedError("write the loss")


def update_torch(params, grads, learning_rate):
    raise NotImplementedError("write the step")


class MLPAutograd(MLPTorch):
    """The same network; torch finds the derivatives."""

    def backward_pass(self, loss, y_real):
        raise NotImplementedError("ask torch")


def update_autograd(params, grads, learning_rate):
    """One step, after which the gradients are zero."""
    raise NotImplementedError("write the step")


class CNNAutograd:
    """Ten filters of 5 × 5 → ReLU → max pooling of 2 × 2 → 1440 numbers → 10 with softmax."""

    def __init__(self, rng):
        self.params = []  # w1, b1, w2, b2

    def forward_pass(self, images):
        """Probabilities (N, 10) of images (N, 1, 28, 28)."""
        raise NotImplementedError("write the forward pass")

    def backward_pass(self, loss, y_real):
        raise NotImplementedError("ask torch")
