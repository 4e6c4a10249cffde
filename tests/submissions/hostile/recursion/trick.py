"""A function that calls itself."""


def deeper(n):
    return deeper(n + 1)


deeper(0)
