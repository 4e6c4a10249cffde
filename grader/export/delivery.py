"""One export from an output folder to a file: looked at first, then written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.export.export import (
    Export,
    ExportedFile,
    ReadPages,
    Results,
    Wishes,
    find_export,
    gather,
    recognise,
)
from grader.export.table import MOST_BYTES
from grader.records import file_names
from grader.records.errors import UsageError
from grader.records.result import Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A file as it would be written."""

    name: str
    """Of the format."""
    path: Path
    file: ExportedFile
    before: bytes | None = field(repr=False)
    """What stands there now, of an instructor's file."""

    def write(self) -> None:
        """The file is there.

        Raises UsageError where the instructor's file has changed since it was looked at.
        """
        if self.before is not None and self.path.read_bytes() != self.before:
            raise UsageError(f"{self.path} has changed meanwhile; run the same command again")
        file_names.make_folder(self.path.parent)
        file_names.write(self.path.resolve(), self.file.content)


def prepare(
    graded: Iterable[Graded],
    out: Path,
    *,
    into: Path | None,
    name: str,
    wishes: Wishes,
    read_pages: ReadPages,
    aliases: Mapping[str, str] | None = None,
) -> Delivery:
    """What would be written: into the instructor's file `into`, whose format is recognised where
    `name` is empty, or into a new file of that format, in `out` where no other place is named.

    Raises UsageError, in a sentence that begins with the file.
    """
    before = _read(into) if into is not None else None
    if not name and before is None:
        raise UsageError(_SAY_WHICH if into is None else f"there is no file {into}. {_SAY_WHICH}")
    try:
        found = name or recognise(before or b"")
        path = _find_path(find_export(found), found, out, into, before)
        results = gather(
            graded, own_file=before, wishes=wishes, read_pages=read_pages, aliases=aliases
        )
        made = _make(find_export(found), results)
    except UsageError as error:
        raise UsageError(f"{into}: {error}" if before is not None else str(error)) from error
    return Delivery(name=found, path=path, file=made, before=before)


_SAY_WHICH = (
    "Name the file that you downloaded from your learning platform with --into, or a kind of new "
    "file with --format"
)


def _make(export: Export, results: Results) -> ExportedFile:
    if not results.graded:
        raise UsageError("nobody was graded, so there is nothing to export. Run `grader grade`")
    return export.make(results)


def _find_path(
    export: Export, name: str, out: Path, into: Path | None, before: bytes | None
) -> Path:
    """Where the file will stand. A new one replaces nothing but an earlier one in `out`."""
    if export.file_name and into is None:
        return out / export.file_name
    if into is None or (not export.file_name and before is None):
        absent = "" if into is None else f", and there is no {into}"
        raise UsageError(f"{name} fills a file that you downloaded{absent}. Name yours with --into")
    if export.file_name and before is not None and into.resolve() != _own(export, out):
        raise UsageError(
            f"it is there already, and {name} makes a new file. Give another name, or leave out "
            "--format to fill it"
        )
    return into


def _own(export: Export, out: Path) -> Path:
    return (out / export.file_name).resolve()


def _read(path: Path) -> bytes | None:
    """The instructor's file; None where there is none."""
    if not path.exists():
        return None
    try:
        size = path.stat().st_size
        if path.is_file() and size <= MOST_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})") from error
    if not path.is_file():
        raise UsageError(f"{path} is not a file. Name the file that you downloaded")
    raise UsageError(f"{path} has {size:,} bytes; {MOST_BYTES:,} are read at most")
