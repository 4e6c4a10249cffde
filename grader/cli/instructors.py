"""Verbs for instructors: grade a class, render it again, try the demonstration."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import (
    ALLOW_LEVEL,
    ATTEMPTS,
    BATCH_LEVEL,
    COURSE,
    FOLDER,
    JOBS,
    JSON,
    OUT,
    SCALE_OPTION,
    SEED,
    SLUG,
    RunOptions,
    complete_from,
    complete_students,
    load,
    require_graded,
    run_options,
)
from grader.records.extras import require_course
from grader.records.temporary import TemporaryFolder

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.assignment.loader import LoadedAssignment
    from grader.grading.grade import RunSummary
    from grader.records.submission import Submission
    from grader.submissions.attempts import Which

_GRADING = ("grading a class", "jinja2", "markdown-it-py", "pandas")
"""What it takes: pages, notebooks in them, and tables."""
DEMO = "lenet5_mnist"
"""The assignment that `demo` grades."""


@click.command()
@SLUG
@click.argument("submissions", type=FOLDER)
@OUT
@click.option(
    "--only",
    multiple=True,
    metavar="STUDENT",
    shell_complete=complete_students,
    help="Grade this student alone; may be repeated.",
)
@click.option("--fresh", is_flag=True, help="Run every submission, and the reference, again.")
@click.option("--seed", type=SEED, metavar="N", help="Draw the random inputs from this seed.")
@click.option(
    "--leaderboard",
    "names",
    metavar="NAMES",
    help="How a leaderboard calls students: codes (of their pages), names, or a CSV file with the "
    "columns student and alias. Kept for later runs.  [default: codes]",
)
@click.option(
    "--layout",
    metavar="NAME",
    shell_complete=complete_from("grader.layouts"),
    help="Read the submissions as this source packs them.  [default: recognised]",
)
@click.option(
    "--pattern",
    metavar="REGEX",
    help="Read whose a file is from its name, by the groups student, file and others.",
)
@click.option(
    "--roster",
    type=FOLDER,
    metavar="FILE",
    help="Who is in the course: a CSV file of any platform. Kept for later runs.",
)
@click.option(
    "--attempt",
    type=click.Choice(ATTEMPTS),
    default="last",
    show_default=True,
    help="Which of a student's attempts counts; best grades all of them.",
)
@click.option(
    "--since",
    metavar="TIME",
    help="Grade what was handed in since then: 2026-03-01T18:00+01:00.",
)
@ALLOW_LEVEL
@SCALE_OPTION
@JSON
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
    names: str | None,
    layout: str | None,
    pattern: str | None,
    roster: Path | None,
    attempt: Which,
    since: str | None,
    allow_level: int,
    scale: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Grade SUBMISSIONS of a class to SLUG.

    SUBMISSIONS is a folder or an archive, as a platform packs it.
    What was graded before and has not changed is not run again.
    """
    from grader.cli import documents, tables, terminal
    from grader.export.leaderboard import read_choice
    from grader.grading import receive
    from grader.submissions.collect import Choices

    require_course(*_GRADING)
    course = run.find_course()
    loaded = load(course, slug)
    shown_as = read_choice(names) if names else None
    target = out or Path("reports") / slug
    received = receive.receive(
        submissions,
        loaded.asked,
        target,
        Choices(layout=layout or "", pattern=pattern or "", attempt=attempt),
        roster_file=roster,
        only=only,
        since=receive.read_since(since) if since else None,
    )
    for sentence in received.describe() if not as_json else ():
        terminal.line(sentence)
    summary = _grade(
        run,
        course,
        loaded,
        received.chosen,
        target,
        handed_in=received.everybody(),
        roster=received.roster,
        seed=seed,
        fresh=fresh,
        lowest=allow_level,
        shown_as=shown_as,
        rules=_read_rules(course, slug, scale),
    )
    if summary.unsteady:
        terminal.note(
            "grader: the reference was measured twice and was not the same: "
            f"{', '.join(summary.unsteady)} could not be judged for anybody. Run `grader verify "
            f"{slug}`, and make the reference give the same every time it runs."
        )
    _note_strangers(target)
    if as_json:
        terminal.document(documents.of_class(summary, slug, target, received))
    else:
        tables.results(summary)
        terminal.where(target)
    return 1 if any(g.needs_review for g in summary.graded) else 0


def _grade(
    run: RunOptions,
    course: Course,
    loaded: LoadedAssignment,
    submissions: Sequence[Submission],
    out: Path,
    *,
    handed_in: Sequence[str] | None = None,
    seed: int | None = None,
    fresh: bool = False,
    lowest: int = BATCH_LEVEL,
    shown_as: str | None = None,
    roster: str | None = None,
    rules: Mapping[str, str] | None = None,
) -> RunSummary:
    """Grade into `out`, with a progress bar."""
    from grader.cli.progress import show_progress
    from grader.grading import grade as grading
    from grader.grading.executor import Executor
    from grader.inside.cell import is_notebook
    from grader.ledger.ledger import undo_where_nothing_is_kept

    source = run.source(loaded)
    choice = run.choice(lowest=lowest, notebooks=any(is_notebook(s.entry) for s in submissions))
    with undo_where_nothing_is_kept(out / "grades.db"):
        seed, secret = grading.prepare(out / "grades.db", loaded.slug, seed)
        source = replace(source, secret=secret)
        with (
            Executor(loaded, source, seed=seed, jobs=run.jobs, choice=choice) as executor,
            show_progress() as progress,
        ):
            return grading.grade(
                executor,
                submissions,
                out,
                fresh=fresh,
                templates=course.templates,
                progress=progress,
                argv=sys.argv,
                shown_as=shown_as,
                handed_in=handed_in,
                roster=roster,
                rules=rules,
            )


def _read_rules(course: Course, slug: str, scale: str | None) -> dict[str, str]:
    """By what results are seen: the assignment's due.toml, and a curve where one is named."""
    from grader.ledger.ledger import DUE, SCALE

    return {DUE: course.due(slug), **({} if scale is None else {SCALE: scale})}


def _note_strangers(out: Path) -> None:
    """What was decided about somebody who is not in this folder is said."""
    from grader.cli import terminal
    from grader.grading.marking import describe_strangers
    from grader.ledger.due import read_policy
    from grader.ledger.ledger import DUE, Ledger

    with Ledger(out / "grades.db", readonly=True) as ledger:
        log, due = ledger.marks(), ledger.setting(DUE)
        extensions = read_policy(due).extensions if due else {}
        if log or extensions:
            for sentence in describe_strangers(ledger.results(), log, extensions):
                terminal.note(f"grader: {sentence}")


@click.command()
@OUT
@JOBS
@run_options
def demo(run: RunOptions, out: Path | None) -> int:
    """Grade the class of samples that comes with the program.

    Every score is compared with the one expected. The last line is the path of the reports.
    """
    from grader.assignment.course import Course
    from grader.cli import tables, terminal
    from grader.submissions import collect

    require_course(*_GRADING)
    run = replace(run, stand_in=True)
    course = run.find_course() if run.course else Course.bundled()
    loaded = course.load(DEMO)
    with TemporaryFolder("work") as folder:
        sample = course.write_sample(loaded, Path(folder.path))
        handed_in = collect.read_class(sample, loaded.asked)
    target = out or Path("reports") / DEMO
    # Level 0 will do: all of it is the course's own code.
    summary = _grade(run, course, loaded, handed_in, target, lowest=0)
    tables.results(summary)
    wrong = tables.unexpected(summary, course.expected(DEMO))
    terminal.where(target)
    return 1 if wrong else 0


@click.command()
@click.argument("out", type=FOLDER)
@COURSE
@SCALE_OPTION
@click.option(
    "--with-hidden",
    is_flag=True,
    help="Show hidden checks on the pages of students too: copies for yourself, not for them.",
)
def report(
    out: Path,
    course: Path | None,
    scale: str | None,
    with_hidden: bool,  # noqa: FBT001
) -> int:
    """Write the pages of OUT again, from what is kept there.

    OUT is the output folder of an earlier `grader grade`. Nothing is run. The due date is that of
    the course, where it has this assignment.
    """
    require_course(*_GRADING)
    from grader.assignment.course import Course
    from grader.cli import terminal
    from grader.grading.grade import keep_rules, render
    from grader.ledger.ledger import DUE, SCALE, Ledger

    path, where = require_graded(out), Course.find(course)
    with Ledger(path, readonly=True) as ledger:
        slug = ledger.setting("assignment") or ""
        known = {name: ledger.setting(name) or "" for name in (DUE, SCALE)}
    present = slug in where.slugs() and not where.is_fallback
    rules = _read_rules(where, slug, scale) if present else {}
    if scale is not None:
        rules[SCALE] = scale
    if any(known[name] != text for name, text in rules.items()):
        with Ledger(path) as ledger:
            keep_rules(ledger, rules)
    with Ledger(path, readonly=True) as ledger:
        count = render(ledger, out, where.templates, with_hidden=with_hidden)
    _note_strangers(out)
    terminal.line(f"{count} reports rendered, nothing was run.")
    terminal.where(out)
    return 0
