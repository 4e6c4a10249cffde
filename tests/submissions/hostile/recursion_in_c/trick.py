"""Recursion in C, where no limit of Python's counts: the stack ends."""
import sys

sys.setrecursionlimit(10**9)
nested = []
for _ in range(10**5):
    nested = [nested]
repr(nested)
