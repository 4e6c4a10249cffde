"""What a student's page says first: points by check, what cost most, and a card for each cause."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.records import causes
from grader.records.bounds import shorten
from grader.records.causes import Cause
from grader.records.execution import StudentError
from grader.records.json_values import Json
from grader.records.place import Place
from grader.records.result import CheckResult, Graded
from grader.report.listing import Line, list_lines
from grader.report.texts import number, percent, read_real, read_rows, shape

MOST_CARDS = 12
"""Of more causes the first are shown, and the number of the others."""
MOST_CHANGES, LEAST = 4, 0.005
"""Checks that are named as changed, and points that count as a change."""
SHORT = 300
"""Characters of what was seen, or expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One check in the bar of points."""

    number: int
    """From 1, in the order of the record."""
    check: CheckResult
    start: float
    """Of the bar, percent."""
    width: float
    """Percent."""
    filled: float
    """How much of the bar is earned, percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One cause, with everything that is needed to mend it."""

    number: int
    title: str
    cause: Cause
    place: Place | None
    lines: Sequence[Line]
    """The student's own around the place; none where the record has none."""
    sides: tuple[str, str] | None
    """What was seen and what was expected, in a few words."""
    stopped: bool
    """Whether this is where the run ended."""
    silent: bool
    """Whether nothing was measured for that: then the error says all there is to say."""

    @property
    def check(self) -> CheckResult:
        """The check that speaks for the cause."""
        return self.cause.checks[0]

    @property
    def others(self) -> tuple[CheckResult, ...]:
        """Further checks that show it, and those that only follow from it."""
        return (*self.cause.checks[1:], *self.cause.follows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything above the checks."""

    segments: Sequence[Segment]
    cards: Sequence[Card]
    more: int
    """Causes that have no card."""
    lost: float
    """Points that were lost."""
    command: str
    """What repeats this at home; empty where nothing was judged."""
    stopped: bool
    """Whether the run ended early, or was none, and no card says so."""
    gained: float
    """Points more than at the grading before."""
    changes: Sequence[tuple[str, float]]
    """Checks that earn other points than then, and by how much; the largest change first."""


def open_page(graded: Graded) -> Opening:
    """What stands above the checks of one student."""
    every = causes.list_causes(graded)
    execution = graded.execution
    failed = execution.status != "ok" or execution.error is not None
    end = _find_end(every[:MOST_CARDS], execution.error) if failed else None
    cards = [
        _make_card(graded, n, cause, stopped=cause is end)
        for n, cause in enumerate(every[:MOST_CARDS], 1)
    ]
    return Opening(
        segments=_lay_out(graded.checks),
        cards=cards,
        more=len(every) - len(cards),
        lost=sum(cause.points for cause in every),
        command=f"grader check {shlex.quote(graded.entry)}" if graded.entry else "",
        stopped=failed and end is None,
        gained=graded.score - graded.earlier.score if graded.earlier else 0.0,
        changes=_list_changes(graded),
    )


def _list_changes(graded: Graded) -> list[tuple[str, float]]:
    before = graded.earlier.checks if graded.earlier else {}
    known = [(c.name, c.earned - before[c.name]) for c in graded.checks if c.name in before]
    changed = [(name, by) for name, by in known if abs(by) >= LEAST]
    return sorted(changed, key=lambda change: -abs(change[1]))[:MOST_CHANGES]


def group_checks(
    checks: Sequence[CheckResult],
) -> list[tuple[str, list[tuple[int, CheckResult]]]]:
    """The checks under headings, each with its number in the record; what was lost comes first."""
    numbered = list(enumerate(checks, 1))
    groups = (
        ("What was measured where points were lost", [n for n in numbered if _is_lost(n[1])]),
        ("Open", [n for n in numbered if n[1].open or n[1].outcome == "deferred"]),
        ("Right", [n for n in numbered if n[1].outcome == "passed"]),
    )
    return [(title, group) for title, group in groups if group]


def _is_lost(check: CheckResult) -> bool:
    return check.lost and not check.open


def find_spoken(checks: Sequence[CheckResult], cards: Sequence[Card]) -> set[int]:
    """Numbers of the checks whose sentences a card has said."""
    said = {(card.check.feedback, card.check.hint) for card in cards}
    return {n for n, c in enumerate(checks, 1) if c.lost and (c.feedback, c.hint) in said}


def _lay_out(checks: Sequence[CheckResult]) -> list[Segment]:
    """The checks side by side, each as wide as its points."""
    counted = [(n, c) for n, c in enumerate(checks, 1) if c.points > 0]
    total, start = sum(c.points for _, c in counted) or 1.0, 0.0
    segments = []
    for place, check in counted:
        width = 100 * check.points / total
        gap = min(0.3, width / 4)
        earned = min(1.0, max(0.0, check.earned / check.points))
        segments.append(
            Segment(
                number=place,
                check=check,
                start=round(start, 2),
                width=round(width - gap, 2),
                filled=round((width - gap) * earned, 2),
            )
        )
        start += width
    return segments


# ---------------------------------------------------------------------------------------- a card


def _find_end(every: Sequence[Cause], error: StudentError | None) -> Cause | None:
    """The cause that is the end of the run, if one is: it stands where the error stands, or is why
    nothing was measured.
    """
    place = Place.of(error.file, error.line) if error else None
    there = (c for c in every if place is not None and c.at == place)
    silent = (c for c in every if all(one.outcome == "unmeasured" for one in c.checks))
    return next(there, None) or next(silent, None)


def _make_card(graded: Graded, number: int, cause: Cause, *, stopped: bool) -> Card:
    error = graded.execution.error if stopped else None
    place = (Place.of(error.file, error.line) if error else None) or cause.at
    return Card(
        number=number,
        title=cause.title,
        cause=cause,
        place=place,
        lines=_find_lines(graded, place),
        sides=find_sides(cause.checks[0]),
        stopped=stopped,
        silent=stopped and all(c.outcome == "unmeasured" for c in cause.checks),
    )


def _find_lines(graded: Graded, place: Place | None) -> list[Line]:
    if place is None:
        return []
    excerpt = next((one for one in graded.excerpts if one.shows(place)), None)
    return list_lines(excerpt, place.line) if excerpt else []


def find_sides(check: CheckResult) -> tuple[str, str] | None:
    """What was seen and what was expected, from the facts or else from the evidence."""
    seen, expected = check.facts.get("seen"), check.facts.get("expected")
    if seen is not None and expected is not None:
        sides = _describe(seen), _describe(expected)
        return sides if all(sides) else None
    readers = {
        "layers": _read_layers,
        "accuracy": _read_accuracy,
        "parameters": _read_parameters,
        "mismatch": _read_mismatch,
    }
    for key, read in readers.items():
        value = check.evidence.get(key)
        if value is not None and (found := read(value)) is not None:
            return found
    return None


def _describe(fact: Json) -> str:
    if isinstance(fact, list) and all(isinstance(part, int) for part in fact):
        return shape(fact)
    return "" if isinstance(fact, dict) else shorten(number(fact), SHORT)


def _read_layers(value: Json) -> tuple[str, str] | None:
    """The first pair of layers that differs."""
    row = next((r for r in read_rows(value) if r.get("same") is not True), None)
    if row is None:
        return None
    return _name_layer(row.get("seen")), _name_layer(row.get("expected"))


def _name_layer(layer: Json) -> str:
    if not isinstance(layer, dict):
        return "no layer here"
    kind = str(layer.get("kind") or "layer").replace("_", " ")
    size, steps = shape(layer.get("shape")), layer.get("steps")
    after = f", then {', '.join(map(str, steps))}" if isinstance(steps, list) and steps else ""
    return shorten(f"{kind}{f' to {size}' if size else ''}{after}", SHORT)


def _read_accuracy(value: Json) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    student, full = read_real(value.get("student")), read_real(value.get("full"))
    if student is None or full is None:
        return None
    return percent(student, 2), f"{percent(full, 2)} or more for all points"


def _read_parameters(value: Json) -> tuple[str, str] | None:
    return _read_pair(value, "total", " parameters")


def _read_mismatch(value: Json) -> tuple[str, str] | None:
    return _read_pair(value, "seen", "")


def _read_pair(value: Json, key: str, unit: str) -> tuple[str, str] | None:
    sides: Mapping[str, Json] = value if isinstance(value, dict) else {}
    seen, expected = sides.get(key), sides.get("expected")
    if seen is None or expected is None:
        return None
    own, ours = (shorten(number(side), SHORT) for side in (seen, expected))
    return f"{own}{unit}", f"{ours}{unit}"
