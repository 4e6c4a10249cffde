"""One submission as the result file of a CI shows it: its checks, their sum, and their places.

What is decided elsewhere, and what broke through our fault, takes no part in the sum. Hidden checks
count, and stand in one line without names: the file is for the student.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.export.ci_format import Run
from grader.export.points import show, to_number
from grader.records.causes import Cause, list_causes
from grader.records.hidden_checks import ELSEWHERE, merge
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import CheckResult, Graded

NOT_GRADED = "could not be graded"
"""Said, with the reason, where the grader itself failed."""
NO_FAULT = (
    "That is no fault of the student's: nothing is lost by it, and the instructor has to look."
)
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


def list_shown_causes(run: Run) -> tuple[Cause, ...]:
    """What points were lost by, as far as it is shown: hidden checks have no part in it."""
    shown = tuple(c for c in map(_mend, run.graded.checks) if not c.hidden)
    return list_causes(replace(run.graded, checks=shown))


def describe_cause(run: Run, cause: Cause) -> str:
    """`Mend first: a layer is missing (lenet.py, line 12). It costs 70 points, …`."""
    place = _find_below(run, cause.at) if cause.at else Place()
    where = f" ({place.describe()})" if cause.at else ""
    facts = {"title": cause.title, "where": where, "points": show(cause.points)}
    waiting = [c.name for c in cause.follows]
    code = "causes-first-and-more" if waiting else "causes-first"
    return Message(code, {**facts, "n": len(waiting), "waiting": waiting}).text()


def say_first(run: Run) -> list[str]:
    """What to mend first: the cause, what was seen, and the next step; nothing without a loss."""
    return [f"{describe_cause(run, c)} {explain(c.checks[0])}" for c in list_shown_causes(run)[:1]]


def order_by_cause(run: Run, causes: Sequence[Cause]) -> list[CheckResult]:
    """The checks of `list_checks`: those that show what to mend first at the beginning."""
    ranks = {
        check.name: rank
        for rank, cause in enumerate(causes)
        for check in (*cause.checks, *cause.follows)
    }
    checks = list_checks(run.graded)
    return sorted(checks, key=lambda c: ranks.get(c.name, len(checks)))


def announce(causes: Sequence[Cause], check: CheckResult) -> str:
    """`Mend first: a layer is missing. ` before what is said of the check that shows it; nothing
    for other checks.
    """
    if not causes or causes[0].checks[0].name != check.name:
        return ""
    return f"{Message('causes-title', {'title': causes[0].title}).text()}. "


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
    """Where what the check is about is written, below the repository's root; the file that was run
    where no more is known.
    """
    return _find_below(run, check.at) if check.at else Place(file=run.entry)


def find_error(run: Run) -> Place | None:
    """Where the student's code stopped, if it did and the place is known."""
    error = run.graded.execution.error
    return _find_below(run, error.at) if error and error.at else None


def _find_below(run: Run, at: Place) -> Place:
    """The same place by its path in the repository."""
    entry = PurePosixPath(run.entry)
    if at.file in ("", entry.name):
        return replace(at, file=run.entry)
    return replace(at, file=str(entry.parent / at.file))


def find_line(place: Place) -> int:
    """The line for what shows lines of files; 0 where none is known. A notebook's file holds JSON,
    of which nobody reads the lines.
    """
    return place.line or 0 if place.cell is None else 0


def describe_place(place: Place) -> str:
    """`lenet.py, line 12`, `lenet.ipynb, cell 7`; empty where no more than the file is known."""
    return place.describe() if place.line or place.cell else ""
