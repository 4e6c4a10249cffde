"""Verbs for students: check oneself before handing in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import (
    CHECK_SEED,
    FOLDER,
    JSON,
    SEED,
    RunOptions,
    complete_slugs,
    run_options,
)


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
    default=CHECK_SEED,
    show_default=True,
    help="Draw the random inputs from this seed.",
)
@click.option(
    "--student",
    metavar="NAME",
    help="Use the numbers of this student, where each has their own: you, as in your handout.",
)
@JSON
@run_options
def check(
    run: RunOptions,
    files: tuple[Path, ...],
    slug: str | None,
    seed: int,
    student: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Check your own FILE before you submit it.

    The public checks decide, on the same path as grading. Files of the assignment that lie beside
    the first one are taken along.
    """
    from grader.cli import documents, terminal
    from grader.cli.progress import show_progress
    from grader.grading.self_check import check_files

    course = run.find_course()
    loaded = course.load(slug or course.by_entry(files[0].stem), public=True)
    with show_progress() as progress:
        graded = check_files(
            loaded,
            run.source(loaded, lenient=True),
            files,
            choice=run.choice,
            seed=seed,
            student=student,
            progress=progress,
        )
    if as_json:
        terminal.document(documents.of_check(graded))
    else:
        terminal.checked(graded)
    return 1 if graded.lost else 0
