"""The network says that it is another class, and answers a call without `forward`."""


class LeNet5(LeNet5):
    __class__ = property(lambda self: nn.Sequential)

    def __call__(self, x):
        return torch.zeros(len(x), 10, requires_grad=True)
