"""The reference, measured as what others are compared with and graded as if it had been handed in.

The second guards the class. What the reference itself loses on a machine, the students lose there
through no fault of theirs, and nothing else would show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from grader.grading.executor import Executor
from grader.grading.provenance import describe_data
from grader.grading.schedule import Schedule
from grader.records.execution import ExecutionRecord, Kind, describe_end
from grader.records.result import CheckResult, Graded
from grader.records.submission import Submission

MOST_NAMED = 8
"""How many lost checks a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measurer:
    """Measures the reference for a schedule: as the kind that stands for the student's name."""

    executor: Executor

    def measure(self, submission: Submission) -> ExecutionRecord:
        """How it ran, and what was measured. SandboxError where its box broke."""
        own = replace(submission, student="reference")
        handed_in = submission.student == "student"
        return self.executor.measure(own) if handed_in else self.executor.measure_reference(own)

    def give_up(self, submission: Submission, why: str) -> ExecutionRecord:
        """What is recorded where its box broke again: nothing could be measured."""
        return replace(
            self.executor.give_up(submission, why), kind=cast("Kind", submission.student)
        )

    def recover(self) -> None:
        """Boxes hold."""
        self.executor.recover()

    def close(self) -> None:
        """Every box is cut off."""
        self.executor.close()


def measure(
    executor: Executor, submission: Submission, kinds: Sequence[Kind]
) -> dict[Kind, ExecutionRecord]:
    """The reference as each of these kinds, side by side where the executor has several jobs."""
    schedule = Schedule(
        _Measurer(executor=executor),
        jobs=executor.jobs,
        cpu_seconds=executor.loaded.assignment.limits.cpu_seconds,
    )
    every = [replace(submission, student=kind) for kind in kinds]
    return {cast("Kind", s.student): record for s, record in schedule.run(every)}


def describe_loss(graded: Graded) -> str:
    """What the reference, graded as if it had been handed in, did not earn, and why; a predicate
    without a full stop, empty where it earns every point.
    """
    lost = [c for c in graded.checks if c.lost]
    status, reason = graded.execution.status, graded.execution.reason.rstrip(".")
    if not lost:
        unfit = status in ("broken", "tampered")
        return f"{describe_end(status).partition(':')[0]}: {reason}" if unfit else ""
    named = ", ".join(_name(c) for c in lost[:MOST_NAMED])
    if len(lost) > MOST_NAMED:
        named += f" and {len(lost) - MOST_NAMED} more checks"
    first = next((c for c in lost if c.outcome != "skipped"), lost[0])
    why = f"{named}: {first.feedback or 'no reason was given.'}"
    if status != "ok" and reason not in why:
        why = f"{why} What a student would read of such a run: {reason}"
    return f"loses {why.rstrip('.')}"


def describe_machine(executor: Executor, level: int, *, kept: bool) -> str:
    """With what that was measured, and what to do next; `kept` where it was compared with
    measurements of an earlier run.
    """
    used = describe_data(executor)
    again = ". With --fresh, what an earlier run kept of it is measured again too"
    return (
        f"That was measured on this machine just now, at sandbox level {level}, with torch "
        f"{executor.keys.versions['torch']} and seed {executor.seed}{used and f', on {used}'}. Run "
        f"`grader verify {executor.loaded.slug}` for every check, and `grader doctor` for the "
        f"machine{again if kept else ''}"
    )


def _name(check: CheckResult) -> str:
    """`values (4 of 4 points, hidden)`."""
    marks = ", bonus" * check.extra + ", hidden" * check.hidden
    return f"{check.name} ({check.points - check.earned:g} of {check.points:g} points{marks})"
