"""A student's own check: the public checks on the student's own work, on the path of grading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from grader.data import Source
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.judging import Judging
from grader.grading.progress import Progress, Silent
from grader.grading.which_assignment import Chosen
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records.result import Graded
from grader.records.submission import ENTRY_SUFFIXES, Submission
from grader.records.temporary import TemporaryFolder
from grader.sandbox.backend import Choice
from grader.sandbox.live import LiveChoice, Session
from grader.submissions import collect

YOU = "you"
"""What a student is called who need not be named."""
LIVE_NOTE = (
    "these are the names of your session as they stand, measured without a sandbox; `cell 3` is "
    "what is shown as `[3]`. What is graded is the saved file, run from top to bottom."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """What the public checks decide about a student's own work."""

    graded: Graded
    withheld: bool
    """Whether there are checks that are not shown."""
    remarks: tuple[str, ...] = ()
    """What a reader should know besides: the kit that judged, and versions that differ from its."""


def check_files(
    chosen: Chosen,
    source: Source,
    files: Sequence[Path],
    *,
    choice: Callable[..., Choice],
    progress: Progress | None = None,
) -> SelfCheck:
    """What the public checks decide about these files; nothing is kept.

    What takes a data set that is not here is `deferred`, and so is what a kit does not tell.
    `choice` makes the choice of a backend from the argument `notebooks`.
    """
    submission = collect.read_one(files, chosen.loaded.asked, student=chosen.student or YOU)
    backend = choice(notebooks=is_notebook(submission.entry))
    return _check(chosen, source, submission, backend, progress)


def grade_alone(
    chosen: Chosen,
    source: Source,
    path: Path,
    *,
    choice: Callable[..., Choice],
    without: Sequence[Path] = (),
    progress: Progress | None = None,
) -> tuple[SelfCheck, Submission]:
    """What all checks of `chosen` decide about one folder, archive or file, as in a class; and what
    was handed in.

    Nothing is kept. Raises ReferenceFailed where there is a reference and it does not earn every
    point on this machine.
    """
    asked, student = chosen.loaded.asked, chosen.student or YOU
    submission = collect.read_one([path], asked, student=student, without=without)
    backend = choice(notebooks=is_notebook(submission.entry))
    return _check(chosen, source, submission, backend, progress, strict=True), submission


def check_live(
    chosen: Chosen,
    source: Source,
    session: Session,
    *,
    choice: Callable[..., Choice],
    progress: Progress | None = None,
) -> SelfCheck:
    """The same of the names of a session that runs, measured in this process, without a box.

    The reference, where there is one, runs on the backend that `choice` gives.
    """
    entry = f"{chosen.loaded.assignment.entry}{ENTRY_SUFFIXES[1]}"
    submission = Submission(
        student=chosen.student or YOU,
        files={entry: session.notebook},
        entry=entry,
        notes=(LIVE_NOTE,),
    )
    backend = LiveChoice(session=session, others=choice(notebooks=False))
    return _check(chosen, source, submission, backend, progress)


def _check(
    chosen: Chosen,
    source: Source,
    submission: Submission,
    choice: Choice,
    progress: Progress | None,
    *,
    strict: bool = False,
) -> SelfCheck:
    """`strict` where it counts: judged apart from this process, beside a reference that holds."""
    loaded, show = chosen.loaded, progress or Silent()
    submission = loaded.assignment.admit(submission)
    with (
        TemporaryFolder("work") as folder,
        Ledger(Path(folder.path, "grades.db")) as ledger,
        closing(Judging(loaded, source, apart=strict)) as judging,
        Executor(loaded, source, seed=chosen.seed, choice=choice, lenient=True) as executor,
    ):
        cohort = Cohort(executor, ledger, judging)
        show.begin(2 if loaded.measured else 3, "steps")
        show.step(f"sandbox of level {cohort.level}")  # which starts it
        if strict and not loaded.measured:
            cohort.require_reference(fresh=True)
        cohort.reference(submission)
        if not loaded.measured:
            show.step("reference measured")
        record = executor.measure(submission)
        show.step("your file measured")
        graded = cohort.judge(submission, record)
    return SelfCheck(graded=graded, withheld=loaded.withheld, remarks=chosen.remarks)
