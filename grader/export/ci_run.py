"""One submission as the result file of a CI shows it: its checks, their sum, and their places.

What is decided elsewhere, and what broke through our fault, takes no part in the sum. Hidden checks
count, and stand in one line without names: the file is for the student.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.export.ci_format import Run
from grader.export.points import show, to_number
from grader.records.hidden import ELSEWHERE, merge
from grader.records.result import CheckResult, Graded

NOT_GRADED = "could not be graded"
"""Said, with the reason, where the grader itself failed."""
NO_FAULT = (
    "That is no fault of the student's: nothing is lost by it, and the instructor has to look."
)
_CELL = re.compile(r"\A(?P<file>.*), cell (?P<cell>\d+)")
_MARKS = {
    "passed": "✓",
    "partial": "~",
    "skipped": "–",
    "deferred": "·",
    "open": "·",
    "broken": "!",
}
_WORDS = {
    "deferred": "is decided when graded",
    "open": "is marked by a person",
    "broken": "could not be judged, which is no fault of yours",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What was earned of what was decided."""

    earned: float
    most: float
    """Bonus points are not part of it."""

    @property
    def percent(self) -> float:
        """Of the most; 100 where nothing could be earned."""
        return 100 * self.earned / self.most if self.most > 0 else 100.0

    def sentence(self) -> str:
        """`87.5 of 100 points`."""
        return f"{show(self.earned)} of {show(self.most)} points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the student wrote what a check is about."""

    file: str = ""
    """Below the repository's root."""
    line: int = 0
    """In a module; 0 where it is not known. What counts lines of a notebook counts those of JSON.
    """
    cell: int = 0
    """In a notebook, from 1; 0 for none."""


def list_checks(graded: Graded, *, merged: bool = True) -> list[CheckResult]:
    """The checks in order, then what was added or taken off beside them.

    Where `merged`, hidden checks are one line. A number that does not exist is a fault of ours.
    """
    checks = [_mend(c) for c in graded.checks]
    if merged:
        hidden = [c for c in checks if c.hidden]
        apart = ([c for c in hidden if c.extra is extra] for extra in (False, True))
        checks = [c for c in checks if not c.hidden] + [
            merge(some, [c for c in some if c.outcome not in ELSEWHERE]) for some in apart if some
        ]
    return [*checks, *_list_adjustments(graded)]


def _mend(check: CheckResult) -> CheckResult:
    if math.isfinite(check.earned) and math.isfinite(check.points):
        return check
    points = check.points if math.isfinite(check.points) else 0.0
    return replace(check, outcome="broken", earned=0.0, points=points)


def _list_adjustments(graded: Graded) -> Iterable[CheckResult]:
    """A line for each; a bonus, as its points are not part of the maximum."""
    for number, one in enumerate(graded.adjustments, 1):
        yield CheckResult(
            name=f"{one.kind}_{number}",
            title=one.reason,
            outcome="passed" if one.points >= 0 else "failed",
            points=0.0,
            earned=one.points,
            feedback=one.reason,
            extra=True,
        )


def count(graded: Graded) -> Total:
    """The sum, to a thousandth as everywhere; it is at least 0."""
    decided = [c for c in list_checks(graded) if c.outcome not in ELSEWHERE]
    return Total(
        earned=max(0.0, round(sum(c.earned for c in decided), 3)),
        most=round(sum(c.points for c in decided if not c.extra), 3),
    )


def is_enough(graded: Graded, fail_under: float | None) -> bool:
    """Whether the points reach that many per cent; where none are named, whether nothing is lost
    but a bonus.
    """
    if fail_under is None:
        return not any(
            c.lost for c in list_checks(graded) if not (c.extra or c.outcome == "broken")
        )
    return to_number(count(graded).percent) >= fail_under


# ---------------------------------------------------------------------- words


def describe_points(check: CheckResult) -> str:
    """`8 of 10 points`, or why there are none."""
    if check.outcome in _WORDS:
        return _WORDS[check.outcome]
    bonus = " bonus" * check.extra
    if check.extra and not check.points:
        return f"{'+' * (check.earned >= 0)}{show(check.earned)} points"
    return f"{show(check.earned)} of {show(check.points)}{bonus} points"


def mark(check: CheckResult) -> str:
    """A sign for the outcome."""
    return _MARKS.get(check.outcome, "✗")


def explain(check: CheckResult, cap: int = 8_000) -> str:
    """What was seen, and what to do, in at most so many characters."""
    hint = f"\nNext step: {check.hint}" if check.hint else ""
    text = f"{check.feedback}{hint}".strip()
    return text if len(text) <= cap else f"{text[: max(0, cap - 1)]}…"


def describe_run(run: Run) -> list[str]:
    """What a reader should know besides the checks: how the run ended, what was taken for what."""
    graded, execution = run.graded, run.graded.execution
    person = ["A person has to look before these points count."] if graded.needs_review else []
    ended = [execution.reason or execution.status] if execution.status != "ok" else []
    unclear = [graded.unclear] if graded.unclear else []
    return [*person, *ended, *unclear, *graded.notes, *execution.notes, *run.remarks]


def describe_level(graded: Graded) -> str:
    """The sandbox level; empty where nothing ran."""
    level = graded.execution.level
    return str(level) if level >= 0 else ""


# ---------------------------------------------------------------------- places


def find_place(run: Run, check: CheckResult) -> Place:
    """Where the check's subject is written, in the file that was run."""
    kind, _, number = check.place.partition(" ")
    at = int(number) if number.isdecimal() else 0
    return Place(
        file=run.entry,
        line=at if kind == "line" else 0,
        cell=at if kind == "cell" else 0,
    )


def find_error(run: Run) -> Place | None:
    """Where the student's code stopped, if it did and the place is known."""
    error = run.graded.execution.error
    if error is None or not error.file:
        return None
    of_cell = _CELL.fullmatch(error.file)
    file = of_cell["file"] if of_cell else error.file
    beside = PurePosixPath(run.entry)
    path = str(beside if file == beside.name else beside.parent / file)
    if of_cell:
        return Place(file=path, cell=int(of_cell["cell"]))
    return Place(file=path, line=error.line or 0)
