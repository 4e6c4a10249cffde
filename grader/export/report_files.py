"""The files of students' reports, as they lie in an output folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.report import pages

_SUFFIXES = (".html", ".notebook.html", ".ipynb")
_NEIGHBOURS = re.compile(rb'<nav class="neighbours[^>]*>.*?</nav>', re.DOTALL)
_NAME = "report"
"""What they are called when they are handed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """Reports of one output folder, read when they are asked for."""

    out: Path
    stems: Mapping[str, str]
    """By student the name of the files there."""
    find: Callable[[str], Graded]
    """Gives the newest record of a student, as students see it today."""

    def read(self, student: str) -> dict[str, bytes]:
        """The page, and the notebook as it ran where there is one; links between them lead to the
        names by which they are handed out.

        Raises UsageError where they are not those of the newest result.
        """
        stem = self.stems[student]
        record = self.out / f"{stem}.json"
        newest = pages.dump_record(self.find(student))
        if not record.is_file() or record.read_bytes() != newest:
            raise UsageError(
                f"the report of {student} in {self.out} is not that of the newest result. Run "
                f"`grader report {self.out}` first"
            )
        paths = {suffix: self.out / f"{stem}{suffix}" for suffix in _SUFFIXES}
        return {
            f"{_NAME}{suffix}": _rename_links(_leave_alone(path.read_bytes()), stem)
            if suffix.endswith("html")
            else path.read_bytes()
            for suffix, path in paths.items()
            if path.is_file()
        }


def _leave_alone(page: bytes) -> bytes:
    """The page without the way to others', whose names nobody has to learn. Text of a student's
    holds no such element.
    """
    return _NEIGHBOURS.sub(b"", page)


def _rename_links(page: bytes, stem: str) -> bytes:
    """Text of a student's holds no such link: its quotes are escaped."""
    return page.replace(f'href="{stem}.'.encode(), f'href="{_NAME}.'.encode())
