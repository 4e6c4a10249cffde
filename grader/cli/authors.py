"""Verbs for authors of assignments: verify, show, write the handout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import COURSE, FOLDER, JOBS, RunOptions, run_options
from grader.records.errors import UsageError

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.assignment.loader import LoadedAssignment

STUDENTS = click.argument("students", nargs=-1, metavar="[STUDENT...]")
ROSTER = click.option(
    "--roster", type=FOLDER, metavar="FILE", help="A text file with a student's name on each line."
)


@click.command()
@click.argument("slugs", nargs=-1, metavar="SLUG...")
@click.option("--all", "every", is_flag=True, help="Verify every assignment of the course.")
@JOBS
@run_options
def verify(run: RunOptions, slugs: tuple[str, ...], every: bool) -> int:  # noqa: FBT001
    """Check that the reference earns 100 %, the handout nothing, and each mistake loses what it
    names.
    """
    course = run.find_course()
    names = course.slugs() if every else list(slugs)
    if not names:
        raise UsageError("name an assignment, or pass --all")
    faults = sum(_verify(run, course, slug) for slug in names)
    return 1 if faults else 0


def _verify(run: RunOptions, course: Course, slug: str) -> int:
    """How many findings of one assignment are not as they should be."""
    import tempfile

    from grader.cli import terminal
    from grader.grading.executor import Executor
    from grader.grading.self_check import CHECK_SEED
    from grader.grading.verify import Specimens
    from grader.grading.verify import verify as find

    loaded = course.load(slug)
    source = run.source(loaded)
    specimens = Specimens.of(course, loaded)
    choice = run.choice(notebooks=specimens.notebooks)
    with (
        tempfile.TemporaryDirectory() as folder,
        Executor(loaded, source, seed=CHECK_SEED, jobs=run.jobs, choice=choice) as executor,
    ):
        with terminal.progress() as progress:
            findings = find(executor, specimens, Path(folder), progress)
        shown = sorted({(i.name, i.split) for i in executor.images})
        used = [source.describe_use(name, split) for name, split in shown]
    return terminal.findings(slug, findings, used)


@click.command()
@click.argument("slug")
@COURSE
def show(slug: str, course: Path | None) -> int:
    """Print the rubric of SLUG, and what crosses into the sandbox."""
    from grader.assignment.course import Course
    from grader.cli import terminal

    terminal.rubric(Course.find(course).load(slug))
    return 0


@click.command()
@click.argument("slug")
@STUDENTS
@ROSTER
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder to write to.")
@COURSE
def handout(
    slug: str, students: tuple[str, ...], roster: Path | None, out: Path, course: Path | None
) -> int:
    """Write what students of SLUG start from: a folder for each, where numbers are drawn for each.

    STUDENT is the name by which `grade` will know the student: that of the submission's folder.
    """
    from grader.assignment import handout as handouts
    from grader.assignment.course import Course
    from grader.cli import terminal

    home = Course.find(course)
    loaded = home.load(slug, public=True)
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
@click.argument("slug")
@STUDENTS
@ROSTER
@click.option(
    "-o",
    "--out",
    type=FOLDER,
    metavar="KIT.zip",
    help="Where to write it; a folder where each student has one. Without it, nothing is written.",
)
@click.option(
    "--answers",
    is_flag=True,
    help="Pack the answers that are asked for too; students can read them.",
)
@run_options
def release(
    run: RunOptions,
    slug: str,
    students: tuple[str, ...],
    roster: Path | None,
    out: Path | None,
    answers: bool,  # noqa: FBT001
) -> int:
    """Pack what students of SLUG check themselves with: a kit, without the reference.

    STUDENT is the name by which `grade` will know the student: that of the submission's folder.
    """
    from grader.assignment import handout as handouts
    from grader.cli import terminal
    from grader.grading.executor import Executor
    from grader.grading.release import load_public, plan_files
    from grader.grading.release import release as pack
    from grader.grading.self_check import CHECK_SEED
    from grader.inside.cell import is_notebook

    course = run.find_course()
    loaded = load_public(course, slug)
    names = _read_names(loaded, students, roster)
    choice = run.choice(notebooks=is_notebook(loaded.reference.entry))
    each: list[str | None] = [*names] or [None]
    with (
        Executor(loaded, run.source(loaded), seed=CHECK_SEED, choice=choice) as executor,
        terminal.progress() as progress,
    ):
        made = [pack(executor, course, n, answers=answers, progress=progress) for n in each]
    terminal.released(made[0])
    if out is None:
        terminal.line("Nothing was written. Name a place with -o")
        return 0
    written = handouts.write(plan_files(out, [r.kit for r in made]))
    terminal.line(f"Kits newly written: {written} of {len(made)}.")
    terminal.line(str(out.resolve()))
    return 0


def _read_names(
    loaded: LoadedAssignment, students: tuple[str, ...], roster: Path | None
) -> list[str]:
    """The students named, each once. UsageError where an assignment of that kind has none, or
    needs some.
    """
    from grader.assignment import handout as handouts

    names = [*students, *(handouts.read_roster(roster) if roster else ())]
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
