"""Points as every output shows them: the same number in the console, in a summary, in a file and in
the gradebook.
"""

from __future__ import annotations


def to_number(value: float) -> int | float:
    """Without the noise of binary fractions: 33.3 for 33.300000000000004, 100 for 100.0.

    ValueError or OverflowError for NaN and infinity, which are no points.
    """
    short = round(value, 6)
    return int(short) if short == int(short) else short


def show(value: float) -> str:
    """The same as text."""
    return str(to_number(value))
