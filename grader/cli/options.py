"""Options that several verbs share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.assignment.loader import LoadedAssignment
    from grader.data import Source
    from grader.sandbox.backend import Choice

P = ParamSpec("P")

DEFAULT_JOBS = min(8, os.cpu_count() or 1)
BATCH_LEVEL = 2
"""Sandbox level below which a batch does not run unless told to."""

FOLDER = click.Path(path_type=Path)
SEED = click.IntRange(0, 2**31 - 1)
OUT = click.option("-o", "--out", type=FOLDER, help="Output folder.  [default: reports/SLUG]")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Where the course and the data sets are, and how submissions are run."""

    course: Path | None
    data_root: Path | None
    stand_in: bool
    level: int | None
    jobs: int = 1

    def find_course(self) -> Course:
        """The course that was named, or the one found."""
        from grader.assignment.course import Course

        return Course.find(self.course)

    def source(self, loaded: LoadedAssignment) -> Source:
        """Where data sets are read.

        Raises DataSetAbsent now rather than after the sandbox has started.
        """
        from grader.data import Source
        from grader.grading.executor import images_of

        source = Source(self.data_root, self.stand_in)
        for images in [*images_of(loaded), *(labels.images for labels in loaded.labels)]:
            source.stands_in(images.name)
        return source

    def choice(self, *, lowest: int = 0, notebooks: bool) -> Choice:
        """Which backend runs the code."""
        from grader.sandbox.backend import Choice

        return Choice(level=self.level, lowest=lowest, notebooks=notebooks)


def run_options(
    function: Callable[Concatenate[RunOptions, P], int],
) -> Callable[P, int]:
    """Give a verb the options of RunOptions but `--jobs`, as its first argument."""

    @LEVEL
    @COURSE
    @DATA
    @STAND_IN
    @functools.wraps(function)
    def verb(*args: P.args, **options: P.kwargs) -> int:
        taken = {k: options.pop(k) for k in RunOptions.__slots__ if k in options}
        return function(RunOptions(**taken), *args, **options)  # type: ignore[arg-type]

    return verb
