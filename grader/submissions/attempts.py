"""Which of several attempts counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from grader.submissions.layouts.layout import HandIn

Which = Literal["last", "best", "first"]
"""The last attempt, the first, or the one that earns most."""
WHICH: tuple[str, ...] = get_args(Which)


def choose_attempts(hand_ins: Iterable[HandIn], which: Which) -> list[HandIn]:
    """One hand-in of each student or group; all of them, numbered, where the best is to count.

    A note says which attempt it is, where there are several.
    """
    by_student: dict[object, list[HandIn]] = {}
    for hand_in in hand_ins:
        key: object = (hand_in.student, tuple(hand_in.persons))
        by_student.setdefault(key if hand_in.attempt else id(hand_in), []).append(hand_in)
    return [one for several in by_student.values() for one in _choose(several, which)]


def _choose(several: list[HandIn], which: Which) -> list[HandIn]:
    if len(several) == 1:
        return [replace(several[0], attempt=0)]
    ordered = sorted(several, key=lambda h: h.attempt)
    if which == "best":
        return ordered
    one = ordered[0 if which == "first" else -1]
    note = f"This is the {which} of {len(several)} attempts."
    return [replace(one, attempt=0, notes=[*one.notes, note])]
