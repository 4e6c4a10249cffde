"""What the terminal shows: sentences, progress, a student's own check.

Everything a student wrote is made harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

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

# emoji=False: `:x:` in what a student wrote is not a cross.
console = Console(highlight=False, soft_wrap=False, emoji=False)
errors = Console(stderr=True, highlight=False, emoji=False)


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


def where(folder: Path) -> None:
    """The path of the index, as the last line."""
    line(str((folder / "index.html").resolve()))


class Steps:
    """A progress bar that begins when it is told how much there is."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: Any = None

    def begin(self, total: int, what: str) -> None:
        """A new bar of `total` steps; 0 where nobody knows."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(what, total=total or None, name="")

    def step(self, name: str) -> None:
        """One step further."""
        self._bar.update(self._task, advance=1, name=name_of(name).plain)


@contextmanager
def progress() -> Iterator[Steps]:
    """A bar on stderr that vanishes when it is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        yield Steps(bar)


def checked(graded: Graded) -> bool:
    """A student's own check: every line of the rubric with its feedback. True where a check was
    lost.
    """
    if graded.execution.status != "ok":
        line(graded.execution.reason)
    for note in graded.notes:
        line(f"Note: {note}")
    here = [c for c in graded.checks if c.outcome != "deferred"]
    for check in graded.checks:
        points = (
            "not measured here" if check not in here else f"{check.earned:g} / {check.points:g}"
        )
        console.print(f"{MARKS[check.outcome]} [bold]{check.name}[/]  {points}")
        for text in (check.title, check.feedback, f"Next step: {check.hint}" if check.hint else ""):
            if text:
                console.print(safe(f"  {text}"), style="" if text == check.feedback else "dim")
    total, most = sum(c.earned for c in here), sum(c.points for c in here if not c.extra)
    line(
        f"{total:g} of {most:g} points of the public checks, at sandbox level "
        f"{graded.execution.level}."
    )
    return any(c.lost for c in here) or (graded.execution.status != "ok" and not here)
