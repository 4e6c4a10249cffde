"""How long one student's whole set takes: the reference of every assignment, graded once.

    make bench

The stand-ins take the place of the data sets; checks are the public and the hidden ones. "before"
is what a class pays once: the data, the sandbox and the reference. "student" is from the files to
the judged results. One box at a time; memory is that of the student's box.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.assignment.course import Course
from grader.data.source import Source
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.ledger.ledger import Ledger

ROOT = Path(__file__).resolve().parents[1]
NOWHERE = Path("/nonexistent")
BUDGET = 120
"""Seconds that the whole set may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one assignment took, in seconds of wall time, and the memory of the student's box."""

    before: float
    student: float
    peak_mib: float

    @property
    def whole(self) -> float:
        """Both."""
        return self.before + self.student


def graded(course: Course, slug: str, out: Path) -> Taken:
    """The reference's files as a student's. RuntimeError unless they earn full marks."""
    began = time.monotonic()
    loaded = course.load(slug)
    submission = loaded.assignment.add_numbers(replace(loaded.reference, student="ana"))
    with (
        Executor(loaded, Source(NOWHERE, stand_in=True), seed=1) as executor,
        Ledger(out) as ledger,
    ):
        group = Cohort(executor, ledger)
        group.reference(submission)
        ready = time.monotonic()
        found = group.judge(submission, executor.measure(submission))
        done = time.monotonic()
    if found.score != found.max_score:
        raise RuntimeError(f"{slug}: {found.score:g} of {found.max_score:g}")
    return Taken(before=ready - began, student=done - ready, peak_mib=found.execution.peak_mib)


def table(taken: dict[str, Taken]) -> Table:
    """Seconds of each assignment and of all."""
    made = Table(title="One student's whole set", show_footer=True)
    before, student, whole = (
        sum(getattr(t, column) for t in taken.values()) for column in ("before", "student", "whole")
    )
    made.add_column("", "all")
    for heading, total in (("before s", before), ("student s", student), ("both s", whole)):
        made.add_column(heading, f"{total:.1f}", justify="right")
    made.add_column("peak MiB", f"{max(t.peak_mib for t in taken.values()):,.0f}", justify="right")
    for slug, t in taken.items():
        seconds = (f"{s:.1f}" for s in (t.before, t.student, t.whole))
        made.add_row(slug, *seconds, f"{t.peak_mib:,.0f}")
    return made


def main() -> int:
    """A table stands on stdout; 1 where the set took longer than it may."""
    course = Course(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        taken = {s: graded(course, s, Path(folder) / f"{s}.db") for s in course.slugs()}
    whole = sum(t.whole for t in taken.values())
    console = Console()
    console.print(table(taken))
    console.print(f"{whole:.0f} seconds of the {BUDGET} that it may take.")
    return int(whole > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
