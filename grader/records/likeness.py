"""What two submissions have in common: a hint for a person, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is kept of a submission to find its like: small, and the same for the same work."""

    kind: Kind
    size: int
    """Number of tokens of the code, or of numbers in the weights."""
    values: frozenset[int]
    """Some of the work's traits as numbers below 2 ** 64, chosen so that equal parts of two works
    give equal values.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Two students whose work is nearly the same."""

    kind: Kind
    students: tuple[str, str]
    share: float
    """Of the smaller one's own traits, how many the other has too: 0 to 1."""
    size: int
    """About how many tokens, or numbers, are the smaller one's own."""
