"""A few lines of what a student handed in, kept so that a page can show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from grader.records.json_values import Fields, escape_surrogates
from grader.records.place import Place

AROUND = 3
"""Lines kept before the one that is meant, and after it."""
WIDTH = 160
"""Characters of a line."""
MOST = 12
"""Excerpts of one submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Lines around a place in a student's file."""

    file: str
    cell: int | None
    """1-based number among all cells of a notebook; None in a module."""
    first: int
    """Number of the first line, from 1, in the file or in the cell."""
    lines: tuple[str, ...]
    """At most 2 · AROUND + 1, each of at most WIDTH characters, without their ends."""

    def shows(self, place: Place) -> bool:
        """Whether the line of a place is among these."""
        if place.line is None or (place.file, place.cell) != (self.file, self.cell):
            return False
        return self.first <= place.line < self.first + len(self.lines)

    @classmethod
    def take(cls, place: Place, lines: Sequence[str]) -> Self | None:
        """What stands around a place, of all the lines of its file or cell; None where it has no
        such line.
        """
        if place.line is None or not 1 <= place.line <= len(lines):
            return None
        first = max(1, place.line - AROUND)
        kept = lines[first - 1 : place.line + AROUND]
        return cls(
            file=place.file,
            cell=place.cell,
            first=first,
            lines=tuple(escape_surrogates(_cut(line)) for line in kept),
        )

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The excerpt that `to_json` wrote."""
        return cls(**{**value, "lines": tuple(value["lines"])})


def _cut(line: str) -> str:
    line = line.rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
