"""Brightspace: grades that an instructor exported are filled, in the column of one grade item.

What Brightspace does when it reads such a file: it knows a student by OrgDefinedId, Username or
both, each with a `#` in front in its own exports; an item by the heading `… Points Grade`, with
what it makes new items of in angle brackets; and the end of a line by a `#` in its own column.
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
    join_names,
    list_student_lines,
    make_key,
    read_own_table,
)
from grader.export.matching import Key
from grader.export.table import Table

_ITEM = re.compile(r"\A(?P<title>.+) Points Grade(?:\s*<(?P<more>.*)>)?", re.DOTALL)
_MOST = re.compile(r"MaxPoints:([0-9]+(?:\.[0-9]+)?)", re.ASCII)
_END = "End-of-Line Indicator"


class Brightspace:
    """Grades exported from Brightspace as CSV."""

    file_name = ""

    def refuse(self, own_file: bytes) -> str:
        """An export has OrgDefinedId or Username, and a column that ends each line."""
        return _refuse(Table.read(own_file))

    def make(self, results: Results) -> ExportedFile:
        """Its column of the item says what everybody has earned."""
        table = read_own_table(results, _refuse, "export of Brightspace's grades")
        column = choose(_list_items(table), results, "Brightspace")
        lines = list_student_lines(table, range(1, len(table.lines)))
        return fill(_read(table, lines, column), results)


BRIGHTSPACE = Brightspace()


def _refuse(table: Table) -> str:
    if table.find("OrgDefinedId", "Username") < 0:
        return "no column is called OrgDefinedId or Username"
    if table.find(_END) < 0:
        return f"no column is called {_END}"
    return ""


def _list_items(table: Table) -> list[Candidate]:
    """Items with points. Symbols and texts, and what Brightspace calculates, take none."""
    found = []
    for column, heading in enumerate(table.head):
        if parts := _ITEM.fullmatch(heading):
            most = _MOST.search(parts["more"] or "")
            maximum = float(most[1]) if most else None
            names = (parts["title"].strip(), f"{parts['title'].strip()} Points Grade")
            found.append(Candidate(column=column, heading=heading, names=names, maximum=maximum))
    return found


def _read(table: Table, lines: Sequence[int], column: Candidate) -> Gradebook:
    names = join_names(table, lines, table.find("First Name"), table.find("Last Name"), -1)
    ids = make_key(table, lines, table.find("OrgDefinedId"), "id", "login", strip="#")
    logins = make_key(table, lines, table.find("Username"), "login", "email", "id", strip="#")
    shown = next(key.values for key in (*logins, *ids))
    return Gradebook(
        table=table,
        lines=lines,
        labels=[f"{name} {known}".strip() for name, known in zip(names, shown, strict=True)],
        keys=[
            *ids,
            *logins,
            *make_key(table, lines, table.find("Email"), "email", "login"),
            Key(heading="First Name and Last Name", fields=("name",), values=names),
        ],
        column=column,
        above="Brightspace cuts them to the maximum unless the item can be exceeded.",
    )
