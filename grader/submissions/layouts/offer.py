"""Which layouts come into question: all there are, one by its name, or a pattern."""

from __future__ import annotations

from collections.abc import Mapping

from grader.records import extensions
from grader.records.errors import UsageError
from grader.submissions.layouts import layout
from grader.submissions.layouts.pattern import PATTERN, read_pattern


def offer_layouts(name: str = "", pattern: str = "") -> Mapping[str, layout.Layout]:
    """By name. Raises GraderError where there is none of that name, UsageError for a pattern that
    is none.
    """
    if name and pattern:
        raise UsageError("--layout and --pattern exclude each other. Give one of them")
    if pattern:
        return {PATTERN: read_pattern(pattern)}
    if not name:
        return layout.load_layouts()
    if name not in extensions.names(layout.GROUP):
        near = extensions.suggest(layout.GROUP, name)
        raise UsageError(f"there is no layout {name!r}; {near}")
    return {name: layout.load_layout(name)}
