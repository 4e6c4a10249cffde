import torch


class MLPTorch:
    def __init__(self, rng):
        self.params = [torch.tensor(rng.normal(0, 0.01, s)) for s in ((785, 1000), (1001, 10))]

    def forward_pass(self, images):
        one = torch.ones(len(images), 1, dtype=torch.float64)
        self.x = torch.hstack([torch.as_tensor(images), one])
        self.z = self.x @ self.params[0]
        self.h = torch.hstack([self.z.clamp(min=0), one])
        self.p = (self.h @ self.params[1]).softmax(1)
        return self.p

    def backward_pass(self, loss, y_real):
        d = (self.p - torch.as_tensor(y_real)) / len(y_real)
        return [self.x.T @ ((d @ self.params[1].T)[:, :-1] * (self.z > 0)), self.h.T @ d]


def cross_entropy_torch(y_pred, y_real):
    return -(torch.as_tensor(y_real) * torch.log(y_pred + 1e-7)).sum(1).mean()


def update_torch(params, grads, learning_rate):
    for i, g in enumerate(grads):
        params[i] = params[i] - learning_rate * g
