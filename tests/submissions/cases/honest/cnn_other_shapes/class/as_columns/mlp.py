import torch
import torch.nn.functional as F


class CNNAutograd:
    """Its last matrix lies the other way round."""

    def __init__(self, rng):
        shapes = (10, 1, 5, 5), (10,), (10, 1440), (10,)
        self.params = [torch.tensor(rng.normal(0, 0.01, s), requires_grad=True) for s in shapes]

    def forward_pass(self, images):
        a, b, c, d = self.params
        x = F.max_pool2d(F.conv2d(torch.as_tensor(images), a, b).relu(), 2)
        return F.linear(x.flatten(1), c, d).softmax(1)

    def backward_pass(self, loss, y_real):
        loss.backward()
        return [p.grad for p in self.params]
