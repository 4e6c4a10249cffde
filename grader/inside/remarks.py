"""How the student's code was helped or what it lacks: facts that go out with the next answer.

A remark is a key, for which the grader has a sentence (`sandbox.remarks`), and a detail, such as
the name of a file or a place. All of it is a claim, as is everything from the student's process.
"""

from __future__ import annotations

from grader.inside.schema.messages import RemarkKey

CAP = 40
"""Remarks of one process."""
_DETAIL = 200
_noted: dict[tuple[RemarkKey, str], None] = {}


def add(key: RemarkKey, detail: str = "") -> None:
    """The grader will say so, once for each detail."""
    if len(_noted) < CAP:
        _noted[key, detail[:_DETAIL]] = None


def rows() -> list[tuple[RemarkKey, str]]:
    """Every remark so far: key and detail."""
    return list(_noted)


def forget() -> None:
    """Nothing has been remarked yet."""
    _noted.clear()
