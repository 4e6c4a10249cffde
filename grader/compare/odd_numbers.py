"""Numbers that are no answer: NaN, infinities, complex ones, whole ones without end. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.records.measurements import Returned

_KINDS = ("complex", "nan", "inf", "huge")
"""In the order in which they are said; each has its message."""


def name_odd(seen: Returned, expected: Returned) -> str:
    """The code of what is odd about the numbers of a value, where those of the expected one are
    not; empty for nothing.
    """
    own, ours = set(_list_kinds(seen)), set(_list_kinds(expected))
    return next((f"value-{kind}" for kind in _KINDS if kind in own - ours), "")


def is_huge(value: object) -> bool:
    """True for a whole number that no floating-point number comes near."""
    return isinstance(value, int) and not -(10**308) < value < 10**308


def _list_kinds(value: Returned) -> Iterator[str]:
    """The kinds of odd numbers that it holds."""
    if isinstance(value.item, tuple):
        for part in value.item:
            yield from _list_kinds(part[1] if value.kind == "dict" else part)
        return
    if is_huge(value.item):
        yield "huge"
    elif isinstance(value.item, (np.ndarray, float)):
        numbers = np.asarray(value.item)
        if numbers.dtype.kind == "c":
            yield "complex"
        if np.isnan(numbers).any():
            yield "nan"
        if np.isinf(numbers).any():
            yield "inf"
