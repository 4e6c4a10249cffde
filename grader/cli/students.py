"""Verbs for students: check oneself before handing in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import CHECK_SEED, FOLDER, SEED, RunOptions, run_options


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
    from grader.cli import terminal
    from grader.grading.self_check import check_files

    course = run.find_course()
    loaded = course.load(slug or course.by_entry(files[0].stem), public=True)
    with terminal.progress() as progress:
        graded = check_files(
            loaded,
            run.source(loaded, lenient=True),
            files,
            choice=run.choice,
            seed=seed,
            student=student,
            progress=progress,
        )
    return 1 if terminal.checked(graded) else 0
