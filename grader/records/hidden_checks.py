"""What students see of hidden checks: nothing but one line of points, or all of them from a day on.

Instructors always see all of them on the page of the class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from grader.records.messages import Message
from grader.records.result import CheckResult, Graded, Outcome

NAME = "hidden_checks"
"""How the line is called in which hidden checks stand; bonus ones have one of their own."""
ELSEWHERE = ("deferred", "open", "broken")
"""Outcomes of checks that are not decided here: they cost nothing."""
NEVER, ALWAYS = "never", "always"
"""When hidden checks are shown; any other word is the day from which on they are, `2026-12-01`."""


def is_rule(rule: object) -> bool:
    """Whether it says when hidden checks are shown."""
    if not isinstance(rule, str):
        return False
    return rule in (NEVER, ALWAYS) or _read_day(rule) is not None


def are_shown(rule: str, today: date | None = None) -> bool:
    """Whether students see hidden checks today, by this machine's calendar."""
    day = _read_day(rule)
    if day is None:
        return rule == ALWAYS
    return day <= (today or datetime.now().astimezone().date())


def _read_day(rule: str) -> date | None:
    try:
        return date.fromisoformat(rule)
    except ValueError:
        return None


def choose_view(rule: str, *, with_hidden: bool = False) -> Callable[[Graded], Graded]:
    """What makes of a result what its student sees today; of the instructor's copy everything."""
    return (lambda one: one) if with_hidden or are_shown(rule) else conceal


def conceal(graded: Graded) -> Graded:
    """The same with one line instead of hidden checks, so that the points still add up, and without
    what tells of them otherwise: lines that only they are about, and what they earned before.
    """
    hidden = [c for c in graded.checks if c.hidden]
    if not hidden:
        return graded
    shown = [c for c in graded.checks if not c.hidden]
    apart = ([c for c in hidden if c.extra is extra] for extra in (False, True))
    places = [c.at for c in shown if c.at is not None]
    if (error := graded.execution.error) is not None and error.at is not None:
        places.append(error.at)
    return replace(
        graded,
        checks=(*shown, *(merge(some, some) for some in apart if some)),
        excerpts=tuple(e for e in graded.excerpts if any(e.shows(place) for place in places)),
        earlier=graded.earlier and graded.earlier.without({c.name for c in hidden}),
    )


def reveal(graded: Graded) -> Graded:
    """The same with hidden checks as ordinary ones."""
    return replace(graded, checks=tuple(replace(c, hidden=False) for c in graded.checks))


def merge(hidden: Sequence[CheckResult], counted: Sequence[CheckResult]) -> CheckResult:
    """One line of several checks that are not shown; its points are those of the `counted` ones."""
    decided = [c for c in hidden if c.outcome not in ELSEWHERE]
    earned, points = sum(c.earned for c in counted), sum(c.points for c in counted)
    outcome, extra = _join_outcomes(decided), hidden[0].extra
    facts = {"earned": round(earned, 3), "points": round(points, 3)}
    said = [Message("checks-hidden", facts)]
    said += [Message("checks-hidden-open")] * (len(decided) < len(hidden))
    return CheckResult(
        name=name_line(extra=extra),
        title=f"{_count(hidden)} not shown{', a bonus' * extra}.",
        outcome=outcome,
        points=points,
        earned=earned,
        feedback=" ".join(message.text() for message in said),
        extra=extra,
        hidden=True,
        needs_review=any(c.needs_review for c in hidden),
        code="checks-hidden",
        facts=facts,
    )


def _count(hidden: Sequence[CheckResult]) -> str:
    return "1 check that is" if len(hidden) == 1 else f"{len(hidden)} checks that are"


def name_line(*, extra: bool) -> str:
    """How the line of hidden checks is called, or that of hidden bonus checks."""
    return f"{NAME}_bonus" if extra else NAME


def _join_outcomes(decided: Sequence[CheckResult]) -> Outcome:
    if all(c.outcome == "passed" for c in decided):
        return "passed" if decided else "broken"
    return "partial" if any(c.earned > 0 for c in decided) else "failed"
