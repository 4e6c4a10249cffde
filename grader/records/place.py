"""Where in a submission something stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.records.json_values import Fields


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
    def from_json(cls, value: Fields | None) -> Self | None:
        """The place that `to_json` wrote, if there was one."""
        return cls(**value) if value else None
