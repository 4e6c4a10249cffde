"""What an export is: one format in which a class's results leave for another program.

Some make a file of their own; others fill one that the instructor took out of the other program,
and leave every other byte of it as it is. Neither writes to a disk: whoever calls decides where the
content goes, or only looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from grader.records import extensions, file_names
from grader.records.result import Graded

GROUP = "grader.exports"
"""Entry points under which exports are registered."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """The file that an export makes."""

    content: bytes = field(repr=False)
    unmatched: Sequence[str] = ()
    """Students for whom the instructor's file has no row."""


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


def find_export(name: str) -> Export:
    """The export of that name. Raises GraderError where there is none, or where it is broken."""
    export = extensions.load(GROUP, name)
    if isinstance(export, type) or not isinstance(export, Export):
        raise extensions.blame(GROUP, name, "lacks what an export has")
    return export


def write_export(
    name: str, graded: Sequence[Graded], out: Path, aliases: Mapping[str, str] | None = None
) -> Path:
    """Write a new file of that format into `out`, whole or not at all, and return its path."""
    export = find_export(name)
    present = [one for one in graded if not one.withdrawn]
    gone = [one for one in graded if one.withdrawn]
    results = Results(graded=present, withdrawn=gone, aliases=aliases or {})
    content = export.make(results).content
    file_names.make_folder(out)
    path = out / export.file_name
    file_names.write(path, content)
    return path
