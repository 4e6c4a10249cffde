"""Marking by hand: what waits for a person, and what a person may say. Pure; keeps nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from grader.ledger.database import make_plain
from grader.ledger.overlay import find_subject
from grader.records import bounds
from grader.records.errors import UsageError
from grader.records.mark import Mark, MarkKind, find_in_force
from grader.records.result import CheckResult, Graded

BACK = "-"
"""In place of points or a time: what was decided before holds no more."""
MOST_BESIDE = 100_000.0
"""Points beside a score."""
_NAMED = 8
"""Students that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a person decides about."""

    student: str
    check: str
    """Its name; empty for the result as a whole."""
    done: bool
    """Whether a person has decided."""


def list_items(results: Iterable[Graded]) -> list[Item]:
    """What waits for a person or was marked by one, the open things of one check together."""
    items: dict[str, list[Item]] = {}
    for one in results:
        if one.withdrawn or one.excused:
            continue
        for check in one.checks:
            waiting = check.open or check.needs_review
            if waiting or check.marked_by:
                item = Item(student=one.student, check=check.name, done=not waiting)
                items.setdefault(check.name, []).append(item)
        if _is_whole_asked(one):
            item = Item(student=one.student, check="", done=one.settled)
            items.setdefault("", []).append(item)
    return [item for of_check in items.values() for item in of_check]


def _is_whole_asked(one: Graded) -> bool:
    odd = one.execution.status in ("tampered", "broken")
    return odd or bool(one.unclear) or one.doubtful


def find_check(graded: Graded, name: str) -> CheckResult:
    """The check of that name. Raises UsageError where this result has none."""
    found = next((c for c in graded.checks if c.name == name), None)
    if found is None:
        names = ", ".join(c.name for c in graded.checks)
        raise UsageError(f"there is no check {name!r:.80}. There are: {names}")
    return found


def mark_check(
    graded: Graded, name: str, points: str, comment: str, *, by: str, about: str | None = None
) -> Mark:
    """The mark of a check; without points a comment alone, with `-` the earlier one holds no more.

    `about` is what the person saw, if that was not this result. Raises UsageError.
    """
    check = find_check(graded, name)
    if points.strip() == BACK:
        return _take_back(graded, "check", by, comment, name)
    value = read_points(points, 0.0, check.points) if points.strip() else None
    return Mark(
        student=graded.student,
        kind="check",
        check=name,
        points=value,
        comment=read_comment(comment),
        about=find_subject(graded, check) if about is None else about[:64],
        by=by,
    )


def mark_whole(graded: Graded, points: str, comment: str, *, by: str) -> Mark:
    """Points beside the score, or a comment on the whole; `-` takes them back.

    Raises UsageError.
    """
    if points.strip() == BACK:
        return _take_back(graded, "whole", by, comment)
    value = read_points(points, -MOST_BESIDE, MOST_BESIDE) if points.strip() else None
    return Mark(
        student=graded.student, kind="whole", points=value, comment=read_comment(comment), by=by
    )


def take_back(mark: Mark) -> Mark:
    """The mark by which what was decided before about the same holds no more."""
    return Mark(student=mark.student, kind=mark.kind, check=mark.check, by=mark.by, taken_back=True)


def _take_back(graded: Graded, kind: MarkKind, by: str, comment: str, check: str = "") -> Mark:
    """The comment says why, for whoever reads the history."""
    mark = Mark(student=graded.student, kind=kind, check=check, by=by, taken_back=True)
    return replace(mark, comment=read_comment(comment))


def list_news(marks: Iterable[Mark], log: Iterable[Mark]) -> list[Mark]:
    """Those that say something that does not hold already after this log."""
    about: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in log:
        about.setdefault(mark.key, []).append(mark)
    said = ((mark, about.get(mark.key, [])) for mark in marks)
    return [mark for mark, own in said if _find_held([*own, mark]) != _find_held(own)]


def _find_held(log: Sequence[Mark]) -> Mark | None:
    """What holds after a log of one key, whoever said it and when."""
    held = [mark for own in find_in_force(log).values() for mark in own]
    return replace(held[0], by="", at="") if held else None


def settle(graded: Graded, comment: str, *, by: str, about: str | None = None) -> Mark:
    """That a person has looked, and lets the result count."""
    seen = graded.digest if about is None else about[:64]
    said = read_comment(comment)
    return Mark(student=graded.student, kind="settled", comment=said, about=seen, by=by)


def excuse(graded: Graded, comment: str, *, by: str) -> Mark:
    """That the work does not count."""
    return Mark(student=graded.student, kind="excused", comment=read_comment(comment), by=by)


def extend(graded: Graded, until: str, comment: str, *, by: str) -> Mark:
    """Another due date; `-` takes it back. Raises UsageError for what is no time."""
    if until.strip() == BACK:
        return _take_back(graded, "extension", by, comment)
    when = None
    with suppress(ValueError):
        when = datetime.fromisoformat(until.strip())
    if when is None or ":" not in until:  # a day alone would mean its first moment
        raise UsageError(
            f"the extension {until!r:.80} is no day with its time. Write one such as "
            "2026-03-05T23:59+01:00"
        )
    return Mark(
        student=graded.student,
        kind="extension",
        until=when.isoformat(),
        comment=read_comment(comment),
        by=by,
    )


def read_points(text: str, least: float, most: float) -> float:
    """The number. Raises UsageError for what is none, or lies outside of these."""
    try:
        value = float(text.strip().replace(",", ".").replace("_", "?"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{text.strip()!r:.80} are no points. Write a number such as 1.5")
    if not least <= value <= most:
        raise UsageError(f"{value:g} points cannot be given. Give {least:g} to {most:g}")
    return round(value, 3)


def read_comment(text: str) -> str:
    """The comment, without blanks at its ends. Raises UsageError where it is too long."""
    said = text.replace("\r\n", "\n").strip()
    if len(said) > bounds.FEEDBACK:
        raise UsageError(
            f"the comment has {len(said):,} characters. Write at most {bounds.FEEDBACK:,}"
        )
    return said.encode("utf-8", "backslashreplace").decode()


def find_student(results: Sequence[Graded], name: str) -> Graded:
    """The result of the student with this name, number, address or account. Raises UsageError where
    there is none, or where it could be of several.
    """
    exact = [one for one in results if one.student == name]
    if exact:
        return exact[0]
    wanted = name.strip().casefold()
    fitting = [one for one in results if wanted and wanted in _list_names(one)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        both = " and ".join(one.student for one in fitting[:2])
        raise UsageError(f"{name!r:.80} could be {both}. Write the name as grades.csv has it")
    known = ", ".join(one.student for one in results[:8])
    raise UsageError(f"there is no student {name!r:.80}. There are: {known}")


def describe_strangers(
    results: Iterable[Graded], log: Iterable[Mark], extensions: Iterable[str]
) -> list[str]:
    """What was decided about somebody who is not here, in sentences: another name may be meant."""
    students: set[str] = set()
    names: set[str] = set()
    for one in results:
        if not one.withdrawn:
            students.add(make_plain(one.student))
            names |= _list_names(one)
    marked = sorted(find_in_force(log).keys() - students)
    meant = sorted(set(extensions) - names)
    again = "Where somebody has another name now, enter them again."
    said = (
        ("marks are kept of", marked, again),
        ("due.toml extends for", meant, "Check the name."),
    )
    return [
        f"{what} {_list(who)}, who handed in nothing here. {then}"
        for what, who, then in said
        if who
    ]


def _list(who: Sequence[str]) -> str:
    more = len(who) - _NAMED
    return ", ".join(who[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _list_names(one: Graded) -> set[str]:
    persons = [v for p in one.persons for v in (p.name, p.id, p.email, p.login)]
    return {v.casefold() for v in (one.student, *persons) if v}
