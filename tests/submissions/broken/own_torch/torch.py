"""Everything about torch that I need to remember."""

print("conv: nn.Conv2d(in, out, size)")
