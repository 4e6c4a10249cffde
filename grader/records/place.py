"""Where in a submission something stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from grader.records.json_values import Fields

_CELL = re.compile(r"\A(?P<file>.*), cell (?P<cell>\d{1,6})\Z", re.DOTALL)
_WORDS = re.compile(r"\A(?P<kind>line|cell) (?P<number>\d{1,9})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A statement or a definition of the student's: file, cell, line."""

    file: str = ""
    """Relative; empty where it is not known."""
    line: int | None = None
    """1-based line of the file, or of the cell where there is one."""
    cell: int | None = None
    """1-based number among all cells of the notebook; None in a module."""

    def describe(self) -> str:
        """`lenet.py, line 12` or `lenet.ipynb, cell 7, line 3`, without what is not known."""
        parts = [self.file] if self.file else []
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)

    @classmethod
    def of(cls, file: str | None, line: int | None = None) -> Self | None:
        """The place of a line of `lenet.py`, or of `lenet.ipynb, cell 7`, as measurements name
        files; None where no file is named.
        """
        if not file:
            return None
        hit = _CELL.fullmatch(file)
        if hit is None:
            return cls(file=file, line=line or None)
        return cls(file=hit["file"], cell=int(hit["cell"]), line=line or None)

    @classmethod
    def from_words(cls, words: str) -> Self | None:
        """The place in a record that is older than this class: `line 12` or `cell 7`."""
        hit = _WORDS.fullmatch(words)
        if hit is None:
            return None
        number = int(hit["number"])
        return cls(line=number) if hit["kind"] == "line" else cls(cell=number)

    @classmethod
    def from_json(cls, value: Fields | None) -> Self | None:
        """The place that `to_json` wrote, if there was one."""
        return cls(**value) if value else None
