"""The class as a table, harmless in any spreadsheet: a row a person, a column a check."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from grader.export.export import Results
from grader.export.matching import Member, list_members
from grader.export.points import to_number
from grader.records import file_names
from grader.records.adjustment import Adjustment
from grader.records.person import Person
from grader.records.result import CheckResult
from grader.report import escape

PERSON = tuple(f.name for f in fields(Person))
"""Columns of what is known of a person, each only where something is."""
FIRST = ("student", *PERSON, "score", "adjustments", "final", "max_score", "status")
"""The columns before those of the checks."""
LAST = ("needs a person", "late")
"""The columns after them: yes or no."""
WITHDRAWN = "withdrawn"
"""The status of who is no longer among the hand-ins."""
_OPTIONAL = {*PERSON, "adjustments"}

Value = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeTable:
    """Columns, and as many values in each row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


def make_table(results: Results) -> GradeTable:
    """Everybody in order of name, whatever the order of the results; each member of a group.

    A check that broke through our fault has an empty cell: it was not decided, and neither is the
    score where none was. Who is withdrawn has a row without numbers. Columns of what is not known
    of anybody are left out.
    """
    every = list_members([*results.graded, *results.withdrawn])
    every.sort(key=lambda m: (file_names.sort_key(m.graded.student), m.person.name, m.person.id))
    names = list(dict.fromkeys(check.name for one in every for check in one.graded.checks))
    rows = [_describe(member) for member in every]
    first = [name for name in FIRST if name not in _OPTIONAL or any(row[name] for row in rows)]
    checks = [{check.name: check for check in member.graded.checks} for member in every]
    return GradeTable(
        columns=[*first, *map(_name_column, names), *LAST],
        rows=[
            [
                *(row[name] for name in first),
                *("" if m.graded.withdrawn else _points(own.get(name)) for name in names),
                *(row[name] for name in LAST),
            ]
            for row, own, m in zip(rows, checks, every, strict=True)
        ],
    )


def _name_column(check: str) -> str:
    """Headings differ from each other: a check called `score` becomes `score (check)`."""
    return escape.cell(f"{check} (check)" if check in (*FIRST, *LAST) else check)


def _describe(member: Member) -> Mapping[str, Value]:
    """What stands in the fixed columns."""
    one, gone = member.graded, bool(member.graded.withdrawn)
    known = member.person if one.persons else Person()
    status = "excused" if one.excused else escape.cell(one.execution.status)
    blank = gone or one.undecided
    return {
        "student": escape.cell(one.student),
        **{name: escape.cell(getattr(known, name)) for name in PERSON},
        "score": "" if blank else show_number(one.score),
        "adjustments": "" if gone else escape.cell(describe_adjustments(one.adjustments)),
        "final": "" if blank or one.excused else show_number(one.final),
        "max_score": "" if gone else show_number(one.max_score),
        "status": WITHDRAWN if gone else status,
        "needs a person": escape.cell(one.needs_review),
        "late": escape.cell(one.late and not gone),
    }


def describe_adjustments(adjustments: Iterable[Adjustment]) -> str:
    """Each with its points and its reason."""
    return "; ".join(f"{one.kind} {one.points:+.10g}: {one.reason}" for one in adjustments)


def _points(check: CheckResult | None) -> Value:
    """Empty where nothing and nobody has decided about it."""
    if check is None or check.outcome in ("broken", "open"):
        return ""
    return show_number(check.earned)


def show_number(value: float) -> Value:
    """The points as a cell; empty where there are none."""
    return to_number(value) if math.isfinite(value) else ""
