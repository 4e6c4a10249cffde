"""The lines of a submission that its record keeps: those around what was lost. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from grader.records.excerpt import MOST, Excerpt
from grader.records.execution import Execution
from grader.records.notebook_file import SUFFIX, Unreadable, read_notebook
from grader.records.place import Place
from grader.records.result import CheckResult

MOST_BYTES = 4 << 20
"""Of a module that is read; what is larger is nobody's own code."""


def take_excerpts(
    results: Sequence[CheckResult], execution: Execution, files: Mapping[str, bytes]
) -> tuple[Excerpt, ...]:
    """The lines around the place of each check that was lost, and around the error that ended the
    run; each once, and no more than a page shows.
    """
    kept: list[Excerpt] = []
    for place in _list_places(results, execution):
        if len(kept) < MOST and not any(one.shows(place) for one in kept):
            excerpt = Excerpt.take(place, _read_lines(place, files))
            kept += [] if excerpt is None else [excerpt]
    return tuple(kept)


def _list_places(results: Sequence[CheckResult], execution: Execution) -> Iterable[Place]:
    """Where the error stands, and what the lost checks are about."""
    error = execution.error
    if error is not None and (place := Place.of(error.file, error.line)) is not None:
        yield place
    yield from (c.at for c in results if c.lost and c.at is not None)


def _read_lines(place: Place, files: Mapping[str, bytes]) -> list[str]:
    """The lines of the place's file, or of its cell; none where it is not there."""
    content = files.get(place.file, b"")
    if not place.file.endswith(SUFFIX):
        return _cut(content.decode("utf-8-sig", "replace") if len(content) <= MOST_BYTES else "")
    try:
        cells = read_notebook(content).cells
    except Unreadable:
        return []
    index = place.cell or 0
    source = cells[index - 1].source if 1 <= index <= len(cells) else None
    return _cut(source or "")


def _cut(text: str) -> list[str]:
    """Its lines, as Python counts them."""
    return re.split(r"\r\n|\r|\n", text) if text else []
