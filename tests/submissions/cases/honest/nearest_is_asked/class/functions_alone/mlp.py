import numpy as np


def cross_entropy(y_pred, y_real):
    return -np.mean((y_real * np.log(y_pred + 1e-7)).sum(1))


def cross_entropy_torch(y_pred, y_real):
    raise NotImplementedError("to do")


def update(params, grads, learning_rate):
    for i, g in enumerate(grads):
        params[i] = params[i] - learning_rate * g


def update_torch(params, grads, learning_rate):
    for i, g in enumerate(grads):
        params[i] = params[i] + learning_rate * g
