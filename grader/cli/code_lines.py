"""Lines of a student's file around a place in it. The file is only cut into lines, never parsed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from grader.records.notebook_file import MOST_BYTES, SUFFIX, Unreadable, read_notebook
from grader.records.place import Place

AROUND = 2
"""Lines before the place, and after it."""
LONGEST = 200
"""Letters of a line that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One line, as the student wrote it but for its common indentation."""

    number: int
    """1-based, of the file or the cell."""
    text: str
    marked: bool
    """True for the line that is meant."""


def find_lines(files: Mapping[str, bytes], at: Place) -> tuple[CodeLine, ...]:
    """The lines around `at`; none where there is no such file, cell or line."""
    text = _read_text(files.get(at.file, b""), at)
    lines = re.split(r"\r\n|\r|\n", text)  # as Python counts them
    if at.line is None or not 1 <= at.line <= len(lines):
        return ()
    first, last = max(1, at.line - AROUND), min(len(lines), at.line + AROUND)
    kept = [_shorten(line) for line in lines[first - 1 : last]]
    shown = textwrap.dedent("\n".join(kept)).split("\n")
    numbered = [
        CodeLine(number=number, text=line.rstrip(), marked=number == at.line)
        for number, line in enumerate(shown, first)
    ]
    return _strip_blank(numbered)


def _read_text(content: bytes, at: Place) -> str:
    """The text of the file, or of the cell that is meant; empty where it cannot be read."""
    if len(content) > MOST_BYTES:
        return ""
    if not at.file.endswith(SUFFIX):
        return content.decode("utf-8-sig", "replace")
    try:
        cells = read_notebook(content).cells
    except Unreadable:
        return ""
    return next((c.source or "" for c in cells if c.number == at.cell), "")


def _shorten(line: str) -> str:
    """Within `LONGEST`, and on one line wherever it is shown."""
    text = re.sub(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", line[: LONGEST + 1]).expandtabs(4)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _strip_blank(lines: list[CodeLine]) -> tuple[CodeLine, ...]:
    """Without empty lines at the ends."""
    kept = [n for n, line in enumerate(lines) if line.text or line.marked]
    return tuple(lines[kept[0] : kept[-1] + 1])
