"""Gradescope: scores or grades that an instructor downloaded are filled.

Gradescope itself reads no such file; it is what other programs and an instructor's tables take. Two
are known: the scores of one assignment (`Total Score`, `Max Points`), and the grades of a course (a
column for each assignment, with its `… - Max Points`).
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.export.export import ExportedFile, Results
from grader.export.filling import (
    Candidate,
    Gradebook,
    choose,
    fill,
    join_names,
    list_student_lines,
    make_key,
    read_own_table,
    read_points,
)
from grader.export.matching import Key
from grader.export.table import Table

_TOTAL, _MOST = "Total Score", "Max Points"


class Gradescope:
    """Scores or grades downloaded from Gradescope as CSV."""

    file_name = ""

    def refuse(self, own_file: bytes) -> str:
        """A download has SID and Email, and columns of scores with their maximum."""
        return _refuse(Table.read(own_file))

    def make(self, results: Results) -> ExportedFile:
        """Its column of scores says what everybody has earned."""
        table = read_own_table(results, _refuse, "download of Gradescope's")
        lines = list_student_lines(table, range(1, len(table.lines)))
        column = choose(_list_columns(table, lines), results, "Gradescope")
        return fill(_read(table, lines, column), results)


GRADESCOPE = Gradescope()


def _refuse(table: Table) -> str:
    if table.find("SID") < 0 or table.find("Email") < 0:
        return "it lacks the columns SID and Email"
    return "" if _list_columns(table, []) else f"it lacks {_TOTAL}, and columns with their {_MOST}"


def _list_columns(table: Table, lines: Sequence[int]) -> list[Candidate]:
    """The total, or every assignment of a course."""
    if (total := table.find(_TOTAL)) >= 0:
        return [_read_column(table, lines, total, table.find(_MOST))]
    most = [(n, table.find(f"{heading} - {_MOST}")) for n, heading in enumerate(table.head)]
    return [_read_column(table, lines, n, beside) for n, beside in most if beside >= 0]


def _read_column(table: Table, lines: Sequence[int], column: int, most: int) -> Candidate:
    numbers = {read_points(table.get(line, most)) for line in lines} - {None}
    maximum = next(iter(numbers), None) if len(numbers) == 1 else None
    heading = table.head[column]
    return Candidate(
        column=column,
        heading=heading,
        names=(heading,),
        maximum=None if maximum is None else float(maximum),
    )


def _read(table: Table, lines: Sequence[int], column: Candidate) -> Gradebook:
    first, last, whole = map(table.find, ("First Name", "Last Name", "Name"))
    names = join_names(table, lines, first, last, whole)
    emails = make_key(table, lines, table.find("Email"), "email", "login")
    shown = emails[0].values
    return Gradebook(
        table=table,
        lines=lines,
        labels=[f"{name} {known}".strip() for name, known in zip(names, shown, strict=True)],
        keys=[
            *make_key(table, lines, table.find("SID"), "id", "login"),
            *emails,
            Key(heading="Name", fields=("name",), values=names),
        ],
        column=column,
        above="Gradescope shows them as they are.",
    )
