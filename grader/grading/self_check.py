"""A student's own check: the public checks on the student's own files, on the path of grading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.assignment.loader import LoadedAssignment
from grader.data import Source
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.progress import Progress, Silent
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.sandbox.backend import Choice
from grader.submissions import collect


def check_files(
    loaded: LoadedAssignment,
    source: Source,
    files: Sequence[Path],
    *,
    choice: Callable[..., Choice],
    seed: int,
    student: str | None = None,
    progress: Progress | None = None,
) -> Graded:
    """What the public checks decide about these files; nothing is kept.

    What takes a data set that is not here is `deferred`. `choice` makes the choice of a backend
    from the argument `notebooks`. Raises UsageError where the student has to be named and is not.
    """
    assignment, show = loaded.assignment, progress or Silent()
    if assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )
    read = collect.read_one(files, loaded.asked, student=student or "you")
    submission = assignment.add_numbers(read)
    chosen = choice(notebooks=is_notebook(submission.entry))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(loaded, source, seed=seed, choice=chosen, lenient=True) as executor,
    ):
        cohort = Cohort(executor, ledger)
        show.begin(3, "steps")
        show.step(f"sandbox of level {cohort.level}")  # which starts it
        cohort.reference(submission)
        show.step("reference measured")
        record = executor.measure(submission)
        show.step("your file measured")
        return cohort.judge(submission, record)
