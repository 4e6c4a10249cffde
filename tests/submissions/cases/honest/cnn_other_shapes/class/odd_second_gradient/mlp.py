import numpy as np


class MLPNumpy:
    def __init__(self, rng):
        self.params = [rng.normal(0, 0.01, (785, 1000)), rng.normal(0, 0.01, (1001, 10))]

    def forward_pass(self, images):
        one = np.ones((len(images), 1))
        self.x = np.hstack([images, one])
        self.z = self.x @ self.params[0]
        self.h = np.hstack([np.maximum(self.z, 0), one])
        e = np.exp(self.h @ self.params[1])
        self.p = e / e.sum(1, keepdims=True)
        return self.p

    def backward_pass(self, loss, y_real):
        by_logits = (self.p - y_real) / len(y_real)
        return [self.x.T @ ((by_logits @ self.params[1].T)[:, :-1] * (self.z > 0)), by_logits]


def cross_entropy(y_pred, y_real):
    return -np.mean((y_real * np.log(y_pred + 1e-7)).sum(1))
