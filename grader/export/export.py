"""What an export is: one format in which a class's results leave for another program.

Some make a file of their own; others fill one that the instructor took out of the other program,
and leave every other byte of it as it is. Neither writes to a disk: whoever calls decides where the
content goes, or only looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from grader.records import extensions, file_names
from grader.records.errors import UsageError
from grader.records.result import Graded

GROUP = "grader.exports"
"""Entry points under which exports are registered."""


ReadPages = Callable[[str], Mapping[str, bytes]]
"""Gives the files of a student's report, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an instructor may say about how a file of the other program is filled."""

    column: str = ""
    """Heading, title or number of the column; empty where the file has one that fits."""
    points: Literal["", "graded", "scaled"] = ""
    """Points as they were graded, or as a share of the maximum that the file names; empty where
    both are the same.
    """
    with_open: bool = False
    """True where scores are filled in that a person has to look at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What an export is made from."""

    graded: Sequence[Graded]
    """Those of a class, in any order; one alone where a single submission was graded."""
    withdrawn: Sequence[Graded] = ()
    """Earlier results of those who are no longer among the hand-ins: they count for nothing."""
    own_file: bytes | None = None
    """The instructor's file to be filled, for exports that fill one."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """By student the name that others may read."""
    wishes: Wishes = Wishes()
    read_pages: ReadPages | None = None
    """For exports that hand reports out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One cell of an instructor's file that becomes another."""

    name: str
    """The person's."""
    row: str
    """What the file calls the person."""
    by: str
    """The heading by which person and row were matched."""
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A person for whom nothing is written."""

    name: str
    why: str
    """As the rest of a sentence that begins with the name."""
    settled: bool = False
    """True where that is right, and nobody has to do anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """The file that an export makes, and what a person should know before it is written."""

    content: bytes = field(repr=False)
    unmatched: Sequence[str] = ()
    """Students for whom the instructor's file has no row."""
    rows: Sequence[str] = ()
    """Rows of the instructor's file for which there is no student."""
    column: str = ""
    """The heading of the column that was filled."""
    changes: Sequence[Change] = ()
    unchanged: Sequence[str] = ()
    """Students whose cell says what it should already."""
    left: Sequence[Left] = ()
    """Students whose cell stays as it is."""
    notes: Sequence[str] = ()
    """What else should be known, in sentences."""

    @property
    def complete(self) -> bool:
        """True where everybody who was graded is in the file, and nobody has to look."""
        return not self.unmatched and all(one.settled for one in self.left)


@runtime_checkable
class Export(Protocol):
    """One format. The same results, in any order, make the same file."""

    @property
    def file_name(self) -> str:
        """What a new file is called, `grades.csv`; empty where only an instructor's own file is
        filled.
        """

    def make(self, results: Results) -> ExportedFile:
        """The file with these results.

        Raises UsageError where the instructor's file is missing or is not one of this format.
        """


@runtime_checkable
class Filling(Export, Protocol):
    """A format whose files are made by the other program and filled here."""

    def refuse(self, own_file: bytes) -> str:
        """Why the file is not of this format, as the rest of a sentence; empty where it is.

        Raises UsageError where it can be of no format.
        """


def find_export(name: str) -> Export:
    """The export of that name. Raises GraderError where there is none, or where it is broken."""
    export = extensions.load(GROUP, name)
    if isinstance(export, type) or not isinstance(export, Export):
        raise extensions.blame(GROUP, name, "lacks what an export has")
    return export


def recognise(own_file: bytes) -> str:
    """The name of the one format that the instructor's file is of.

    Raises UsageError where it is of none, or could be of two, and names them.
    """
    exports = {name: find_export(name) for name in extensions.names(GROUP)}
    fillings = {name: one for name, one in exports.items() if isinstance(one, Filling)}
    reasons = {name: one.refuse(own_file) for name, one in fillings.items()}
    fits = [name for name, why in reasons.items() if not why]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(f"it could be of {' and of '.join(fits)}. Say which with --format")
    told = "; ".join(f"for {name}, {why}" for name, why in reasons.items())
    raise UsageError(
        f"it is of no format that is known: {told}. Give the file that you downloaded from the "
        "other program, unchanged"
    )


def gather(
    graded: Iterable[Graded],
    *,
    own_file: bytes | None = None,
    aliases: Mapping[str, str] | None = None,
    wishes: Wishes | None = None,
    read_pages: ReadPages | None = None,
) -> Results:
    """What an export is made from, who is withdrawn apart; no more of a record than tables show."""
    short = [one.shorten() for one in graded]
    return Results(
        graded=[one for one in short if not one.withdrawn],
        withdrawn=[one for one in short if one.withdrawn],
        own_file=own_file,
        aliases=aliases or {},
        wishes=wishes or Wishes(),
        read_pages=read_pages,
    )


def write_export(
    name: str, graded: Sequence[Graded], out: Path, aliases: Mapping[str, str] | None = None
) -> Path:
    """Write a new file of that format into `out`, whole or not at all, and return its path."""
    export = find_export(name)
    content = export.make(gather(graded, aliases=aliases or {})).content
    file_names.make_folder(out)
    path = out / export.file_name
    file_names.write(path, content)
    return path
