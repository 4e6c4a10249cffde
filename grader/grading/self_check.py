"""A student's own check: the public checks on the student's own work, on the path of grading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment.course import Course
from grader.assignment.kit import Kit, find_kits, read_kit
from grader.assignment.loader import LoadedAssignment
from grader.data import Source
from grader.grading.cache_key import read_versions
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


CHECK_SEED = 1
"""Seed of a student's own check: the same every time, so that a repair shows."""
_COMPARED = ("torch", "numpy")
"""Versions that a reader is told of where they are not those of the kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """By what a student's own work is judged, and as whose."""

    loaded: LoadedAssignment
    """With its public checks; its reference is that of a course, or what a kit knows of it."""
    seed: int
    student: str | None
    """Whose numbers count, where each student has some."""
    notes: tuple[str, ...] = ()
    """What a reader should know: the kit that judges, and versions that differ from its."""


def find_standard(
    files: Sequence[Path],
    *,
    kit: Path | None = None,
    course: Path | None = None,
    slug: str | None = None,
    student: str | None = None,
    seed: int | None = None,
) -> Standard:
    """By what these files are judged: the first of the kit named, the course named, a kit beside
    the files or above, a course above, the bundled course.

    Raises UsageError where there is none, no saying which, or where the student has to be named and
    is not.
    """
    found = read_kit(kit) if kit is not None else None
    if found is not None and slug not in (None, found.slug):
        raise UsageError(f"the kit {kit} is of {found.slug}, not of {slug}. Leave out -a")
    if found is None and course is None:
        found = _choose_kit(files, slug)
    if found is not None:
        student, seed = _settle(found, student, seed)
        loaded = found.load()
    else:
        home = Course.find(course)
        loaded = home.load(slug or _find_slug(home, files[0]), public=True)
    if loaded.assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )
    return Standard(
        loaded=loaded,
        seed=CHECK_SEED if seed is None else seed,
        student=student,
        notes=_describe_kit(found) if found else (),
    )


def check_files(
    standard: Standard,
    source: Source,
    files: Sequence[Path],
    *,
    choice: Callable[..., Choice],
    progress: Progress | None = None,
) -> Graded:
    """What the public checks decide about these files; nothing is kept.

    What takes a data set that is not here is `deferred`, and so is what a kit does not tell.
    `choice` makes the choice of a backend from the argument `notebooks`.
    """
    student = standard.student or YOU
    submission = collect.read_one(files, standard.loaded.asked, student=student)
    chosen = choice(notebooks=is_notebook(submission.entry))
    return _check(standard, source, submission, chosen, progress)


def check_live(
    standard: Standard,
    source: Source,
    session: Session,
    *,
    choice: Callable[..., Choice],
    progress: Progress | None = None,
) -> Graded:
    """The same of the names of a session that runs, measured in this process, without a box.

    The reference, where it is no kit's, runs on the backend that `choice` gives.
    """
    entry = f"{standard.loaded.assignment.entry}{ENTRY_SUFFIXES[1]}"
    submission = Submission(
        student=standard.student or YOU,
        files={entry: session.notebook},
        entry=entry,
        notes=(LIVE_NOTE,),
    )
    chosen = LiveChoice(session=session, others=choice(notebooks=False))
    return _check(standard, source, submission, chosen, progress)


def _check(
    standard: Standard,
    source: Source,
    submission: Submission,
    choice: Choice,
    progress: Progress | None,
) -> Graded:
    loaded, show = standard.loaded, progress or Silent()
    submission = loaded.assignment.add_numbers(submission)
    submission = replace(submission, notes=(*standard.notes, *submission.notes))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(loaded, source, seed=standard.seed, choice=choice, lenient=True) as executor,
    ):
        cohort = Cohort(executor, ledger)
        show.begin(3, "steps")
        show.step(f"sandbox of level {cohort.level}")  # which starts it
        cohort.reference(submission)
        show.step("reference known")
        record = executor.measure(submission)
        show.step("your file measured")
        return cohort.judge(submission, record)


# ---------------------------------------------------------------------- by what is judged


def _find_slug(course: Course, file: Path) -> str:
    """The assignment that asks for a file of this name, or for one that is nearly called so.

    Raises UsageError where there is none or more than one.
    """
    entries = {s: course.load(s, public=True).assignment.entry for s in course.slugs()}
    near = [slug for slug, entry in entries.items() if _fits(entry, file)]
    return near[0] if len(near) == 1 else course.by_entry(file.stem)


def _fits(entry: str, file: Path) -> bool:
    """Whether a file is called as the entry, or nearly so."""
    return any(is_near(file.name, entry + suffix) for suffix in ENTRY_SUFFIXES)


def _choose_kit(files: Sequence[Path], slug: str | None) -> Kit | None:
    """The nearest kit of that assignment, or for a file that is nearly called so; or, where no
    course is in reach, the only one for a file that is called otherwise.
    """
    others: list[Kit] = []
    for kits in find_kits(files):
        fitting = [k for k in kits if (k.slug == slug if slug else _fits(k.entry, files[0]))]
        if len(fitting) > 1:
            listed = " and ".join(str(k.place) for k in fitting)
            raise UsageError(f"{listed} are kits for that file. Name one of them with --kit")
        if fitting:
            return fitting[0]
        others = others or kits
    alone = len(others) == 1 and slug is None and Course.find() == Course.bundled()
    return others[0] if alone else None


def _settle(kit: Kit, student: str | None, seed: int | None) -> tuple[str | None, int]:
    """The student and the seed of the kit. UsageError where others are asked for."""
    if seed not in (None, kit.seed):
        raise UsageError(
            f"the measurements in the kit {kit.place} belong to the seed {kit.seed}. Leave out "
            "--seed"
        )
    if kit.student is not None and student is not None:
        same = " ".join(student.split()).casefold() == " ".join(kit.student.split()).casefold()
        if not same:
            raise UsageError(
                f"the kit {kit.place} is that of {kit.student}, not of {student}. Use your own, "
                "and leave out --student"
            )
    return kit.student or student, kit.seed


def _describe_kit(kit: Kit) -> tuple[str, ...]:
    """Which kit judges, and in one more line where this machine is not as the one that made it."""
    here = read_versions()
    known = [n for n in _COMPARED if n in kit.versions]
    other = [n for n in known if _cut(kit.versions[n]) != _cut(here[n])]
    line = f"judged by the kit {kit.place}."
    if not other:
        return (line,)
    theirs, ours = (" and ".join(f"{n} {_cut(v[n])}" for n in other) for v in (kit.versions, here))
    return (
        line,
        f"the kit was measured with {theirs}; here is {ours}. That is no fault: results may differ "
        "in their last digits.",
    )


def _cut(version: str) -> str:
    """Without the build: 2.13.0 of 2.13.0+cpu."""
    return version.partition("+")[0]
