"""Verbs for students: check oneself before handing in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import FOLDER, SEED, RunOptions, run_options


@click.command()
@click.argument("files", nargs=-1, required=True, type=FOLDER)
@click.option(
    "-a", "--assignment", "slug", help="Assignment; found by the file's name where left out."
)
@click.option(
    "--seed",
    type=SEED,
    help="Draw the random inputs from this seed; a kit has its own.  [default: 1]",
)
@click.option(
    "--student", metavar="NAME", help="You, where the handout's numbers are drawn for each student."
)
@click.option(
    "--kit",
    type=FOLDER,
    metavar="KIT",
    help="Your instructor's kit, a zip or its folder; found where it lies beside your file.",
)
@run_options
def check(
    run: RunOptions,
    files: tuple[Path, ...],
    slug: str | None,
    seed: int | None,
    student: str | None,
    kit: Path | None,
) -> int:
    """Check your own FILES before you submit: the public checks, on the same path as grading."""
    from grader.cli import terminal
    from grader.data import Source
    from grader.grading.self_check import check_here

    with terminal.progress() as progress:
        checked = check_here(
            files,
            kit=kit,
            course=run.course,
            slug=slug,
            student=student,
            seed=seed,
            source=Source(run.data_root, run.stand_in),
            choice=run.choice,
            progress=progress,
        )
    return 1 if terminal.checked(checked) else 0
