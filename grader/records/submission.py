"""What one student handed in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.records.json_values import Json
from grader.records.person import Person

ENTRY_SUFFIXES = (".py", ".ipynb")
"""Kinds of files that can be run, the preferred one first."""


def digest_files(files: Mapping[str, bytes]) -> str:
    """SHA-256 of names and contents, by name; hex. The same files, the same digest."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8", "surrogatepass"), files[name]):
            whole.update(len(part).to_bytes(8, "big"))
            whole.update(part)
    return whole.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one student handed in, as bytes read once."""

    student: str
    """Name as the folder gives it; a label, never a path."""
    files: Mapping[str, bytes] = field(repr=False)
    """Relative POSIX name → content."""
    entry: str | None
    """The file to run, a key of `files`; None where it is missing."""
    digest: str = field(init=False)
    """SHA-256 of names and contents, hex: it always fits the files."""
    received: str | None = None
    """When it was handed in, ISO 8601 with its zone, where known."""
    persons: tuple[Person, ...] = ()
    """Who handed it in, where the source or a roster says so: several for a group."""
    place: str = ""
    """What the source calls its folder, or its files without their own names: where feedback goes.
    """
    late: bool = False
    """True where the source says so."""
    attempt: int = 0
    """Which of the student's attempts it is, counted from 1, where several are graded."""
    notes: tuple[str, ...] = ()
    """What a reader should know: a file passed over, a name refused, a near miss."""
    unclear: str = ""
    """What a person has to decide about it, in sentences: which of several files is meant."""
    unread: str = ""
    """What is there and could not be read on this machine, in a sentence: no check is lost by it.
    """
    numbers: Mapping[str, Json] | None = None
    """Those drawn for this student (`grader.assignment.variants`), where the assignment does so."""

    @property
    def turn(self) -> tuple[str, int]:
        """What tells it from every other submission of a class."""
        return self.student, self.attempt

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_files(self.files))
