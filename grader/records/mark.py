"""What a person decided: one line of a log that is only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

MarkKind = Literal["check", "whole", "settled", "excused", "extension"]
"""Points or a comment for one check; points or a comment beside the score; that somebody has
looked and the result counts as it is; that the work does not count; another due date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One decision about one student. The newest of those of the same `key` is in force."""

    student: str
    kind: MarkKind
    check: str = ""
    """Name of the check that it is about; empty for the whole."""
    points: float | None = None
    """What the check earns, or what is added to the score; None leaves them as they are."""
    comment: str = ""
    """For the student, in the person's words."""
    until: str = ""
    """The due date of an extension, ISO 8601 with its zone."""
    taken_back: bool = False
    """True where what was decided before does not hold any more."""
    about: str = ""
    """Digest of what the person saw; where the student hands in something else, a person is asked
    again.
    """
    by: str = ""
    """Who decided."""
    at: str = ""
    """When, ISO 8601, UTC."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it decides: a later mark of the same key stands in its place."""
        return self.student, self.kind, self.check


def find_in_force(marks: Iterable[Mark]) -> dict[str, tuple[Mark, ...]]:
    """By student the marks that hold; `marks` are in the order in which they were made."""
    newest: dict[tuple[str, str, str], Mark] = {}
    for mark in marks:
        newest[mark.key] = _add(newest.get(mark.key), mark)
    held: dict[str, list[Mark]] = {}
    for mark in newest.values():
        if not mark.taken_back:
            held.setdefault(mark.student, []).append(mark)
    return {student: tuple(own) for student, own in held.items()}


def _add(before: Mark | None, mark: Mark) -> Mark:
    """The mark, with the points of the one before where it says none."""
    silent = mark.points is None and not mark.taken_back
    if before is None or before.points is None or before.taken_back or not silent:
        return mark
    return replace(mark, points=before.points, about=before.about)
