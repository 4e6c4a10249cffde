"""A student's own check: the public checks on the student's own work, on the path of grading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.assignment.assignment import Assignment
from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.data import Source
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.progress import Progress, Silent
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.sandbox.backend import Choice
from grader.sandbox.live import LiveChoice, Session
from grader.submissions import collect
from grader.submissions.entry import is_near

YOU = "you"
"""What a student is called who need not be named."""
LIVE_NOTE = (
    "these are the names of your session as they stand, measured without a sandbox; `cell 3` is "
    "what is shown as `[3]`. What is graded is the saved file, run from top to bottom."
)


def find_assignment(course: Course, file: Path) -> str:
    """The assignment that asks for a file of this name, or for one that is nearly called so.

    Raises UsageError where there is none or more than one.
    """
    near = [slug for slug in course.slugs() if _is_asked_for(course, slug, file)]
    return near[0] if len(near) == 1 else course.by_entry(file.stem)


def _is_asked_for(course: Course, slug: str, file: Path) -> bool:
    entry = course.load(slug, public=True).assignment.entry
    return any(is_near(file.name, entry + suffix) for suffix in ENTRY_SUFFIXES)


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
    _require_name(loaded.assignment, student)
    submission = collect.read_one(files, loaded.asked, student=student or YOU)
    chosen = choice(notebooks=is_notebook(submission.entry))
    return _check(loaded, source, submission, chosen, seed, progress)


def check_live(
    loaded: LoadedAssignment,
    source: Source,
    session: Session,
    *,
    choice: Callable[..., Choice],
    seed: int,
    student: str | None = None,
    progress: Progress | None = None,
) -> Graded:
    """The same of the names of a session that runs, measured in this process, without a box.

    The reference runs on the backend that `choice` gives.
    """
    assignment = loaded.assignment
    _require_name(assignment, student)
    entry = f"{assignment.entry}{ENTRY_SUFFIXES[1]}"
    files = {entry: session.notebook}
    submission = Submission(student=student or YOU, files=files, entry=entry, notes=(LIVE_NOTE,))
    chosen = LiveChoice(session=session, others=choice(notebooks=False))
    return _check(loaded, source, submission, chosen, seed, progress)


def _require_name(assignment: Assignment, student: str | None) -> None:
    if assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )


def _check(
    loaded: LoadedAssignment,
    source: Source,
    submission: Submission,
    choice: Choice,
    seed: int,
    progress: Progress | None,
) -> Graded:
    submission, show = loaded.assignment.add_numbers(submission), progress or Silent()
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(loaded, source, seed=seed, choice=choice, lenient=True) as executor,
    ):
        cohort = Cohort(executor, ledger)
        show.begin(3, "steps")
        show.step(f"sandbox of level {cohort.level}")  # which starts it
        cohort.reference(submission)
        show.step("reference measured")
        record = executor.measure(submission)
        show.step("your file measured")
        return cohort.judge(submission, record)
