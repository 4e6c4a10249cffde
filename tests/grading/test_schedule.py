"""Which submissions are measured again, and what ends a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from grader.grading.schedule import ALONE, DOUBTFUL, Schedule
from grader.records.errors import SandboxError
from grader.records.execution import Execution, ExecutionRecord, Status
from grader.records.submission import Submission

Deed = Callable[[Submission], ExecutionRecord]


def record(status: Status = "ok", *, cpu: float = 0.0, disturbed: bool = False) -> Deed:
    """What a box reports."""

    def make(submission: Submission) -> ExecutionRecord:
        execution = Execution(status=status, cpu_seconds=cpu)
        student, digest = submission.student, submission.digest
        return ExecutionRecord(
            student=student, digest=digest, execution=execution, answers={}, disturbed=disturbed
        )

    return make


def broken(_: Submission) -> ExecutionRecord:
    """A box breaks."""
    raise SandboxError("A box broke: it ended without a report.")


@dataclass
class Deeds:
    """Measures by a list for each student, of which the last goes on for ever."""

    deeds: Mapping[str, list[Deed]]
    holds: bool = True
    measured: list[str] = field(default_factory=list)
    tried: int = 0

    def measure(self, submission: Submission) -> ExecutionRecord:
        self.measured.append(submission.student)
        left = self.deeds.get(submission.student, [record()])
        return (left.pop(0) if len(left) > 1 else left[0])(submission)

    def give_up(self, submission: Submission, why: str) -> ExecutionRecord:
        execution = Execution(status="broken", reason=why)
        student, digest = submission.student, submission.digest
        return ExecutionRecord(student=student, digest=digest, execution=execution, answers={})

    def recover(self) -> None:
        self.tried += 1
        if not self.holds:
            raise SandboxError("the sandbox holds no more")

    def close(self) -> None:
        """Nothing is open."""


def run(deeds: Deeds, students: list[str], *, jobs: int = 2) -> dict[str, str]:
    """The status of each."""
    every = [Submission(student=s, files={}, entry=None) for s in students]
    schedule = Schedule(deeds, jobs=jobs, cpu_seconds=6.0)
    return {s.student: r.execution.status for s, r in schedule.run(every)}


def test_boxes_that_break_end_no_run() -> None:
    """However many break, the others are measured, and the sandbox is tried now and then."""
    names = [f"s{n:02}" for n in range(20)]
    deeds = Deeds({name: [broken] for name in names[:15]})
    got = run(deeds, names)
    assert {name: got[name] for name in names[15:]} == dict.fromkeys(names[15:], "ok")
    assert {name: got[name] for name in names[:15]} == dict.fromkeys(names[:15], "broken")
    assert deeds.tried >= 15 * ALONE + 15 // DOUBTFUL - 1
    assert deeds.measured.count("s00") == 1 + ALONE


def test_a_sandbox_that_holds_no_more_ends_the_run() -> None:
    """In its own words, after few boxes; not each submission is tried."""
    names = [f"s{n:02}" for n in range(50)]
    deeds = Deeds({name: [broken] for name in names}, holds=False)
    with pytest.raises(SandboxError, match="holds no more"):
        run(deeds, names)
    assert len(deeds.measured) < DOUBTFUL + 5


@pytest.mark.parametrize(
    ("deeds", "status", "times"),
    [
        ([broken, record()], "ok", 2),
        ([broken, broken, broken, record()], "ok", 4),
        ([broken], "broken", 1 + ALONE),
        ([record("crashed", disturbed=True), record()], "ok", 2),
        ([record("ok", disturbed=True), broken, record()], "ok", 3),
        ([record("crashed", disturbed=True)], "crashed", 1 + ALONE),
        ([record("crashed")], "crashed", 1),
        ([record("time", cpu=3.0), record()], "ok", 2),
        ([record("time", cpu=3.0)], "time", 2),
        ([record("time", cpu=0.1)], "time", 1),
    ],
)
def test_what_is_measured_again(deeds: list[Deed], status: str, times: int) -> None:
    """What may be somebody else's doing; what happens again is told as it is."""
    measurer = Deeds({"Ada": deeds})
    assert run(measurer, ["Ada", "Bob"]) == {"Ada": status, "Bob": "ok"}
    assert measurer.measured.count("Ada") == times
