"""In which order submissions are measured, how many at once, and which of them again.

It knows nothing of what is asked of a submission, and nothing of processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from grader.records.errors import SandboxError
from grader.records.execution import Execution, ExecutionRecord
from grader.records.submission import Submission

DOUBTFUL = 3
"""After so many boxes in a row that broke, the sandbox is tried."""
ALONE = 3
"""How often a submission is measured alone, where its box breaks or is disturbed again."""
BUSY_SHARE = 1 / 3
"""Share of the CPU limit above which a time-out may be the machine's fault and is tried again
alone.
"""

Measured = tuple[Submission, ExecutionRecord]


class Measurer(Protocol):
    """Measures submissions; `measure` may be called from several threads."""

    def measure(self, submission: Submission) -> ExecutionRecord:
        """How it ran, and what was measured. SandboxError where its box broke."""

    def give_up(self, submission: Submission, why: str) -> ExecutionRecord:
        """What is recorded where its box broke again: open, for a person to look at."""

    def recover(self) -> None:
        """Boxes hold, tried now. SandboxError where none does, so that nobody can be measured."""

    def close(self) -> None:
        """Every box is cut off, so that nobody waits for a limit."""


class Schedule:
    """Measures several submissions at a time, in the order in which they finish.

    One that ran out of wall time while it was computing is measured once more, alone. So is one
    whose box broke, or whose process somebody else ended, and again if need be; where the last
    one breaks as well, a person is asked. That is the business of this submission: the others go
    on. Raises SandboxError only where the sandbox itself, tried after a break, holds no more.
    """

    def __init__(self, measurer: Measurer, *, jobs: int, cpu_seconds: float) -> None:
        """`jobs` submissions at once; `cpu_seconds` is the limit of each."""
        self._measurer, self._jobs = measurer, jobs
        self._busy_seconds = cpu_seconds * BUSY_SHARE
        self._broken = 0
        """How many boxes have broken since the last one that held."""

    def run(self, submissions: Sequence[Submission]) -> Iterator[Measured]:
        """Each submission with its record."""
        again: list[Submission] = []
        for submission, record in self._side_by_side(submissions):
            if record is None or record.disturbed or self._was_crowded_out(record.execution):
                again.append(submission)
            else:
                yield submission, record
        for submission in again:
            yield submission, self._measure_alone(submission)

    def _measure_alone(self, submission: Submission) -> ExecutionRecord:
        for _ in range(ALONE):
            try:
                record = self._measurer.measure(submission)
            except SandboxError as error:
                self._measurer.recover()
                record = self._measurer.give_up(submission, str(error))
            else:
                if not record.disturbed:
                    break
        return record

    def _was_crowded_out(self, execution: Execution) -> bool:
        busy = execution.cpu_seconds > self._busy_seconds
        return self._jobs > 1 and execution.status == "time" and busy

    def _side_by_side(
        self, submissions: Iterable[Submission]
    ) -> Iterator[tuple[Submission, ExecutionRecord | None]]:
        """None where the box broke."""
        waiting = iter(submissions)
        running: dict[Future[ExecutionRecord | None], Submission] = {}
        pool = ThreadPoolExecutor(self._jobs)
        try:
            while True:
                while len(running) < self._jobs and (one := next(waiting, None)) is not None:
                    running[pool.submit(self._measure, one)] = one
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            if running:  # interrupted
                self._measurer.close()
            pool.shutdown(wait=True, cancel_futures=True)

    def _measure(self, submission: Submission) -> ExecutionRecord | None:
        try:
            record = self._measurer.measure(submission)
        except SandboxError:
            self._broken += 1
            if self._broken % DOUBTFUL == 0:
                self._measurer.recover()
            return None
        self._broken = 0
        return record
