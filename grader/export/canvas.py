"""Canvas: the gradebook that an instructor exported is filled, in the column of one assignment.

What Canvas does when it reads such a file (its `gradebook_importer`): it knows an assignment by the
number in brackets behind the title, and makes a new one where there is none; it knows a student by
ID, then SIS User ID, SIS Login ID and name; it passes over columns that are read only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.export.export import ExportedFile, Results
from grader.export.filling import (
    Candidate,
    Gradebook,
    choose,
    fill,
    list_student_lines,
    make_key,
    read_own_table,
    read_points,
)
from grader.export.matching import Key
from grader.export.table import Table

_ASSIGNMENT = re.compile(r"\A(.*)\s\((\d+)\)", re.DOTALL | re.ASCII)
"""A title, and the assignment's number."""
_POINTS = "Points Possible"
_NO_STUDENT = re.compile(r"(muted|manual posting.*)?", re.IGNORECASE | re.DOTALL)
"""Every cell of a row that only says which grades are hidden."""
_FORMULA = re.compile(r'\A="(.*)"', re.DOTALL)
"""How Canvas writes a name that begins like a formula."""
KEPT = {
    "ex": "is excused in Canvas (EX), which is kept",
    "n/a": "is not assigned this in Canvas (N/A), which is kept",
}


class Canvas:
    """A gradebook exported from Canvas, as CSV with commas or semicolons."""

    file_name = ""

    def refuse(self, own_file: bytes) -> str:
        """A gradebook begins with the student, and has columns for ID and section."""
        return _refuse(Table.read(own_file))

    def make(self, results: Results) -> ExportedFile:
        """Its column of the assignment says what everybody has earned, at two decimals."""
        table = read_own_table(results, _refuse, "gradebook of Canvas")
        points = _find_points(table)
        column = choose(_list_columns(table, points), results, "Canvas")
        lines = [n for n in list_student_lines(table, range(1, len(table.lines))) if n != points]
        lines = [n for n in lines if not _says_what_is_hidden(table, n)]
        return fill(_read(table, lines, column), results)


CANVAS = Canvas()


def _refuse(table: Table) -> str:
    head = table.head
    first = "Student" in "".join(head[:1]) or head[:2] == ["LastName", "FirstName"]
    if not first or "ID" not in head[1:3] or "Section" not in head:
        return "its first line does not begin with Student and ID, with Section behind them"
    return ""


def _read(table: Table, lines: Sequence[int], column: Candidate) -> Gradebook:
    names = [_read_name(table, line) for line in lines]
    ids = make_key(table, lines, table.find("ID"), "id")
    return Gradebook(
        table=table,
        lines=lines,
        labels=[f"{name} ({known})" for name, known in zip(names, ids[0].values, strict=True)],
        keys=[
            *ids,
            *make_key(table, lines, table.find("SIS User ID"), "id", "login"),
            *make_key(table, lines, table.find("SIS Login ID"), "login", "email", "id"),
            Key(heading=table.head[0], fields=("name",), values=names),
        ],
        column=column,
        above="Canvas takes them as extra points.",
        excused="EX",
        kept=KEPT,
    )


def _read_name(table: Table, line: int) -> str:
    """Of one column, or of two: then the last name stands in the first."""
    columns = (0,) if table.find("FirstName") != 1 else (1, 0)
    cells = [table.get(line, column).strip() for column in columns]
    return " ".join(m[1] if (m := _FORMULA.fullmatch(cell)) else cell for cell in cells)


def _find_points(table: Table) -> int:
    """The line of the points possible; 0 where there is none."""
    lines = range(1, len(table.lines))
    return next((n for n in lines if _POINTS in table.get(n, 0)), 0)


def _says_what_is_hidden(table: Table, line: int) -> bool:
    return all(_NO_STUDENT.fullmatch(cell.value.strip()) for cell in table.lines[line])


def _list_columns(table: Table, points: int) -> list[Candidate]:
    """Columns of assignments: Canvas writes a number behind each title. It would make a new
    assignment of any other. What is read only, such as `Final Score (2026)` for a grading period,
    says so in whatever language where assignments have their points.
    """
    found = []
    for column, heading in enumerate(table.head):
        cell = table.get(points, column).strip() if points else ""
        most = read_points(cell)
        parts = _ASSIGNMENT.fullmatch(heading)
        if parts and (most is not None or not cell):
            names = (parts[2], parts[1].strip())
            maximum = None if most is None else float(most)
            found.append(Candidate(column=column, heading=heading, names=names, maximum=maximum))
    return found
