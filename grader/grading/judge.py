"""Measurements and checks in, results and score out. Pure: nothing is run, read or written."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.assignment.assignment import Check, Measurements
from grader.assignment.probe import Probe
from grader.records import bounds
from grader.records.errors import DataSetAbsent, Unmeasured
from grader.records.execution import Missing
from grader.records.measurements import Gradients, Parameters
from grader.records.result import CheckResult, Outcome, Verdict

BLOCKING: Mapping[Outcome, Outcome] = {
    "failed": "skipped",
    "skipped": "skipped",
    "unmeasured": "skipped",
    "deferred": "deferred",
    "broken": "broken",
}
"""What a check becomes that comes after one with this outcome."""
_BLOCKED: Mapping[Outcome, str] = {
    "skipped": "was not passed",
    "deferred": "is decided when graded",
    "broken": "could not be judged",
}


def judge(
    checks: Sequence[Check],
    student: Measurements,
    reference: Measurements,
    places: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """One result for each check, in order. Never raises: our faults become the outcome `broken`.

    `places` says where in the student's file a name is defined: "line 12" or "cell 7".
    """
    results: dict[str, CheckResult] = {}
    for check in checks:
        blocked = next(
            (results[n] for n in check.depends_on if results[n].outcome in BLOCKING), None
        )
        if blocked is not None:
            results[check.name] = _blocked(check, blocked)
        else:
            of_check = student.for_check(reference)
            decided = _decided(check, of_check, reference)
            about = next((n for n in of_check.subjects if n in (places or {})), "")
            place = (places or {}).get(about, "")
            results[check.name] = replace(decided, place=place)
    return tuple(results.values())


def score(results: Sequence[CheckResult]) -> float:
    """The sum of the points earned, bonus included, to a thousandth."""
    return round(sum(r.earned for r in results), 3)


def give_up(check: Check, why: str) -> CheckResult:
    """What is recorded of a check that could not be judged, for a person to look at."""
    return _result(check, "broken", feedback=why, needs_review=True)


def _blocked(check: Check, by: CheckResult) -> CheckResult:
    outcome = BLOCKING[by.outcome]
    return _result(
        check,
        outcome,
        feedback=f"Not judged, because `{by.name}` {_BLOCKED[outcome]}.",
        needs_review=outcome == "broken",
    )


def _decided(check: Check, student: Measurements, reference: Measurements) -> CheckResult:
    try:
        verdict = check.function(student, reference)
    except Unmeasured as missing:
        if missing.elsewhere:
            return _result(check, "deferred", feedback=_ended(missing.why))
        if missing.ours:
            text = f"Not judged: {_ended(missing.why)}"
            return _result(check, "broken", feedback=text, needs_review=True)
        return _result(
            check,
            "unmeasured",
            feedback=f"Not measured: {_ended(missing.why)}",
            needs_review=missing.undecided,
        )
    except DataSetAbsent as absent:  # of its labels; where a class is graded they are there
        return _result(check, "deferred", feedback=f"Decided when graded: {_ended(str(absent))}")
    except Exception as error:  # an instructor's check may raise anything
        return _result(
            check,
            "broken",
            feedback=f"This check itself failed: {_place(error)}.",
            needs_review=True,
        )
    if not isinstance(verdict, Verdict):
        text = f"This check returned {type(verdict).__name__} instead of a Verdict."
        return _result(check, "broken", feedback=text, needs_review=True)
    outcome: Outcome = (
        "passed" if verdict.fraction >= 1 else "partial" if verdict.fraction > 0 else "failed"
    )
    return CheckResult(
        name=check.name,
        title=check.title,
        outcome=outcome,
        points=check.points,
        earned=round(check.points * verdict.fraction, 3),
        feedback=bounds.shorten(verdict.feedback, bounds.FEEDBACK),
        hint=bounds.shorten(verdict.hint, bounds.FEEDBACK),
        evidence=bounds.cut_evidence(verdict.evidence),
        trust=verdict.trust,
        extra=check.extra,
        hidden=check.hidden,
        needs_review=verdict.needs_review,
    )


def _result(
    check: Check, outcome: Outcome, *, feedback: str, needs_review: bool = False
) -> CheckResult:
    return CheckResult(
        name=check.name,
        title=check.title,
        outcome=outcome,
        points=check.points,
        earned=0.0,
        feedback=bounds.shorten(feedback, bounds.FEEDBACK),
        extra=check.extra,
        hidden=check.hidden,
        needs_review=needs_review,
    )


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def contradictions(probes: Mapping[str, Probe[Any]], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Claims that evidence refutes: fewer parameters said than gradients shown.

    `values` holds measurements or Missing by probe key.
    """
    claimed: dict[str, Parameters] = {}
    shown: dict[str, Gradients] = {}
    for probe in probes.values():
        found = values.get(probe.key)
        if isinstance(found, Missing) or found is None:
            continue
        name = str(probe.args.get("module"))
        if isinstance(found, Parameters):
            claimed[name] = found
        elif isinstance(found, Gradients):
            shown[name] = found
    told = []
    for name in claimed.keys() & shown.keys():
        listed = (*claimed[name].trainable, *claimed[name].unregistered)
        used = sum(p.count for p in listed if p.used)
        sizes = sum(_size(g.shape) for g in shown[name].runs[0] if g.values is not None)
        if sizes > used and not any(p.used is None for p in claimed[name].rows):
            told.append(
                f"`{name}` claims {used:,} trainable parameters in use, but {sizes:,} have "
                f"gradients"
            )
    return tuple(told)


def _size(shape: Sequence[int]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total
