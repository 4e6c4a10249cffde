"""What the terminal shows: sentences, tables, JSON, a student's own check.

Everything a student wrote is made harmless.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from grader.records.json_values import Json
from grader.records.result import Graded
from grader.report import escape

MARKS = {
    "passed": "[green]✓[/]",
    "partial": "[yellow]~[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "unmeasured": "[red]✗[/]",
    "deferred": "[dim]·[/]",
    "broken": "[magenta]![/]",
}

_WIDE = 100_000
"""Columns of what is no terminal."""
_LONGEST = 60
"""Letters of a word up to which it is not broken at the end of a line."""


def _open(*, stderr: bool = False) -> Console:
    """A console; with NO_COLOR it writes nothing but text.

    emoji=False: `:x:` in what a student wrote is not a cross.
    """
    plain = os.environ.get("NO_COLOR")
    return Console(
        stderr=stderr, highlight=False, emoji=False, color_system=None if plain else "auto"
    )


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


def line(text: str) -> None:
    """One line of plain text, never broken."""
    console.print(safe(text), soft_wrap=True)


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
    """The table, as wide as the terminal; where there is none, as wide as it is.

    What stands in a column that does not wrap is never broken, and in others no word that could be
    a name: a narrow terminal breaks the line instead.
    """
    every = console.options.update(width=_WIDE)
    for column in table.columns:
        sizes = [Measurement.get(console, every, c) for c in (column.header, *column.cells)]
        widest, word = max(s.maximum for s in sizes), max(s.minimum for s in sizes)
        column.min_width = widest if column.no_wrap else min(widest, max(20, min(word, _LONGEST)))
    if console.is_terminal or "COLUMNS" in os.environ:
        console.print(table, crop=False)
        return
    with console.capture() as kept:
        console.print(table, width=_WIDE, crop=False)
    for row in kept.get().splitlines():
        click.echo(row.rstrip())


def checked(graded: Graded) -> None:
    """A student's own check: every line of the rubric with its feedback."""
    if graded.execution.status != "ok":
        line(graded.execution.reason)
    for note in graded.notes:
        line(f"Note: {note}")
    here = [c for c in graded.checks if c.outcome != "deferred"]
    for check in graded.checks:
        points = (
            "not measured here" if check not in here else f"{check.earned:g} / {check.points:g}"
        )
        console.print(f"{MARKS[check.outcome]} [bold]{check.name}[/]  {points}", soft_wrap=True)
        for text in (check.title, check.feedback, f"Next step: {check.hint}" if check.hint else ""):
            if text:
                style = "" if text == check.feedback else "dim"
                console.print(safe(f"  {text}"), style=style, soft_wrap=not console.is_terminal)
    total, most = sum(c.earned for c in here), sum(c.points for c in here if not c.extra)
    line(
        f"{total:g} of {most:g} points of the public checks, at sandbox level "
        f"{graded.execution.level}."
    )
