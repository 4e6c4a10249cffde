"""Verbs for students: check oneself before handing in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import CHECK_SEED, FOLDER, SEED, RunOptions, run_options
from grader.records.errors import UsageError


@click.command()
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
@run_options
def check(
    run: RunOptions, files: tuple[Path, ...], slug: str | None, seed: int, student: str | None
) -> int:
    """Check your own FILES before you submit: the public checks, on the same path as grading."""
    import tempfile

    from grader.cli import terminal
    from grader.grading.cohort import Cohort
    from grader.grading.executor import Executor
    from grader.inside.cell import is_notebook
    from grader.ledger.ledger import Ledger
    from grader.submissions import collect

    course = run.find_course()
    loaded = course.load(slug or course.by_entry(files[0].stem), public=True)
    assignment = loaded.assignment
    if assignment.numbers("") is not None and not student:
        raise UsageError(
            "the numbers of this assignment are drawn for each student. Pass --student with the "
            "name that your handout gives as `student`"
        )
    submission = assignment.add_numbers(
        collect.read_one(files, loaded.asked, student=student or "you")
    )
    source = run.source(loaded, lenient=True)
    choice = run.choice(notebooks=is_notebook(submission.entry))
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(loaded, source, seed=seed, choice=choice, lenient=True) as executor,
        terminal.progress() as progress,
    ):
        progress.begin(0, "running your file beside the reference")
        cohort = Cohort(executor, ledger)
        cohort.reference(submission)
        graded = cohort.judge(submission, executor.measure(submission))
        absent = executor.absent
    return 1 if terminal.checked(graded, absent) else 0
