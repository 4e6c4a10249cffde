"""How far a run has come, on stderr: a bar, or a line now and then where there is no terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from grader.cli.terminal import errors, is_plain, name_of
from grader.grading.progress import Progress as Steps

_EVERY = 10.0
"""Seconds between two lines where there is no bar."""


@contextmanager
def show_progress(within: str = "") -> Iterator[Steps]:
    """Steps are shown while this lasts, after the words `within`: what they are part of."""
    before = f"{within}: " if within else ""
    if is_plain(errors):
        with _Lines(errors, before) as lines:
            yield lines
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Count(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        yield _Bar(bar, before)


class _Count(MofNCompleteColumn):
    """Nothing where there is only one step, which takes its time."""

    def render(self, task: Task) -> Text:
        """`17/200`."""
        return super().render(task) if task.total else Text()


class _Bar:
    """A bar that begins when it is told how much there is, and is gone in the end."""

    def __init__(self, bar: Progress, before: str) -> None:
        self._bar, self._before = bar, before
        self._task: Any = None

    def begin(self, total: int, what: str) -> None:
        """A new bar of `total` steps; 0 where it is one thing that takes its time."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(self._before + what, total=total or None, name="")

    def step(self, name: str) -> None:
        """One step further."""
        self._bar.update(self._task, advance=1, name=name_of(name).plain)


class _Lines:
    """A line every few seconds, so that a log shows that something happens; none where it is
    short.
    """

    def __init__(self, console: Console, before: str) -> None:
        self._console, self._before = console, before
        self._total, self._done, self._what = 0, 0, ""
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def begin(self, total: int, what: str) -> None:
        """From now on these steps are counted."""
        self._total, self._done, self._what = total, 0, what
        self._began = time.monotonic()

    def step(self, name: str) -> None:  # noqa: ARG002 - a line names nobody
        """One step further."""
        self._done += 1

    def _write(self) -> None:
        while not self._over.wait(_EVERY):
            if self._what:
                self._console.print(Text(self.describe()), soft_wrap=True)

    def describe(self) -> str:
        """`17 of 200 submissions, 40 s`."""
        count = f"{self._done} of {self._total} " if self._total else ""
        return f"{self._before}{count}{self._what}, {time.monotonic() - self._began:.0f} s"
