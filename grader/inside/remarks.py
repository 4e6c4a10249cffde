"""How the student's code was helped or what it lacks: facts that go out with the next answer.

A remark is a key of the grader's vocabulary (`sandbox.remarks`) and a detail, such as the name of a
file or a place. All of it is a claim, as everything that comes out of the student's process.
"""

from __future__ import annotations

CAP = 40
"""Remarks of one process."""
_DETAIL = 200
_found: dict[tuple[str, str], None] = {}


def add(key: str, detail: str = "") -> None:
    """The grader will say so, once for each detail."""
    if len(_found) < CAP:
        _found[key, detail[:_DETAIL]] = None


def rows() -> list[list[str]]:
    """Every remark so far, as [key, detail]."""
    return [list(row) for row in _found]
