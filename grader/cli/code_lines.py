"""Lines of a student's code around a place, as the record keeps them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from grader.records.place import Place
from grader.records.result import Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One line, as the student wrote it but for its common indentation."""

    number: int
    """1-based, of the file or the cell."""
    text: str
    marked: bool
    """True for the line that is meant."""


def find_lines(graded: Graded, at: Place | None) -> tuple[CodeLine, ...]:
    """The lines around `at`; none where the record holds none."""
    excerpt = next((one for one in graded.excerpts if at is not None and one.shows(at)), None)
    if excerpt is None or at is None:
        return ()
    shown = textwrap.dedent("\n".join(map(_flatten, excerpt.lines))).split("\n")
    lines = [
        CodeLine(number=number, text=line.rstrip(), marked=number == at.line)
        for number, line in enumerate(shown, excerpt.first)
    ]
    kept = [n for n, line in enumerate(lines) if line.text or line.marked]
    return tuple(lines[kept[0] : kept[-1] + 1])  # without empty ones at the ends


def _flatten(line: str) -> str:
    """On one line wherever it is shown."""
    return re.sub(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", line).expandtabs(4)
