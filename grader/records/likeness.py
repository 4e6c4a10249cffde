"""What two submissions have in common: a hint for a person, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Two students whose work is nearly the same."""

    kind: Literal["code", "weights"]
    students: tuple[str, str]
    share: float
    """Of the smaller one's own tokens, or numbers, how many the other has too: 0 to 1."""
    size: int
    """How many tokens, or numbers, these are."""
