"""Verbs for students: check oneself before handing in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import (
    FOLDER,
    JSON,
    SEED,
    RunOptions,
    complete_slugs,
    run_options,
)
from grader.records.errors import UsageError


@click.command()
@click.argument("files", nargs=-1, required=True, type=FOLDER, metavar="FILE...")
@click.option(
    "-a",
    "--assignment",
    "slug",
    metavar="SLUG",
    shell_complete=complete_slugs,
    help="Check for this assignment.  [default: found by the file's name]",
)
@click.option(
    "--seed",
    type=SEED,
    metavar="N",
    help="Draw the random inputs from this seed; a kit has its own.  [default: 1]",
)
@click.option(
    "--student",
    metavar="NAME",
    help="Use the numbers of this student, where each has their own: you, as in your handout.",
)
@click.option(
    "--kit",
    type=FOLDER,
    metavar="KIT",
    help="Judge by this kit, a zip or its folder.  [default: found beside your file or above]",
)
@JSON
@run_options
def check(
    run: RunOptions,
    files: tuple[Path, ...],
    slug: str | None,
    seed: int | None,
    student: str | None,
    kit: Path | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Check your own FILE before you submit it.

    The public checks decide, on the same path as grading. Files of the assignment that lie beside
    the first one are taken along.
    """
    from grader.cli import documents, terminal
    from grader.cli.progress import show_progress
    from grader.grading.self_check import check_files
    from grader.grading.which_assignment import choose_assignment

    if absent := [str(f) for f in files if not f.exists()]:  # said before what may follow from it
        raise UsageError(f"there is no file {' or '.join(absent)}. Check the path")
    chosen = choose_assignment(
        files, kit=kit, course=run.course, slug=slug, student=student, seed=seed
    )
    with show_progress() as progress:
        checked = check_files(chosen, run.own_source(), files, choice=run.choice, progress=progress)
    if as_json:
        terminal.document(documents.of_check(checked))
    else:
        terminal.checked(checked)
    return 1 if checked.graded.lost else 0
