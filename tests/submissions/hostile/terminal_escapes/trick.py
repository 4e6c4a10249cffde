"""Everything that is shown holds escapes for terminals: titles, clipboards, colours, erased lines."""
print("\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b[1A\x1b[31mred\x9b31m\u202egpj\u202c")
print("0 of 100\r100 of 100")


class LeNet5(LeNet5):
    __doc__ = "\x1b[8mhidden\x1b[0m"

    def forward(self, x):
        raise ValueError("\x1b[2J\x1b]0;owned\x07\r\x1b[1A100 of 100 \u202egpj")
