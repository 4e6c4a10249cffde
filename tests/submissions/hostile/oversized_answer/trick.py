"""The answer is larger than any answer may be."""
LeNet5.forward = lambda self, x: torch.zeros(3, 3_000_000, dtype=x.dtype, requires_grad=True)
