"""The command line: verbs, options, exit codes; no logic. Heavy imports wait until a verb needs
them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import grader
from grader.records.errors import GraderError, UsageError

DEFAULT_JOBS = min(8, os.cpu_count() or 1)
BATCH_LEVEL = 2
"""Sandbox level below which a batch does not run unless told to."""
CHECK_SEED = 1
"""Seed of a student's own check: the same every time, so that a repair shows."""

FOLDER = click.Path(path_type=Path)
COURSE = click.option("--course", type=FOLDER, help="Folder with assignments/ and reference/.")
DATA = click.option("--data", "data_root", type=FOLDER, help="Folder of the data sets.")
STAND_IN = click.option(
    "--stand-in", is_flag=True, help="Where a data set is absent, use its stand-in."
)
JOBS = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=DEFAULT_JOBS,
    show_default=True,
    help="Submissions at once.",
)
LEVEL = click.option("--level", type=click.IntRange(0, 4), help="Use exactly this sandbox level.")
SEED = click.IntRange(0, 2**31 - 1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(grader.__version__, prog_name="grader")
@click.option("--debug", is_flag=True, help="Show tracebacks of the grader's own errors.")
def cli(debug: bool) -> None:  # noqa: FBT001  (read in `main`, before click)
    """Grade PyTorch submissions against a reference, in a sandbox."""


# ---------------------------------------------------------------------- instructors


@cli.command()
@click.argument("slug")
@click.argument("submissions", type=FOLDER)
@click.option("-o", "--out", type=FOLDER, help="Output folder.  [default: reports/SLUG]")
@click.option(
    "--only", multiple=True, metavar="STUDENT", help="Grade this student alone; may be repeated."
)
@click.option("--fresh", is_flag=True, help="Run every submission again.")
@click.option("--seed", type=SEED, help="Draw the random inputs from this seed.")
@click.option(
    "--allow-level",
    type=click.IntRange(0, 4),
    default=BATCH_LEVEL,
    show_default=True,
    help="Lowest sandbox level to accept.",
)
@JOBS
@LEVEL
@COURSE
@DATA
@STAND_IN
def grade(
    slug: str, submissions: Path, out: Path | None, only: tuple[str, ...], **options: Any
) -> int:
    """Grade a folder or archive of SUBMISSIONS to the assignment SLUG."""
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.submissions import collect

    course = Course.find(options["course"])
    loaded = course.load(slug)
    found = collect.read_class(submissions, loaded.asked)
    absent = set(only) - {s.student for s in found}
    if absent:
        names = ", ".join(s.student for s in found[:8])
        raise UsageError(
            f"there is no student {min(absent)!r} in {submissions}. There are: {names}"
        )
    chosen = [s for s in found if not only or s.student in only]
    outcome, target = _grade(course, loaded, chosen, out, **options)
    terminal.results(outcome)
    terminal.where(target)
    return 1 if any(g.needs_review for g in outcome.graded) else 0


def _grade(course: Any, loaded: Any, submissions: Any, out: Path | None, /, **options: Any) -> Any:
    from grader import data
    from grader.cli import terminal
    from grader.grading.executor import Executor
    from grader.grading.grade import grade as run
    from grader.grading.grade import seed_of
    from grader.inside.cell import is_notebook

    source = data.Source(options["data_root"], options["stand_in"])
    _settle_data(loaded, source)
    target = out or Path("reports") / loaded.slug
    seed = seed_of(target / "grades.db", options.get("seed"))
    with (
        Executor(
            loaded,
            source,
            seed=seed,
            jobs=options["jobs"],
            level=options["level"],
            lowest=options.get("allow_level", BATCH_LEVEL),
            notebooks=any(is_notebook(s.entry) for s in submissions),
        ) as executor,
        terminal.progress() as progress,
    ):
        outcome = run(
            executor,
            submissions,
            target,
            fresh=options.get("fresh", False),
            templates=course.templates,
            progress=progress,
            argv=sys.argv,
        )
    return outcome, target


def _settle_data(loaded: Any, source: Any) -> None:
    """Raise DataSetAbsent now rather than after the sandbox has started."""
    from grader.grading.executor import images_of

    for images in images_of(loaded):
        source.stands_in(images.name)


@cli.command()
@click.argument("slugs", nargs=-1, metavar="SLUG...")
@click.option("--all", "every", is_flag=True, help="Verify every assignment of the course.")
@JOBS
@LEVEL
@COURSE
@DATA
@STAND_IN
def verify(slugs: tuple[str, ...], every: bool, **options: Any) -> int:  # noqa: FBT001
    """Check that the reference earns 100 %, the handout nothing, and each mistake loses what it
    names.
    """
    from grader import data
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.grading.executor import Executor
    from grader.grading.verify import verify as run

    course = Course.find(options["course"])
    names = course.slugs() if every else list(slugs)
    if not names:
        raise UsageError("name an assignment, or pass --all")
    faults = 0
    for slug in names:
        loaded = course.load(slug)
        source = data.Source(options["data_root"], options["stand_in"])
        _settle_data(loaded, source)
        seed = CHECK_SEED
        with (
            tempfile.TemporaryDirectory() as folder,
            Executor(
                loaded, source, seed=seed, jobs=options["jobs"], level=options["level"]
            ) as executor,
        ):
            with terminal.progress() as progress:
                findings = run(executor, course, Path(folder), progress)
            shown = sorted({(i.name, i.split) for i in executor.images})
            used = [source.used(name, split) for name, split in shown]
        faults += terminal.findings(slug, findings, used)
    return 1 if faults else 0


@cli.command(name="show")
@click.argument("slug")
@COURSE
def show_(slug: str, course: Path | None) -> int:
    """Print the rubric of SLUG, and what crosses into the sandbox."""
    from grader.assignment.course import Course
    from grader.cli import terminal

    terminal.rubric(Course.find(course).load(slug))
    return 0


@cli.command()
@click.argument("slug")
@click.argument("students", nargs=-1, metavar="[STUDENT...]")
@click.option(
    "--roster", type=FOLDER, metavar="FILE", help="A text file with a student's name on each line."
)
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder to write to.")
@COURSE
def handout(
    slug: str, students: tuple[str, ...], roster: Path | None, out: Path, course: Path | None
) -> int:
    """Write what students of SLUG start from: a folder for each, where numbers are drawn for each.

    STUDENT is the name by which `grade` will know the student: that of the submission's folder.
    """
    from grader.assignment import handout
    from grader.assignment.course import Course
    from grader.cli import terminal

    found = Course.find(course)
    loaded = found.load(slug, public=True)
    names = [*students, *(handout.roster(roster) if roster else ())]
    personal = loaded.assignment.numbers("") is not None
    if names and not personal:
        raise UsageError(f"the handout of {slug} is the same for everybody; name no students")
    if personal and not names:
        raise UsageError(
            f"the numbers of {slug} are drawn for each student. Name students, or a --roster"
        )
    each = {n: found.handout(loaded, n) for n in names}
    folders = handout.folders(out, each) if personal else {out: found.handout(loaded, "")}
    written = handout.write(folders)
    terminal.line(
        f"{written} files written, {sum(map(len, folders.values())) - written} as they were."
    )
    terminal.line(str(out.resolve()))
    return 0


@cli.command()
@click.argument("out", type=FOLDER)
@COURSE
def report(out: Path, course: Path | None) -> int:
    """Render the pages of OUT again from its ledger; nothing is run."""
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.grading.grade import render
    from grader.ledger.ledger import Ledger

    if not (out / "grades.db").is_file():
        raise UsageError(
            f"{out} holds no grades.db. Name the output folder of an earlier `grader grade`"
        )
    with Ledger(out / "grades.db", readonly=True) as ledger:
        count = render(ledger, out, Course.find(course).templates)
    terminal.line(f"{count} reports rendered, nothing was run.")
    terminal.where(out)
    return 0


@cli.command()
@click.option("-o", "--out", type=FOLDER, help="Output folder.  [default: reports/SLUG]")
@JOBS
@LEVEL
@COURSE
@DATA
@STAND_IN
def demo(out: Path | None, **options: Any) -> int:
    """Grade the bundled sample class and say where the reports are."""
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.submissions import collect

    course = Course.find(options["course"]) if options["course"] else Course.bundled()
    slug = "lenet5_mnist"
    loaded = course.load(slug)
    options["stand_in"] = True
    with tempfile.TemporaryDirectory() as folder:
        sample = course.sample(loaded, Path(folder))
        found = collect.read_class(sample, loaded.asked)
    outcome, target = _grade(course, loaded, found, out, **options)
    terminal.results(outcome)
    wrong = terminal.unexpected(outcome, course.expected(slug))
    terminal.where(target)
    return 1 if wrong else 0


# ---------------------------------------------------------------------- students


@cli.command()
@click.argument("files", nargs=-1, required=True, type=FOLDER)
@click.option(
    "-a", "--assignment", "slug", help="Assignment; found by the file's name where left out."
)
@click.option(
    "--seed",
    type=SEED,
    default=CHECK_SEED,
    help="Draw the random inputs from this seed.",
)
@click.option(
    "--student", metavar="NAME", help="You, where the handout's numbers are drawn for each student."
)
@LEVEL
@COURSE
@DATA
@STAND_IN
def check(
    files: tuple[Path, ...], slug: str | None, seed: int, student: str | None, **options: Any
) -> int:
    """Check your own FILES before you submit: the public checks, on the same path as grading."""
    from grader import data
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.grading.executor import Executor
    from grader.grading.grade import Cohort
    from grader.inside.cell import is_notebook
    from grader.ledger.ledger import Ledger
    from grader.submissions import collect

    course = Course.find(options["course"])
    loaded = course.load(slug or course.by_entry(files[0].stem), public=True)
    assignment = loaded.assignment
    if assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )
    submission = assignment.given(collect.read_one(files, loaded.asked, student=student or "you"))
    source = data.Source(options["data_root"], options["stand_in"])
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(
            loaded,
            source,
            seed=seed,
            level=options["level"],
            lenient=True,
            notebooks=is_notebook(submission.entry),
        ) as executor,
        terminal.progress() as progress,
    ):
        progress.begin(0, "running your file beside the reference")
        group = Cohort(executor, ledger)
        group.start_sandbox()
        group.reference(submission)
        graded = group.judge(submission, executor.measure(submission))
        absent = executor.absent
    return 1 if terminal.checked(graded, absent) else 0


# ---------------------------------------------------------------------- the machine


@cli.group(invoke_without_command=True)
@click.option("--data", "data_root", type=FOLDER, help="Folder of the data sets.")
@click.pass_context
def data(context: click.Context, data_root: Path | None) -> int:
    """Say which data sets are here, and where."""
    from grader import data as sets
    from grader.cli import terminal

    context.obj = data_root
    if context.invoked_subcommand is None:
        terminal.shelves(sets.available(sets.Source(data_root)))
    return 0


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def fetch(data_root: Path | None, names: tuple[str, ...]) -> int:
    """Download the data sets NAME... with torchvision."""
    from grader import data as sets
    from grader.cli import terminal

    for name in names:
        terminal.line(f"{name} is in {sets.fetch(name, data_root)}")
    return 0


@cli.command()
@LEVEL
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def doctor(level: int | None, data_root: Path | None, as_json: bool) -> int:  # noqa: FBT001
    """Print the sandbox level with its self-test, the data sets and the versions."""
    from grader import data as sets
    from grader.cli import terminal
    from grader.sandbox import ForkServer

    with terminal.progress() as progress:
        progress.begin(0, "self-test of the sandbox")
        with ForkServer(level=level) as server:
            facts = server.describe()
    shelves = sets.available(sets.Source(data_root))
    if as_json:
        click.echo(json.dumps({**facts, "data": [asdict(s) for s in shelves]}, indent=2))
    else:
        terminal.doctor(facts)
        terminal.shelves(shelves)
    return 0 if facts["level"] >= BATCH_LEVEL else 1


def main(argv: list[str] | None = None) -> None:
    """Run a verb and exit: 0 done, 1 a person is needed or a check was lost, 2 wrong use, 130
    interrupted.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        code = cli.main(args=words, prog_name="grader", standalone_mode=False)
    except GraderError as error:
        if "--debug" in words:
            raise
        _complain(str(error))
        sys.exit(2)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "grader"
        _complain(f"{error.format_message().rstrip('.')}. See `{where} --help`")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _complain("Interrupted. What was graded is kept; run the same command again to go on")
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    """One line, whatever an instructor's exception or a file name holds."""
    from grader.report import escape

    whole = escape.terminal(" ".join(text.split()))
    click.echo(f"grader: {whole.rstrip('.')}.", err=True)
