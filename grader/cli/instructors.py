"""Verbs for instructors: grade a class, render it again, try the demonstration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import BATCH_LEVEL, COURSE, FOLDER, JOBS, OUT, SEED, RunOptions, run_options
from grader.records.errors import UsageError

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.assignment.loader import LoadedAssignment
    from grader.grading.grade import RunSummary
    from grader.records.submission import Submission

DEMO = "lenet5_mnist"
"""The assignment that `demo` grades."""


@click.command()
@click.argument("slug")
@click.argument("submissions", type=FOLDER)
@OUT
@click.option(
    "--only", multiple=True, metavar="STUDENT", help="Grade this student alone; may be repeated."
)
@click.option("--fresh", is_flag=True, help="Run every submission, and the reference, again.")
@click.option("--seed", type=SEED, help="Draw the random inputs from this seed.")
@click.option(
    "--allow-level",
    type=click.IntRange(0, 4),
    default=BATCH_LEVEL,
    show_default=True,
    help="Lowest sandbox level to accept.",
)
@JOBS
@run_options
def grade(
    run: RunOptions,
    slug: str,
    submissions: Path,
    out: Path | None,
    only: tuple[str, ...],
    fresh: bool,  # noqa: FBT001
    seed: int | None,
    allow_level: int,
) -> int:
    """Grade a folder or archive of SUBMISSIONS to the assignment SLUG."""
    from grader.cli import terminal
    from grader.submissions import collect

    course = run.find_course()
    loaded = course.load(slug)
    handed_in = collect.read_class(submissions, loaded.asked)
    absent = set(only) - {s.student for s in handed_in}
    if absent:
        names = ", ".join(s.student for s in handed_in[:8])
        raise UsageError(
            f"there is no student {min(absent)!r} in {submissions}. There are: {names}"
        )
    chosen = [s for s in handed_in if not only or s.student in only]
    target = out or Path("reports") / slug
    summary = _grade(
        run, course, loaded, chosen, target, seed=seed, fresh=fresh, lowest=allow_level
    )
    terminal.results(summary)
    terminal.where(target)
    return 1 if any(g.needs_review for g in summary.graded) else 0


def _grade(
    run: RunOptions,
    course: Course,
    loaded: LoadedAssignment,
    submissions: Sequence[Submission],
    out: Path,
    *,
    seed: int | None = None,
    fresh: bool = False,
    lowest: int = BATCH_LEVEL,
) -> RunSummary:
    """Grade into `out`, with a progress bar."""
    from grader.cli import terminal
    from grader.grading import grade as grading
    from grader.grading.executor import Executor
    from grader.inside.cell import is_notebook

    source = run.source(loaded)
    choice = run.choice(lowest=lowest, notebooks=any(is_notebook(s.entry) for s in submissions))
    drawn = grading.seed_of(out / "grades.db", seed)
    with (
        Executor(loaded, source, seed=drawn, jobs=run.jobs, choice=choice) as executor,
        terminal.progress() as progress,
    ):
        return grading.grade(
            executor,
            submissions,
            out,
            fresh=fresh,
            templates=course.templates,
            progress=progress,
            argv=sys.argv,
        )


@click.command()
@OUT
@JOBS
@run_options
def demo(run: RunOptions, out: Path | None) -> int:
    """Grade the bundled sample class and say where the reports are."""
    import tempfile

    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.submissions import collect

    run = replace(run, stand_in=True)
    course = run.find_course() if run.course else Course.bundled()
    loaded = course.load(DEMO)
    with tempfile.TemporaryDirectory() as folder:
        sample = course.write_sample(loaded, Path(folder))
        handed_in = collect.read_class(sample, loaded.asked)
    target = out or Path("reports") / DEMO
    summary = _grade(run, course, loaded, handed_in, target)
    terminal.results(summary)
    wrong = terminal.unexpected(summary, course.expected(DEMO))
    terminal.where(target)
    return 1 if wrong else 0


@click.command()
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
