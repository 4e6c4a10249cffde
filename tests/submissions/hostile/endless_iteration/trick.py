"""The answer never ends when it is listed."""


class Forever:
    def __iter__(self):
        while True:
            yield 1


LeNet5.forward = lambda self, x: Forever()
