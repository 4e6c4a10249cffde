"""The gradebook: one row per student, one column per check, harmless in any spreadsheet."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence

from grader.export.export import ExportedFile, Results
from grader.export.points import to_number
from grader.records import file_names
from grader.records.result import CheckResult, Graded
from grader.report import escape

FIRST = ("student", "score", "max_score", "status")
"""The columns before those of the checks."""
WITHDRAWN = "withdrawn"
"""The status of who is no longer among the hand-ins."""
LAST = ("needs a person", "late")
"""The columns after them: yes or no."""


class CsvTable:
    """The gradebook as CSV, in order of name."""

    file_name = "grades.csv"

    def make(self, results: Results) -> ExportedFile:
        """A check that broke through our fault has an empty cell: it was not decided, and neither
        is the score where none was. Who is withdrawn has a row without numbers. Every text is
        quoted, so that a program that separates by semicolons finds no cell inside another.
        """
        import pandas as pd

        every = [*results.graded, *results.withdrawn]
        rows = sorted(every, key=lambda one: file_names.sort_key(one.student))
        names = list(dict.fromkeys(check.name for one in rows for check in one.checks))
        cells = [_row(one, names) for one in rows]
        frame = pd.DataFrame(cells, columns=_columns(names), dtype=object)
        text = frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        return ExportedFile(content=text.encode("utf-8"))


CSV = CsvTable()


def _columns(names: Iterable[str]) -> list[str]:
    """Headings that differ from each other: a check called `score` becomes `score (check)`."""
    fixed = {*FIRST, *LAST}
    return [
        *FIRST,
        *(escape.cell(f"{name} (check)" if name in fixed else name) for name in names),
        *LAST,
    ]


def _row(one: Graded, names: Sequence[str]) -> list[str | int | float]:
    if one.withdrawn:
        blank = [""] * len(names)
        return [
            escape.cell(one.student),
            "",
            "",
            WITHDRAWN,
            *blank,
            *map(escape.cell, (False, False)),
        ]
    checks = {check.name: check for check in one.checks}
    return [
        escape.cell(one.student),
        "" if one.undecided else _number(one.score),
        _number(one.max_score),
        escape.cell(one.execution.status),
        *(_points(checks.get(name)) for name in names),
        escape.cell(one.needs_review),
        escape.cell(one.late),
    ]


def _points(check: CheckResult | None) -> str | int | float:
    return "" if check is None or check.outcome == "broken" else _number(check.earned)


def _number(value: float) -> str | int | float:
    """The points as a cell; empty where there are none."""
    if not math.isfinite(value):
        return ""
    return to_number(value)
