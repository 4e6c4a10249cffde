"""What the terminal shows: tables, progress, sentences. Everything a student wrote is made
harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from rich.table import Table
from rich.text import Text

from grader.assignment.loader import LoadedAssignment
from grader.data import catalogue
from grader.data.source import Shelf
from grader.grading.grade import RunSummary
from grader.grading.release import Release
from grader.grading.self_check import SelfCheck
from grader.grading.verify import Finding, lost
from grader.records.execution import STATUS_WORDS
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

RUN_WORDS = {
    "all": "Run: every cell of a notebook, and every line of a module",
    "definitions": "Run: definitions only, which are imports, functions, classes and constants",
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


def results(summary: RunSummary) -> None:
    """A row for each student, and how much was run."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, style in (
        ("student", ""),
        ("score", "bold"),
        ("", ""),
        ("status", ""),
        ("lost", "dim"),
    ):
        table.add_column(
            name, style=style, justify="right" if name == "score" else "left", overflow="fold"
        )
    for graded in summary.graded:
        gone = ", ".join(
            c.name
            for c in graded.checks
            if c.outcome in ("failed", "partial", "unmeasured", "broken")
        )
        table.add_row(
            name_of(graded.student),
            f"{graded.score:g}",
            f"/ {graded.max_score:g}",
            ("[magenta]! a person is needed[/] " if graded.needs_review else "")
            + STATUS_WORDS[graded.execution.status],
            gone,
        )
    console.print(table)
    if summary.graded:
        used = summary.graded[0].provenance.get("data")
        if isinstance(used, Mapping) and used.get("used"):
            line(f"Data: {used['used']}")
    if summary.executed == 0:
        line(
            f"Nothing was executed: all {summary.reused} submissions were measured before, "
            f"and were judged again."
        )
    else:
        line(
            f"{summary.executed} executed, {summary.reused} measured before, at sandbox level "
            f"{summary.level}."
        )
    if summary.reused and summary.regraded:
        line(f"{summary.regraded} results changed by judging again.")


def findings(slug: str, found: Sequence[Finding], used: Sequence[str]) -> int:
    """A row for each of an assignment's own submissions; the number of faults."""
    table = Table(box=None, header_style="bold", pad_edge=False, title=None)
    for name in ("", slug, "score", "loses"):
        table.add_column(name, justify="right" if name == "score" else "left", overflow="fold")
    for finding in found:
        mark = "[red]✗[/]" if finding.fault else "[green]✓[/]"
        gone = safe(finding.fault or ", ".join(sorted(lost(finding.graded))))
        table.add_row(mark, safe(finding.name), f"{finding.graded.score:g}", gone)
    console.print(table)
    for sentence in used:
        line(f"Data: {sentence}")
    faults = sum(bool(f.fault) for f in found)
    line(
        f"{slug}: {faults} of {len(found)} are not as they should be."
        if faults
        else f"{slug}: all as it should be."
    )
    return faults


def checked(self_check: SelfCheck) -> bool:
    """A student's own check: every line of the rubric with its feedback. True where a check was
    lost.
    """
    graded = self_check.graded
    for remark in self_check.remarks:
        line(remark)
    if graded.execution.status != "ok":
        line(graded.execution.reason)
    for note in graded.notes:
        line(f"Note: {note}")
    here = [c for c in graded.checks if c.outcome != "deferred"]
    for check in graded.checks:
        points = f"{check.earned:g} / {check.points:g}" if check in here else "decided when graded"
        console.print(f"{MARKS[check.outcome]} [bold]{check.name}[/]  {points}")
        for text in (check.title, check.feedback, f"Next step: {check.hint}" if check.hint else ""):
            if text:
                console.print(safe(f"  {text}"), style="" if text == check.feedback else "dim")
    total, most = sum(c.earned for c in here), sum(c.points for c in here if not c.extra)
    later = sum(c.points for c in graded.checks if c not in here and not c.extra)
    rest = f"; {later:g} points are decided when graded" if later else ""
    line(
        f"{total:g} of {most:g} points of the public checks, at sandbox level "
        f"{graded.execution.level}{rest}."
    )
    if self_check.withheld:
        line("Your instructor's checks that are not shown come on top.")
    return any(c.lost for c in here) or (graded.execution.status != "ok" and not here)


def released(release: Release) -> None:
    """What a kit holds, and what it leaves to grading."""
    kit = release.kit
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(f"{kit.slug}{f', for {kit.student}' * bool(kit.student)}", overflow="fold")
    table.add_column("bytes", justify="right")
    for name, content in sorted(kit.files.items()):
        table.add_row(safe(name), f"{len(content):,}")
    console.print(table)
    line(f"Measured on the reference: {', '.join(release.measured) or 'nothing'}.")
    if release.readable:
        line(f"What is asked for, where students can read it: {', '.join(release.readable)}.")
    for result in release.deferred:
        line(f"Left out for {result.name} ({result.points:g} points). {result.feedback}")
    points, later = (sum(c.points for c in of) for of in (release.decided, release.deferred))
    line(
        f"The kit decides {points - later:g} of {points:g} points of the public checks"
        f"{'; there are hidden checks, of which it says only that' * kit.hidden}."
    )


def unexpected(summary: RunSummary, expected: Mapping[str, Any]) -> int:
    """Name every specimen that did not do what is expected; how many differences there are."""
    wrong = 0
    for graded in summary.graded:
        wanted = expected.get(graded.student, {})
        gone = sorted(lost(graded))
        every = wanted.get("loses") == "all" and len(gone) == len(graded.checks)
        seen = {
            "score": graded.score,
            "status": graded.execution.status,
            "loses": "all" if every else gone,
        }
        given = {k: sorted(v) if isinstance(v, list) else v for k, v in wanted.items()}
        for key, value in seen.items():
            if given.get(key) != value:
                line(f"{graded.student}: {key} {value}, expected {given.get(key, 'nothing')}")
                wrong += 1
    absent = sorted(set(expected) - {g.student for g in summary.graded})
    for name in absent:
        line(f"{name} is expected but was not graded")
    if not wrong and not absent:
        line(f"All {len(summary.graded)} specimens have the score, status and losses expected.")
    return wrong + len(absent)


def rubric(loaded: LoadedAssignment) -> None:
    """What is asked for, what crosses into the sandbox, and what stays here."""
    assignment = loaded.assignment
    line(f"{assignment.title} ({loaded.slug}): {assignment.max_score:g} points")
    line(f"Hand in {assignment.entry}.py" + "".join(f", {n}" for n in assignment.extra_files))
    limits = assignment.limits
    line(
        f"Limits: {limits.cpu_seconds:g} s CPU, {limits.wall_seconds:g} s in all, "
        f"{limits.memory_mib} MiB"
    )
    line(RUN_WORDS[assignment.run])
    if assignment.provides:
        titles = " and ".join(catalogue.find(name).title for name in assignment.provides)
        line(f"Students' own code finds training pictures of {titles}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("check", "points", "what it asks", "after"):
        table.add_column(name, justify="right" if name == "points" else "left", overflow="fold")
    for check in assignment.checks:
        marks = " (bonus)" * check.extra + " (hidden)" * check.hidden
        table.add_row(
            check.name, f"{check.points:g}{marks}", safe(check.title), ", ".join(check.depends_on)
        )
    console.print(table)
    crossing = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("crosses into the sandbox", "question", "with"):
        crossing.add_column(name, overflow="fold")
    for name, probe in loaded.probes.items():
        given = ", ".join(f"{k}={_described(v)}" for k, v in probe.args.items() if not _empty(v))
        crossing.add_row(name, probe.ask, safe(given))
    console.print(crossing)
    line(
        "Stays here: labels, the reference and its measurements, thresholds, other students' "
        "files, the verdict."
    )


def _empty(value: Any) -> bool:
    """An argument that was not given; an array is one, whatever it holds."""
    return value is None or (isinstance(value, list) and not value)


def _described(value: Any) -> str:
    return value.describe() if hasattr(value, "describe") else repr(value)


def shelves(rows: Sequence[Shelf]) -> None:
    """Which data sets are here."""
    width = max((len(row.name) for row in rows), default=0) + 2
    for row in rows:
        if row.fault:
            line(f"{row.name:{width}} unknown {row.fault}")
            continue
        there = "here" if row.present else "absent"
        other = f"; stand-in: {row.stand_in}" if not row.present else ""
        line(f"{row.name:{width}} {there:7} {row.folder}{other}")


def doctor(facts: Mapping[str, Any]) -> None:
    """The level in force, what each higher one lacks, and the versions that measure."""
    line(f"Sandbox level {facts['level']}: {facts['made_of']}. Its self-test failed to break out.")
    for refused in facts["refused"]:
        line(f"Level {refused['level']}: {refused['made_of']}. {refused['why']} {refused['needs']}")
        if refused["command"]:
            line(f"    {refused['command']}")
    line(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
