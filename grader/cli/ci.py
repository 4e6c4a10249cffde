"""The verb for machines that grade one submission at a time: a CI, an autograder of a platform."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import (
    ALLOW_LEVEL,
    FOLDER,
    SEED,
    RunOptions,
    complete_from,
    complete_slugs,
    run_options,
)
from grader.records import file_names
from grader.records.errors import GraderError, ReferenceFailed, UsageError, is_interrupt
from grader.records.submission import ENTRY_SUFFIXES

if TYPE_CHECKING:
    from grader.assignment.loader import LoadedAssignment
    from grader.export.ci_format import ResultFile, ResultFormat, Run
    from grader.grading.which_assignment import Chosen

STDOUT = "-"
UNFINISHED = "The grader was ended before it had a result, for example by a time limit."
"""What the files say until there is one, since nothing is written by who is killed."""


@click.command()
@click.argument("path", type=FOLDER, default=Path(), required=False)
@click.option(
    "-a",
    "--assignment",
    "slug",
    metavar="SLUG",
    shell_complete=complete_slugs,
    help="Grade for this assignment.  [default: the only one, or found by the files' names]",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    required=True,
    metavar="FORMAT",
    shell_complete=complete_from("grader.results"),
    help="Write results for this system: github, github-classroom, gradescope, prairielearn, "
    "junit, autolab, markdown. May be repeated, each with its --out.",
)
@click.option(
    "--out",
    "outs",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Write them to this file; - prints them last.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="End with 1 below so many per cent of the points.  [default: where a check is lost]",
)
@click.option("--kit", type=FOLDER, metavar="KIT", help="Judge by this kit, a zip or its folder.")
@click.option("--student", metavar="NAME", help="Use this student's numbers, where each has some.")
@click.option(
    "--seed", type=SEED, metavar="N", help="Draw the random inputs from this seed.  [default: new]"
)
@ALLOW_LEVEL
@run_options
def ci(
    run: RunOptions,
    path: Path,
    slug: str | None,
    formats: tuple[str, ...],
    outs: tuple[str, ...],
    fail_under: float | None,
    kit: Path | None,
    student: str | None,
    seed: int | None,
    allow_level: int,
) -> int:
    """Grade PATH, one submission, and write results that a CI reads.

    PATH is a folder, an archive or a file, else the working folder. All checks count, hidden ones
    too. Where the grader itself fails, the files say so, and the exit code is 2.
    """
    from grader.cli import terminal
    from grader.export.ci_run import is_enough
    from grader.grading.which_assignment import choose_for_repository
    from grader.records.hidden_checks import are_shown, reveal

    targets = _pair(formats, outs)
    _spare(targets, [p for p in (path, kit) if p is not None])
    with _told_if_it_fails(targets) as names:
        if not path.exists():
            raise UsageError(f"there is no folder or file {path}. Check the path")
        chosen = choose_for_repository(
            path, kit=kit, course=run.course, slug=slug, student=student, seed=seed
        )
        names.extend(_name_lines(chosen.loaded))
        own = [p for p in (kit, run.course, run.data_root) if p is not None]
        done = _grade(run, chosen, path, [*own, *_list_files(targets)], allow_level)
        if are_shown(chosen.loaded.assignment.hidden_shown):
            done = replace(done, graded=reveal(done.graded))
        done = replace(done, passed=is_enough(done.graded, fail_under))
        files = {out: form.make(done) for out, form in targets.items()}
        _write(files)
    terminal.graded_alone(done)
    _print(files)
    return 0 if done.passed else 1


def _pair(formats: Sequence[str], outs: Sequence[str]) -> dict[str, ResultFormat]:
    """By file the format that it gets. Raises UsageError where they are not as many."""
    from grader.export.ci_format import find_format

    if len(formats) != len(outs):
        raise UsageError(
            f"there are {len(formats)} times --format and {len(outs)} times --out. Give each "
            "format its file"
        )
    if len({out if out == STDOUT else Path(out).resolve() for out in outs}) < len(outs):
        raise UsageError("two formats have the same file. Give each one of its own")
    for out in outs:
        if out != STDOUT and Path(out).exists() and not Path(out).is_file():
            raise UsageError(f"{out} is no file. Name one, or - for stdout")
    return {out: find_format(name) for out, name in zip(outs, formats, strict=True)}


def _spare(targets: dict[str, ResultFormat], read: Sequence[Path]) -> None:
    """Nothing is written in place of what is handed in or judges. Raises UsageError."""
    for out in map(str, _list_files(targets)):
        code = Path(out).suffix.lower() in ENTRY_SUFFIXES
        if code or Path(out).resolve() in [p.resolve() for p in read]:
            raise UsageError(
                f"{out} may be what is handed in; results would stand in its place. "
                "Name another --out"
            )


def _list_files(targets: dict[str, ResultFormat]) -> list[Path]:
    return [Path(out) for out in targets if out != STDOUT]


def _name_lines(loaded: LoadedAssignment) -> list[str]:
    """How the lines of a result will be called."""
    from grader.records.hidden_checks import are_shown, name_line

    checks, shown = loaded.assignment.checks, are_shown(loaded.assignment.hidden_shown)
    merged = {c.name: name_line(extra=c.extra) for c in checks if c.hidden and not shown}
    return [*dict.fromkeys(merged.get(c.name, c.name) for c in checks)]


@contextmanager
def _told_if_it_fails(targets: dict[str, ResultFormat]) -> Iterator[list[str]]:
    """Whatever ends the block, each file is whole and says what happened. What is not a GraderError
    becomes one: exit code 2.

    The list is for the names of the checks, once they are known.
    """
    names: list[str] = []
    try:
        _write(_fail(targets, UNFINISHED, names))
        yield names
    except BaseException as error:
        why = _explain(error)
        told = _fail(targets, why, names)
        with suppress(GraderError):
            _write(told)
        _print(told)
        if is_interrupt(error) or isinstance(error, GraderError):
            raise
        raise GraderError(f"{why} Run it with `grader --debug ci …` for the traceback") from error


def _fail(
    targets: dict[str, ResultFormat], why: str, names: Sequence[str]
) -> dict[str, ResultFile]:
    from grader.export.ci_format import Failure

    failure = Failure(why=why, checks=tuple(names))
    return {out: form.fail(failure) for out, form in targets.items()}


def _explain(error: BaseException) -> str:
    """What the student may read of a failure: not which hidden checks the reference loses."""
    if is_interrupt(error):
        return UNFINISHED
    if isinstance(error, ReferenceFailed):
        return "The reference does not earn every point on this machine, so nobody is graded here."
    if isinstance(error, GraderError):
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
    return f"The grader broke ({type(error).__name__}: {error})."


def _grade(
    run: RunOptions, chosen: Chosen, path: Path, without: Sequence[Path], lowest: int
) -> Run:
    from grader.cli.progress import show_progress
    from grader.export.ci_format import Run
    from grader.grading.self_check import grade_alone

    source = run.own_source() if chosen.kit else run.source(chosen.loaded)
    source = replace(source, secret="" if chosen.kit else secrets.token_hex(16))
    choice = partial(run.choice, lowest=lowest)
    with show_progress() as progress:
        checked, submission = grade_alone(
            chosen, source, path, choice=choice, without=without, progress=progress
        )
    graded = checked.graded
    if graded.undecided:
        reason = graded.checks[0].feedback or graded.execution.reason
        raise GraderError(f"no check could be judged. {reason}")
    entry = _find_in_repository(path, submission.entry or "")
    later = ["There are checks that are not shown; they come on top."] if checked.withheld else []
    return Run(graded=graded, entry=entry, remarks=[*checked.remarks, *later])


def _find_in_repository(path: Path, entry: str) -> str:
    """The path of the file that was run, as the repository has it, for whoever reads its lines.

    Empty where none was.
    """
    if path.is_dir() and not entry:
        return ""
    found = path / entry if path.is_dir() else path
    if path.is_dir() and entry and not found.is_file():
        same = [p for p in path.rglob(Path(entry).name) if p.is_file()]
        found = same[0] if len(same) == 1 else found
    here = Path.cwd()
    return (found.relative_to(here) if found.is_relative_to(here) else found).as_posix()


def _write(files: dict[str, ResultFile]) -> None:
    """Every file that can be; raises GraderError for the first that cannot."""
    faults = []
    for out, file in files.items():
        try:
            if out != STDOUT:
                file_names.make_folder(Path(out).parent)
                file_names.write(Path(out), file.content)
        except GraderError as error:
            faults.append(error)
    if faults:
        raise faults[0]


def _print(files: dict[str, ResultFile]) -> None:
    """Lines for the log; what goes to stdout is last."""
    for text in (*(f.log for f in files.values()), *(_to_stdout(o, f) for o, f in files.items())):
        if text:
            click.echo(text, nl=False)
    sys.stdout.flush()


def _to_stdout(out: str, file: ResultFile) -> str:
    return file.content.decode("utf-8") if out == STDOUT else ""
