"""Verbs of people who mark: by hand, and to see what changed."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import COURSE, FOLDER, JSON, require_graded
from grader.records import file_names
from grader.records.errors import GraderError, UsageError
from grader.records.extras import require_course

if TYPE_CHECKING:
    from grader.assignment.course import Course
    from grader.records.result import Graded

_MARKING = ("marking by hand", "jinja2", "markdown-it-py", "pandas")


@click.command()
@click.argument("out", type=FOLDER)
@click.option(
    "--csv",
    "table",
    type=FOLDER,
    metavar="FILE",
    help="Look at the marks in this table, and with --write enter them; no form.",
)
@click.option("--write", is_flag=True, help="Enter the table. Without this it is only looked at.")
@click.option(
    "--list", "listed", type=FOLDER, metavar="FILE", help="Write a table of what is open; no form."
)
@click.option("--as", "by", metavar="NAME", help="Who marks.  [default: who is logged in]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=0,
    help="Port of the form.  [default: any that is free]",
)
@COURSE
def mark(
    out: Path,
    table: Path | None,
    write: bool,  # noqa: FBT001
    listed: Path | None,
    by: str | None,
    port: int,
    course: Path | None,
) -> int:
    """Mark by hand what waits for a person in OUT.

    OUT is the output folder of an earlier `grader grade`. Without --csv and --list it serves a
    form on this machine, and prints its address. Nothing of students' is run.
    """
    require_course(*_MARKING)
    from grader.assignment.course import Course
    from grader.ledger.ledger import Ledger

    path, where = require_graded(out), Course.find(course)
    if table and listed:
        raise UsageError("--csv reads a table and --list writes one. Give one of them")
    if write and not table:
        raise UsageError("--write enters a table. Name the table with --csv")
    with Ledger(path, readonly=True) as ledger:
        results = list(ledger.results())
    who = (by or _find_user()).strip()[:80] or "a person"
    if listed:
        return _write_list(results, listed)
    if table and not _enter_table(path, results, table, who, write=write):
        return 0
    if not table:
        _serve(out, results, where, who, port)
    return _render(out, where)


def _find_user() -> str:
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return ""


def _write_list(results: Sequence[Graded], path: Path) -> int:
    from grader.cli import terminal
    from grader.grading import mark_table

    if path.exists():
        raise UsageError(f"{path} is there already. Move it away, or name another file")
    content = mark_table.write_table(results)
    file_names.write(path, content)
    terminal.line(
        f"{_count(g.needs_review for g in results)} a person. Fill in {path}, look at it with "
        f"--csv {path}, and add --write."
    )
    return 0


def _enter_table(
    path: Path, results: Sequence[Graded], table: Path, by: str, *, write: bool
) -> bool:
    """What the table changes is shown, and entered if it is to be; True where it was."""
    from grader.cli.changes_shown import show_marks
    from grader.grading import mark_table, marking
    from grader.ledger.ledger import Ledger

    try:
        content = table.read_bytes()
    except OSError as error:
        raise UsageError(f"{table} cannot be read: {error.strerror}. Check the path") from error
    said = mark_table.read_table(content, results, by)
    with Ledger(path, readonly=True) as ledger:
        held = ledger.marks()
    marks = marking.list_news(said, held)
    show_marks(marks, held, same=len(said) - len(marks), written=write)
    if write:
        with Ledger(path) as ledger:
            ledger.add_marks(marks)
    return write


def _serve(out: Path, results: Sequence[Graded], course: Course, by: str, port: int) -> None:
    from grader.cli import terminal
    from grader.grading import marking
    from grader.grading.mark_server import Marking, MarkServer
    from grader.report.mark_page import MarkPages

    items = marking.list_items(results)
    if not items:
        terminal.line("Nothing waits for a person.")
        return
    rubrics, models = _find_texts(course, results[0].assignment)
    session = Marking(
        out=out,
        by=by,
        pages=MarkPages(results[0].title, course.templates),
        rubrics=rubrics,
        models=models,
        items=items,
    )
    try:
        server = MarkServer(session, port)
    except OSError as error:
        raise UsageError(f"port {port} is not free: {error.strerror}. Leave --port out") from error
    with server:
        terminal.line(f"{session.left} of {len(items)} wait for a person. Open this in a browser:")
        terminal.line(server.address)
        terminal.note("Each mark is kept at once. End it there, which writes the pages anew.")
        server.serve_forever(poll_interval=0.1)


def _find_texts(course: Course, slug: str) -> tuple[dict[str, str], dict[str, str]]:
    """By check its rubric, and by label the reference's answer, where the course is at hand."""
    from grader.cli import terminal
    from grader.grading.written import find_model_answers

    try:
        loaded = course.load(slug)
    except GraderError as error:
        terminal.note(f"grader: rubrics are not shown: {error}")
        return {}, {}
    rubrics = {check.name: check.rubric for check in loaded.assignment.checks}
    return rubrics, find_model_answers(loaded)


def _count(waiting: Iterable[bool]) -> str:
    number = sum(waiting)
    return f"{number} student needs" if number == 1 else f"{number} students need"


def _render(out: Path, course: Course) -> int:
    """The pages are written anew; 1 where a person is still needed."""
    from grader.cli import terminal
    from grader.grading.grade import render
    from grader.ledger.ledger import Ledger

    with Ledger(out / "grades.db", readonly=True) as ledger:
        render(ledger, out, course.templates)
        left = [g.needs_review for g in ledger.results()]
    terminal.line(f"{_count(left)} a person." if any(left) else "Nobody needs a person.")
    terminal.where(out)
    return 1 if any(left) else 0


@click.command()
@click.argument("student")
@click.option("-o", "--out", type=FOLDER, metavar="FOLDER", required=True, help="Output folder.")
@JSON
def history(student: str, out: Path, as_json: bool) -> int:  # noqa: FBT001
    """Show every result of STUDENT, and every mark.

    It says what changed each time, and what persons decided.
    """
    from grader.cli import terminal
    from grader.cli.changes_shown import history_document, show_history
    from grader.grading import marking
    from grader.ledger.ledger import Ledger

    with Ledger(require_graded(out), readonly=True) as ledger:
        now = marking.find_student(list(ledger.results()), student)
        entries = ledger.history(now.student)
        marks = [m for m in ledger.marks() if m.student == now.student]
    if as_json:
        terminal.document(history_document(now, entries, marks))
    else:
        show_history(now, entries, marks)
    return 0


@click.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
@JSON
def diff(before: Path, after: Path, as_json: bool) -> int:  # noqa: FBT001
    """Show who has another result in AFTER than in BEFORE.

    It says by how much, in which check, and why. Both are output folders of `grader grade`.
    """
    from grader.cli import terminal
    from grader.cli.changes_shown import diff_document, show_diff
    from grader.grading.changes import compare_classes
    from grader.ledger.ledger import Ledger

    sides = []
    for out in (before, after):
        with Ledger(require_graded(out), readonly=True) as ledger:
            sides.append(list(ledger.results()))
    first, second = ({g.assignment for g in side} for side in sides)
    if first and second and first.isdisjoint(second):
        raise UsageError(
            f"{before} holds the grades of {min(first)}, and {after} those of {min(second)}. Name "
            "two folders of one assignment"
        )
    changes = compare_classes(*sides)
    if as_json:
        terminal.document(diff_document(changes))
    else:
        show_diff(changes, len({g.student for side in sides for g in side if not g.withdrawn}))
    return 0
