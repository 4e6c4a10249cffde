"""What a submission lost its points by: one cause, what only follows from it, and the next cause.

Every reader sees the same: pages, the terminal, Markdown and CI.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.records import messages
from grader.records.json_values import Json, to_json
from grader.records.place import Place
from grader.records.result import CheckResult, Graded

WAITS = "checks-wait"
"""Code of a check that was not judged since an earlier one was lost; its facts name that one."""
RUN = ("run-not-loaded", "run-ended", "run-no-file")
"""Codes of checks for which nothing could be measured, as the program did not run, or ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A fault, the checks that show it, and what only follows from it."""

    code: str
    """Stable name; empty where the fault has none."""
    title: str
    """A heading, plain text, without a full stop."""
    checks: tuple[CheckResult, ...]
    """Those that show it, the clearest first; the first one's sentences speak for the cause."""
    follows: tuple[CheckResult, ...] = ()
    """Those that were lost, or not judged, only because of it."""

    @property
    def points(self) -> float:
        """What the checks that show it have lost, and those that only follow, together."""
        return sum(c.points - c.earned for c in (*self.checks, *self.follows))

    @property
    def at(self) -> Place | None:
        """Where in the student's files it stands."""
        return next((c.at for c in self.checks if c.at is not None), None)


def list_causes(graded: Graded) -> tuple[Cause, ...]:
    """The causes of what was lost, the one to mend first at the beginning; none without a loss."""
    lost = [c for c in graded.checks if c.lost and not c.open]
    roots = [c for c in lost if c.code != WAITS]
    grouped: dict[tuple[object, ...], list[CheckResult]] = {}
    for check in roots:
        grouped.setdefault(_find_kind(check), []).append(check)
    causes = [
        Cause(
            code=_find_code(graded, group[0]),
            title=messages.current().title(_find_code(graded, group[0]), group[0].facts)
            or name(group[0]),
            checks=tuple(group),
            follows=tuple(_find_waiting(lost, {c.name for c in group})),
        )
        for group in grouped.values()
    ]
    return tuple(sorted(causes, key=lambda cause: -cause.points))


def name(check: CheckResult) -> str:
    """The fault as a heading: its title in the words in use, or its first sentence."""
    title = messages.current().title(check.code, check.facts)
    first = re.split(r"(?<=[.!?])\s|\n", check.feedback.strip(), maxsplit=1)[0]
    return title or first[:200].removesuffix(".") or "No reason was given"


def _find_kind(check: CheckResult) -> tuple[object, ...]:
    """What the results of one fault have in common."""
    if check.outcome == "unmeasured" and check.code != "run-cell-failed":
        return ("run",) if check.code in RUN else (check.feedback,)
    return (check.code, repr(check.at)) if check.code else (check.name,)


def _find_code(graded: Graded, check: CheckResult) -> str:
    """Of the fault that a check shows: where nothing was measured since the program did not run, it
    is how that ended.
    """
    status = graded.execution.status
    return f"run-{status}" if check.code in RUN and status != "ok" else check.code


def _find_waiting(lost: Sequence[CheckResult], names: Collection[str]) -> list[CheckResult]:
    """Those that were not judged because of these, or because of one that was not judged so."""
    known, waiting = set(names), []
    for check in lost:
        if check.code == WAITS and check.facts.get("check") in known:
            known.add(check.name)
            waiting.append(check)
    return waiting


def write_record(graded: Graded) -> dict[str, Json]:
    """The content of `<student>.json`: the record, and what its points were lost by."""
    return {**graded.to_json(), "causes": [_to_json(cause) for cause in list_causes(graded)]}


def _to_json(cause: Cause) -> Json:
    return {
        "code": cause.code,
        "title": cause.title,
        "points": round(cause.points, 3),
        "at": to_json(cause.at),
        "checks": [c.name for c in cause.checks],
        "follows": [c.name for c in cause.follows],
    }
