"""Options that several verbs share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from grader.records.errors import UsageError

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


def complete_slugs(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001
    begun: str,
) -> list[str]:
    """Assignments of the course that is found, for a shell; none where nothing can be read."""
    from grader.assignment.course import Course
    from grader.records.errors import GraderError

    try:
        slugs = Course.find(context.params.get("course")).slugs()
    except (GraderError, OSError):
        return []
    return [slug for slug in slugs if slug.startswith(begun)]


def complete_students(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001
    begun: str,
) -> list[str]:
    """Students of the folder that is named already, for a shell: each has a subfolder or file."""
    from grader.submissions.names import stem

    # While an option waits for its value, click leaves arguments where they are.
    folders = [f for word in context.args if (f := Path(word)).is_dir()]
    names = [p.name for f in folders[-1:] for p in f.iterdir()]
    return [s for n in names if n[0] != "." and (s := stem(n)).startswith(begun)]


def complete_from(group: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Completes what is installed of a group of entry points, for a shell."""

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from grader.records import extensions

        return [n for n in extensions.names(group) if n.startswith(begun)]

    return complete


def complete_backends(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    begun: str,
) -> list[str]:
    """Backends that are installed, for a shell, and the choice among ours."""
    from grader.records import extensions
    from grader.sandbox.backend import AUTO

    return [n for n in (AUTO, *extensions.names("grader.backends")) if n.startswith(begun)]


ATTEMPTS = ("last", "best", "first")
"""As in `submissions.attempts`, which is loaded later."""


def read_scale(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    text: str | None,
) -> str | None:
    """The curve that was named, if one was. Raises UsageError for what is none."""
    from grader.ledger.curve import read_curve

    if text is not None:
        read_curve(text)
    return text


SEED = click.IntRange(0, 2**31 - 1)
OUT = click.option(
    "-o",
    "--out",
    type=FOLDER,
    metavar="FOLDER",
    help="Write to this folder.  [default: the assignment's, in reports/]",
)
COURSE = click.option(
    "--course", type=FOLDER, metavar="FOLDER", help="The course: assignments/ and reference/."
)
DATA = click.option(
    "--data", "data_root", type=FOLDER, metavar="FOLDER", help="Look for data sets here."
)
STAND_IN = click.option(
    "--stand-in", is_flag=True, help="Use the stand-in of a data set that is absent."
)
JOBS = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=DEFAULT_JOBS,
    show_default=True,
    metavar="N",
    help="Run so many submissions at once.",
)
LEVEL = click.option(
    "--level",
    type=click.IntRange(0, 4),
    metavar="N",
    help="Use exactly this sandbox level.",
)
BACKEND = click.option(
    "--backend",
    metavar="NAME",
    default="auto",
    show_default=True,
    shell_complete=complete_backends,
    help="Run code by this: forkserver has walls and needs Linux; plain has none.",
)
SLUG = click.argument("slug", shell_complete=complete_slugs)
ALLOW_LEVEL = click.option(
    "--allow-level",
    type=click.IntRange(0, 4),
    metavar="N",
    default=BATCH_LEVEL,
    show_default=True,
    help="Accept no sandbox level below this one.",
)
SCALE_OPTION = click.option(
    "--scale",
    metavar="CURVE",
    callback=read_scale,
    help="A curve for the class, shown beside the scores: x1.1, +5, best or none. Kept for later "
    "runs.  [default: what was said last, else none]",
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, for programs."
)


def require_graded(out: Path) -> Path:
    """The ledger of an output folder. Raises UsageError where it has none."""
    if not (out / "grades.db").is_file():
        raise UsageError(
            f"{out} holds no grades.db. Name the output folder of an earlier `grader grade`"
        )
    return out / "grades.db"


def load(course: Course, slug: str, *, public: bool = False) -> LoadedAssignment:
    """The assignment. A note says where it is the program's own, as no course was found."""
    from grader.cli import terminal

    loaded = course.load(slug, public=public)
    if course.is_fallback:
        terminal.note(
            f"grader: no course was found in this folder or above it; {slug} is the one that comes "
            "with the program."
        )
    return loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Where the course and the data sets are, and how submissions are run."""

    course: Path | None
    data_root: Path | None
    stand_in: bool
    level: int | None
    backend: str
    jobs: int = 1

    def find_course(self) -> Course:
        """The course that was named, or the one found."""
        from grader.assignment.course import Course

        return Course.find(self.course)

    def source(self, loaded: LoadedAssignment) -> Source:
        """Where data sets are read.

        Raises DataSetAbsent now rather than after the sandbox has started.
        """
        from grader.grading.images import images_of

        source = self.own_source()
        for images in [*images_of(loaded), *(labels.images for labels in loaded.labels)]:
            source.stands_in(images.name)
        return source

    def own_source(self) -> Source:
        """The same for somebody who goes on without the data sets that are not here."""
        from grader.data import Source

        return Source(self.data_root, self.stand_in)

    def choice(self, *, lowest: int = 0, notebooks: bool) -> Choice:
        """Which backend runs the code."""
        from grader.cli import terminal
        from grader.sandbox.backend import Choice

        return Choice(
            name=self.backend,
            level=self.level,
            lowest=lowest,
            notebooks=notebooks,
            tell=terminal.note,
        )


def run_options(
    function: Callable[Concatenate[RunOptions, P], int],
) -> Callable[P, int]:
    """Give a verb the options of RunOptions but `--jobs`, as its first argument."""

    @LEVEL
    @BACKEND
    @COURSE
    @DATA
    @STAND_IN
    @functools.wraps(function)
    def verb(*args: P.args, **options: P.kwargs) -> int:
        from grader.cli import surroundings

        taken = {k: options.pop(k) for k in RunOptions.__slots__ if k in options}
        run = RunOptions(**taken)  # type: ignore[arg-type]
        surroundings.require(run.jobs)
        return function(run, *args, **options)

    return verb
