"""Where a student's file defines a name. Reads text by lines; parses and runs nothing.

Python's own parser can be brought down by text made for it, so it is not used outside the sandbox.
"""

from __future__ import annotations

import re

from grader.records.notebook_file import SUFFIX, Unreadable, read_notebook
from grader.records.place import Place

CAP = 8 << 20
"""Bytes of a file beyond which nothing is looked for."""
_DEFINED = re.compile(
    r"^(?:class|def|async +def) +([^\W\d]\w*)|^([^\W\d]\w*)(?: *:[^=\n]+)? *=(?!=)"
)


def find_definitions(entry: str | None, content: bytes) -> dict[str, Place]:
    """Name → where it is defined; the last definition wins."""
    if entry is None or len(content) > CAP:
        return {}
    if not entry.endswith(SUFFIX):
        text = content.decode("utf-8", "replace")
        return {name: Place(file=entry, line=n) for n, name in _find_names(text)}
    return {
        name: Place(file=entry, cell=number, line=line)
        for number, text in _read_cells(content)
        for line, name in _find_names(text)
    }


def read_code(entry: str, content: bytes) -> str:
    """The text of a module, or of all code cells of a notebook."""
    if len(content) > CAP:
        return ""
    if not entry.endswith(SUFFIX):
        return content.decode("utf-8", "replace")
    return "\n".join(text for _, text in _read_cells(content))


def _find_names(text: str) -> list[tuple[int, str]]:
    """(line, name) of each definition at the outermost level."""
    matches = ((n, _DEFINED.match(line[:400])) for n, line in enumerate(text.splitlines(), 1))
    return [(number, match[1] or match[2]) for number, match in matches if match]


def _read_cells(content: bytes) -> list[tuple[int, str]]:
    """(number, text) of the code cells."""
    try:
        cells = read_notebook(content).cells
    except Unreadable:
        return []
    return [(cell.number, cell.source or "") for cell in cells if cell.kind == "code"]
