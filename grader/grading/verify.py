"""Verifying an assignment: the reference earns everything, the handout nothing, each mistake
loses what it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment.course import Course, LoadedAssignment
from grader.grading.executor import Executor
from grader.grading.grade import Cohort, Progress
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records.result import Graded

HANDOUT_SHARE = 0.05
"""Largest share of the points that an untouched handout may earn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one of the assignment's own submissions did, and whether that is as it should be."""

    name: str
    graded: Graded
    fault: str
    """What is wrong with the assignment, a sentence; empty where nothing is."""


def verify(
    executor: Executor, course: Course, out: Path, progress: Progress | None = None
) -> list[Finding]:
    """A finding for the reference, the handout and every mistake; nothing is kept but in `out`."""
    loaded = executor.loaded
    mistakes = course.mistakes(loaded)
    references, handouts = course.references(loaded), course.handouts(loaded)
    every = [*references, *handouts, *(m.submission for m in mistakes)]
    submissions = [loaded.assignment.given(s) for s in every]
    executor.notebooks = any(is_notebook(s.entry) for s in submissions)
    found: dict[str, Graded] = {}
    with Ledger(out / "grades.db") as ledger:
        group = Cohort(executor, ledger)
        group.start_sandbox()
        if progress is not None:
            progress.begin(len(submissions), "submissions")
        group.reference(submissions[0])
        for submission, recorded in executor.measure_all(submissions):
            found[submission.student] = group.judge(submission, recorded)
            if progress is not None:
                progress.step(submission.student)
    findings = []
    for submission in references:
        graded = found[submission.student]
        findings.append(
            Finding(name=submission.student, graded=graded, fault=_reference_fault(graded))
        )
    for submission in handouts:
        graded = found[submission.student]
        findings.append(
            Finding(name=submission.student, graded=graded, fault=_handout_fault(graded))
        )
    for mistake in mistakes:
        graded = found[mistake.name]
        fault = _mistake_fault(graded, mistake.loses)
        findings.append(Finding(name=f"mistakes/{mistake.name}", graded=graded, fault=fault))
    return findings + _untested(loaded, findings[0].graded, findings)


def lost(graded: Graded) -> frozenset[str]:
    """Names of the checks that did not give all their points."""
    return frozenset(c.name for c in graded.checks if c.lost)


def _reference_fault(graded: Graded) -> str:
    gone = sorted(lost(graded))
    if not gone:
        return ""
    first = next(c for c in graded.checks if c.name == gone[0])
    return f"the reference itself loses {', '.join(gone)}: {first.feedback}"


def _handout_fault(graded: Graded) -> str:
    if graded.score <= HANDOUT_SHARE * graded.max_score:
        return ""
    return (
        f"an untouched handout earns {graded.score:g} of {graded.max_score:g}; at most "
        f"{HANDOUT_SHARE:.0%} may be"
    )


def _mistake_fault(graded: Graded, loses: frozenset[str]) -> str:
    gone = lost(graded)
    if any(c.outcome == "broken" for c in graded.checks):
        return "a check broke on it: " + next(
            c.feedback for c in graded.checks if c.outcome == "broken"
        )
    parts = []
    if loses - gone:
        parts.append(f"should lose {', '.join(sorted(loses - gone))} but does not")
    if gone - loses:
        first = next(c for c in graded.checks if c.name in gone - loses)
        parts.append(f"loses {', '.join(sorted(gone - loses))} as well ({first.feedback})")
    return "; ".join(parts)


def _untested(
    loaded: LoadedAssignment, reference: Graded, findings: Sequence[Finding]
) -> list[Finding]:
    """A finding for every check that no mistake loses: a check that was never seen to fail."""
    seen: set[str] = set().union(
        *(lost(f.graded) for f in findings if f.name.startswith("mistakes/"))
    )
    return [
        Finding(
            name=f"check {c.name}",
            graded=reference,
            fault="no mistake loses this check; write one that does",
        )
        for c in loaded.assignment.checks
        if c.name not in seen
    ]
