"""A student's own check: the public checks on the student's own files, on the path of grading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment.course import Course
from grader.assignment.kit import Kit, find_kits, read_kit
from grader.assignment.loader import LoadedAssignment
from grader.data import Source
from grader.grading.cache_key import read_versions
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.grade import Progress, Silent
from grader.inside.cell import is_notebook
from grader.ledger.ledger import Ledger
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.sandbox.backend import Choice
from grader.submissions import collect

CHECK_SEED = 1
"""Seed of a student's own check: the same every time, so that a repair shows."""
_COMPARED = ("torch", "numpy")
"""Versions that a reader is told of where they are not those of the kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """What the public checks decide about a student's own files."""

    graded: Graded
    withheld: bool
    """Whether there are checks that are not shown."""
    remarks: tuple[str, ...] = ()
    """What a reader should know besides: the kit that judged, and versions that differ from its."""


def check_here(
    files: Sequence[Path],
    *,
    kit: Path | None = None,
    course: Path | None = None,
    slug: str | None = None,
    student: str | None = None,
    seed: int | None = None,
    source: Source | None = None,
    choice: Callable[..., Choice] = Choice,
    progress: Progress | None = None,
) -> SelfCheck:
    """What the public checks of the kit or course that is named or in reach decide; nothing is
    kept.

    Raises UsageError, CourseError or SandboxError where nothing can be decided.
    """
    loaded, found = find_assignment(files, kit=kit, course=course, slug=slug)
    if found is not None:
        student, seed = _settle(found, student, seed)
    graded = check_files(
        loaded,
        source or Source(),
        files,
        choice=choice,
        seed=CHECK_SEED if seed is None else seed,
        student=student,
        progress=progress,
    )
    remarks = _describe_kit(found) if found else ()
    return SelfCheck(graded=graded, withheld=loaded.withheld, remarks=remarks)


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

    What takes a data set that is not here is `deferred`, and so is what a kit does not tell.
    `choice` makes the choice of a backend from the argument `notebooks`. Raises UsageError where
    the student has to be named and is not.
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
        beside = "" if loaded.measured else " beside the reference"
        show.begin(0, f"running your file{beside}")
        cohort = Cohort(executor, ledger)
        cohort.reference(submission)
        return cohort.judge(submission, executor.measure(submission))


# ---------------------------------------------------------------------- by what is judged


def find_assignment(
    files: Sequence[Path],
    *,
    kit: Path | None = None,
    course: Path | None = None,
    slug: str | None = None,
) -> tuple[LoadedAssignment, Kit | None]:
    """The assignment that these files are for, with its public checks, and the kit that it is from.

    The first of: the kit named, the course named, a kit beside the files or above, a course above,
    the bundled course. Raises UsageError where there is none, or no saying which.
    """
    if kit is not None:
        named = read_kit(kit)
        if slug not in (None, named.slug):
            raise UsageError(f"the kit {kit} is of {named.slug}, not of {slug}. Leave out -a")
        return named.load(), named
    found = None if course is not None else _choose_kit(files, slug)
    if found is not None:
        return found.load(), found
    home = Course.find(course)
    return home.load(slug or home.by_entry(files[0].stem), public=True), None


def _choose_kit(files: Sequence[Path], slug: str | None) -> Kit | None:
    """The nearest kit of that assignment, or for a file that is called so; or, where no course is
    in reach, the only one for a file that is called otherwise.
    """
    others: list[Kit] = []
    for kits in find_kits(files):
        fitting = [k for k in kits if (k.slug == slug if slug else k.entry == files[0].stem)]
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
    """Which kit judged, and in one more line where this machine is not as the one that made it."""
    here = read_versions()
    known = [n for n in _COMPARED if n in kit.versions]
    other = [n for n in known if _cut(kit.versions[n]) != _cut(here[n])]
    line = f"Judged by the kit {kit.place}."
    if not other:
        return (line,)
    theirs, ours = (" and ".join(f"{n} {_cut(v[n])}" for n in other) for v in (kit.versions, here))
    return (
        line,
        f"It was measured with {theirs}; here is {ours}. That is no fault: results may differ in "
        "their last digits.",
    )


def _cut(version: str) -> str:
    """Without the build: 2.13.0 of 2.13.0+cpu."""
    return version.partition("+")[0]
