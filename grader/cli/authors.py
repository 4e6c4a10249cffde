"""Verbs for authors of assignments: verify, show, write the handout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.documents import Verified
from grader.cli.options import (
    BATCH_LEVEL,
    COURSE,
    FOLDER,
    JOBS,
    JSON,
    SLUG,
    RunOptions,
    complete_slugs,
    load,
    run_options,
)
from grader.records.errors import UsageError
from grader.records.temporary import TemporaryFolder

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.assignment.loader import LoadedAssignment

STUDENTS = click.argument("students", nargs=-1, metavar="[STUDENT...]")
ROSTER = click.option(
    "--roster",
    type=FOLDER,
    metavar="FILE",
    help="Take students from a text file, one a line, or from a platform's CSV file.",
)


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG...]", shell_complete=complete_slugs)
@click.option("--all", "every", is_flag=True, help="Verify every assignment of the course.")
@JSON
@JOBS
@run_options
def verify(
    run: RunOptions,
    slugs: tuple[str, ...],
    every: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Verify that assignments grade as they should.

    The reference has to earn every point, the handout next to none, and each known mistake has to
    lose the checks that it names.
    """
    from grader.cli import documents, tables, terminal

    course = run.find_course()
    names = course.slugs() if every else list(slugs)
    if not names:
        raise UsageError("name an assignment, or pass --all")
    verified = []
    for n, slug in enumerate(names, 1):
        within = f"{slug}, {n} of {len(names)} assignments" if len(names) > 1 else slug
        verified.append(_verify(run, course, slug, within))
        if not as_json:
            tables.findings(verified[-1])
    if as_json:
        terminal.document(documents.of_verified(verified))
    return 1 if any(one.faults for one in verified) else 0


def _verify(run: RunOptions, course: Course, slug: str, within: str) -> Verified:
    """What the own submissions of one assignment did."""
    from grader.cli.progress import show_progress
    from grader.grading.executor import Executor
    from grader.grading.verify import Specimens
    from grader.grading.verify import verify as find
    from grader.grading.which_assignment import CHECK_SEED

    loaded = load(course, slug)
    source = run.source(loaded)
    specimens = Specimens.of(course, loaded)
    choice = run.choice(notebooks=specimens.notebooks)
    with (
        TemporaryFolder("work") as folder,
        Executor(loaded, source, seed=CHECK_SEED, jobs=run.jobs, choice=choice) as executor,
    ):
        with show_progress(within) as progress:
            place, templates = Path(folder.path), course.templates
            findings = find(executor, specimens, place, progress, templates=templates)
        shown = sorted({(i.name, i.split) for i in executor.images})
        used = [source.describe_use(name, split) for name, split in shown]
    return Verified(slug=slug, findings=findings, used=used)


@click.command()
@SLUG
@JSON
@COURSE
def show(slug: str, as_json: bool, course: Path | None) -> int:  # noqa: FBT001
    """Show the checks of SLUG, and what enters the sandbox.

    Hidden checks are marked as such. What stays outside the sandbox is said last.
    """
    from grader.assignment.course import Course
    from grader.cli import documents, tables, terminal

    loaded = load(Course.find(course), slug)
    if as_json:
        terminal.document(documents.of_assignment(loaded))
    else:
        tables.rubric(loaded)
    return 0


@click.command()
@SLUG
@STUDENTS
@ROSTER
@click.option(
    "-o", "--out", type=FOLDER, metavar="FOLDER", required=True, help="Write to this folder."
)
@COURSE
def handout(
    slug: str, students: tuple[str, ...], roster: Path | None, out: Path, course: Path | None
) -> int:
    """Write what students of SLUG start from.

    Where numbers are drawn for each student, each gets a folder.
    STUDENT is the name by which `grade` will know the student: that of the submission's folder.
    """
    from grader.assignment import handout as handouts
    from grader.assignment.course import Course
    from grader.cli import terminal

    home = Course.find(course)
    loaded = load(home, slug, public=True)
    names = _read_names(loaded, students, roster)
    each = {n: home.handout(loaded, n) for n in names}
    folders = handouts.plan_folders(out, each) if names else {out: home.handout(loaded, "")}
    written = handouts.write(folders)
    terminal.line(
        f"{written} files written, {sum(map(len, folders.values())) - written} as they were."
    )
    terminal.line(str(out.resolve()))
    return 0


@click.command()
@SLUG
@STUDENTS
@ROSTER
@click.option(
    "-o",
    "--out",
    type=FOLDER,
    metavar="KIT.zip",
    help="Write it here, to a folder where each student has one; else nothing is written.",
)
@click.option(
    "--for",
    "whom",
    type=click.Choice(["students", "gradescope"]),
    default="students",
    show_default=True,
    help="Pack a kit for students, or an autograder for Gradescope, hidden checks included.",
)
@click.option(
    "--allow-level",
    type=click.IntRange(0, 4),
    metavar="N",
    default=BATCH_LEVEL,
    show_default=True,
    help="Let Gradescope's autograder accept no sandbox level below this one.",
)
@click.option(
    "--answers",
    is_flag=True,
    help="Pack the answers that are asked for as well; students can read them.",
)
@run_options
def release(
    run: RunOptions,
    slug: str,
    students: tuple[str, ...],
    roster: Path | None,
    out: Path | None,
    whom: str,
    allow_level: int,
    answers: bool,  # noqa: FBT001
) -> int:
    """Pack a kit with which students of SLUG check themselves.

    A kit holds what was measured on the reference, and not the reference. STUDENT is the name by
    which `grade` will know the student: that of the submission's folder. With --for gradescope it
    is an autograder for that platform, which has both.
    """
    if whom == "gradescope":
        if students or roster or answers:
            raise UsageError(
                "an autograder for Gradescope is the same for everybody. Leave out students, "
                "--roster and --answers"
            )
        return _release_autograder(run, slug, out, allow_level)
    return _release_kits(
        run, slug, _Kits(students=students, roster=roster, out=out, answers=answers)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kits:
    """What of kits was asked for."""

    students: tuple[str, ...]
    roster: Path | None
    out: Path | None
    answers: bool


def _release_kits(run: RunOptions, slug: str, asked: _Kits) -> int:
    from grader.assignment import handout as handouts
    from grader.cli import tables, terminal
    from grader.cli.progress import show_progress
    from grader.grading.executor import Executor
    from grader.grading.release import load_public, plan_files
    from grader.grading.release import release as pack
    from grader.grading.which_assignment import CHECK_SEED
    from grader.inside.cell import is_notebook

    course = run.find_course()
    loaded = load_public(course, slug)
    names = _read_names(loaded, asked.students, asked.roster)
    choice = run.choice(notebooks=is_notebook(loaded.reference.entry))
    each: list[str | None] = [*names] or [None]
    made = []
    with (
        Executor(loaded, run.source(loaded), seed=CHECK_SEED, choice=choice) as executor,
        show_progress(slug) as progress,
    ):
        progress.begin(len(each), "kits")
        for name in each:
            made.append(pack(executor, course, name, answers=asked.answers))
            progress.step(name or slug)
    tables.released(made[0])
    if asked.out is None:
        terminal.line("Nothing was written. Name a place with -o")
        return 0
    written = handouts.write(plan_files(asked.out, [r.kit for r in made]))
    terminal.line(f"Kits newly written: {written} of {len(made)}.")
    terminal.line(str(asked.out.resolve()))
    return 0


def _release_autograder(run: RunOptions, slug: str, out: Path | None, allow_level: int) -> int:
    from grader.assignment import handout as handouts
    from grader.cli import tables, terminal
    from grader.cli.progress import show_progress
    from grader.grading import gradescope
    from grader.grading.executor import Executor
    from grader.grading.which_assignment import CHECK_SEED
    from grader.inside.cell import is_notebook

    course = run.find_course()
    loaded = load(course, slug)
    choice = run.choice(notebooks=is_notebook(loaded.reference.entry))
    with (
        Executor(loaded, run.source(loaded), seed=CHECK_SEED, choice=choice) as executor,
        show_progress(slug) as progress,
    ):
        progress.begin(1, "autograder")
        made = gradescope.make(executor, course, allow_level=allow_level)
    tables.packed(slug, made)
    if out is None:
        terminal.line("Nothing was written. Name a place with -o")
        return 0
    handouts.write({out.parent: {out.name: made.pack()}})
    terminal.line(str(out.resolve()))
    return 0


def _read_names(
    loaded: LoadedAssignment, students: tuple[str, ...], roster: Path | None
) -> list[str]:
    """The students named, each once. UsageError where an assignment of that kind has none, or
    needs some.
    """
    from grader.assignment import handout as handouts
    from grader.submissions.roster import list_labels, read_roster

    names = list(students)
    if roster is not None and roster.suffix.lower() == ".csv":
        names += list_labels(read_roster(roster))
    elif roster is not None:
        names += handouts.read_roster(roster)
    personal = loaded.assignment.numbers("") is not None
    if names and not personal:
        raise UsageError(
            f"what students of {loaded.slug} get is the same for everybody; name no students"
        )
    if personal and not names:
        raise UsageError(
            f"the numbers of {loaded.slug} are drawn for each student. Name students, or a --roster"
        )
    return list(dict.fromkeys(names))
