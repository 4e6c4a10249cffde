"""What the terminal shows: sentences, tables, JSON, a student's own check.

Everything a student wrote is made harmless.
"""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from grader.cli import mend_first
from grader.cli.mend_first import Advice
from grader.records.json_values import Json
from grader.records.result import CheckResult
from grader.report import escape

if TYPE_CHECKING:
    from grader.export.ci_format import Run
    from grader.grading.self_check import SelfCheck

MARKS = {
    "passed": "[green]✓[/]",
    "partial": "[yellow]~[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "unmeasured": "[red]✗[/]",
    "deferred": "[dim]·[/]",
    "open": "[dim]·[/]",
    "broken": "[magenta]![/]",
}

_ELSEWHERE = {
    "deferred": "decided when graded",
    "open": "marked by a person",
    "broken": "could not be judged here, which is not your fault",
}
"""What stands in place of the points where a student's own check does not decide about them."""

_WIDE = 100_000
"""Columns of what is no terminal."""
_NARROWEST = 20
"""Columns that are left to text, however narrow the terminal is."""
_LONGEST = 60
"""Letters of a word up to which it is not broken at the end of a line."""


class _Console(Console):
    """Of which it is heard where nobody reads what it writes."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program without a word."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _open(*, stderr: bool = False) -> Console:
    """A console; with NO_COLOR it writes nothing but text, and without a terminal long lines.

    emoji=False: `:x:` in what a student wrote is not a cross.
    """
    color_system: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    made = _Console(stderr=stderr, highlight=False, emoji=False, color_system=color_system)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _WIDE
    return made


console = _open()
errors = _open(stderr=True)


def safe(text: object) -> Text:
    """Text of a student's for the terminal: control characters visible, no markup, no command.

    Not a string: Rich's `escape` loses a backslash before a bracket.
    """
    return Text(escape.terminal(str(text)))


def name_of(text: str) -> Text:
    """A name for the terminal: on one line, so that it cannot look like two rows of a table."""
    return safe(escape.line(text))


def line(text: str, to: Console = console) -> None:
    """One line of plain text, never broken."""
    to.print(safe(text), soft_wrap=True)


def note(text: str) -> None:
    """A line beside the results, on stderr."""
    errors.print(safe(text), soft_wrap=True)


def where(folder: Path) -> None:
    """The path of the index, as the last line."""
    line(str((folder / "index.html").resolve()))


def is_plain(target: Console) -> bool:
    """True where nothing but text may be written: to no terminal, a dumb one, or with NO_COLOR."""
    return not target.is_terminal or target.is_dumb_terminal or target.no_color


def document(value: Mapping[str, Json]) -> None:
    """One JSON document on stdout, in ASCII: what students wrote is escaped."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def new_table(*names: str, folds: Collection[str], numbers: Collection[str] = ()) -> Table:
    """A table of these columns. Long text wraps in those that fold; numbers stand to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        side: Literal["left", "right"] = "right" if name in numbers else "left"
        table.add_column(name, justify=side, no_wrap=name not in folds, overflow="fold")
    return table


def show(table: Table) -> None:
    """The table, as wide as the console.

    What stands in a column that does not wrap is never broken, and in others no word that could be
    a name: then a line is longer than a narrow terminal.
    """
    every = console.options.update(width=_WIDE)
    for column in table.columns:
        sizes = [Measurement.get(console, every, c) for c in (column.header, *column.cells)]
        widest, word = max(s.maximum for s in sizes), max(s.minimum for s in sizes)
        column.min_width = widest if column.no_wrap else min(widest, max(20, min(word, _LONGEST)))
    least = sum(column.min_width or 0 for column in table.columns) + len(table.columns) - 1
    if least > console.width:
        table.width = least
    with console.capture() as kept:
        console.print(table, crop=False)
    for row in kept.get().splitlines():
        click.echo(row.rstrip(), color=True)  # as the console has decided


def checked(own: SelfCheck, to: Console = console) -> None:
    """A student's own check: what to mend first, then every line of the rubric."""
    _show_texts(remarks_on(own), to)
    advice = mend_first.advise(own.graded)
    if advice:
        _show_advice(advice, to)
    for check in own.graded.checks:
        _show_check(check, points_of(check), to, advice)
    _show_texts(totals_of(own), to)


def _show_advice(advice: Advice, to: Console) -> None:
    """The card of a cause: its title at the edge, everything else indented below it."""
    _show_text(advice.heading, to, style="bold")
    _show_texts((advice.cost, advice.place), to, "  ")
    size = max((len(str(line.number)) for line in advice.lines), default=0)
    for line in advice.lines:
        prefix = f"    {'>' if line.marked else ' '} {line.number:>{size}}  "
        _show_text(line.text, to, prefix, "bold red" if line.marked else "", whole=0)
    _show_texts((advice.seen, mend_first.describe_next_step(advice.hint)), to, "  ")
    to.print()


def _show_check(check: CheckResult, points: str, to: Console, advice: Advice | None = None) -> None:
    to.print(f"{MARKS[check.outcome]} [bold]{check.name}[/]  {points}", soft_wrap=True)
    _show_texts((check.title, *mend_first.describe_check(check, advice)), to, "  ")


def _show_texts(texts: Iterable[str], to: Console, prefix: str = "") -> None:
    """Those that are not empty, each on lines of its own."""
    for text in filter(None, texts):
        _show_text(text, to, prefix)


def _show_text(
    text: str, to: Console, prefix: str = "", style: str = "", *, whole: int = _LONGEST
) -> None:
    """Text on lines that are as wide as the console, each as far indented as `prefix` is long.

    No word is broken that has at most `whole` letters: it could be a name or a path.
    """
    shown = safe(text)
    word = Measurement.get(to, to.options.update(width=_WIDE), shown).minimum
    room = max(_NARROWEST, to.width - len(prefix), min(word, whole))
    for row in shown.wrap(to, room):
        row.rstrip()
        row.stylize(style)
        to.print(Text(prefix) + row, soft_wrap=True)
        prefix = " " * len(prefix)


def graded_alone(run: Run) -> None:
    """A submission that was graded by itself: its checks, hidden ones in one line, and the sum."""
    from grader.export import ci_run

    graded = run.graded
    for text in ci_run.describe_run(run):
        line(text)
    for check in ci_run.list_checks(graded):
        _show_check(check, ci_run.describe_points(check), console)
    level, total = ci_run.describe_level(graded), ci_run.count(graded).sentence()
    how = f"at sandbox level {level}" if level else "without running anything"
    line(f"{total}, {how}, with seed {graded.provenance.get('seed')}.")


def check_text(own: SelfCheck) -> str:
    """What `checked` prints to no terminal."""
    text = io.StringIO()
    # A kernel asks every library for colours and HTML; these are for other places.
    checked(
        own,
        Console(
            file=text,
            highlight=False,
            emoji=False,
            color_system=None,
            force_terminal=False,
            force_jupyter=False,
            width=_WIDE,
        ),
    )
    return text.getvalue()


def remarks_on(own: SelfCheck) -> list[str]:
    """What stands above the checks: by what was judged, how the run ended, and what was taken for
    what.
    """
    graded = own.graded
    ended = [graded.execution.reason] if graded.execution.status != "ok" else []
    return [
        *own.remarks,
        *ended,
        *(f"Note: {note}" for note in (*graded.notes, *graded.execution.notes)),
    ]


def points_of(check: CheckResult) -> str:
    """What a check brought of what it is worth."""
    return _ELSEWHERE.get(check.outcome, f"{check.earned:g} / {check.points:g}")


def totals_of(own: SelfCheck) -> list[str]:
    """The last lines: what was earned of what was decided here, and what comes besides."""
    graded = own.graded
    here = [c for c in graded.checks if c.outcome not in _ELSEWHERE]
    total, most = sum(c.earned for c in here), sum(c.points for c in here if not c.extra)
    waiting = [c for c in graded.checks if c.outcome in ("deferred", "open") and not c.extra]
    later = sum(c.points for c in waiting)
    rest = f"; {later:g} points are decided when graded" if later else ""
    level = graded.execution.level
    counted = f"{total:g} of {most:g} points of the public checks, at sandbox level {level}{rest}."
    more = ["Your instructor's checks that are not shown come on top."] if own.withheld else []
    return [counted, *more]
