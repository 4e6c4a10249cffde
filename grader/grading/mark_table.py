"""Marks by hand in a table: a CSV file that lists what is open, and is read when it is filled."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from grader.grading import marking
from grader.records.errors import UsageError
from grader.records.mark import Mark
from grader.records.result import Graded
from grader.report import escape

STUDENT, CHECK = "student", "check"
FILLED = ("points", "comment", "adjustment", "settled", "excused", "extension")
"""What is filled in: points of the check, a comment on it or on the whole, points beside the score,
`yes` for a result that somebody has looked at or that does not count, another due date.
"""
SHOWN = ("of", "question", "answer")
"""What the table that is written shows besides; nothing of it is read."""
MOST_BYTES, MOST_ROWS = 16 << 20, 100_000
_MORE = "\0"
"""Where cells stand that have no column."""


def write_table(results: Sequence[Graded]) -> bytes:
    """A row for each thing that waits for a person, with the answer, to be filled in."""
    known = {one.student: one for one in results}
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([STUDENT, CHECK, *FILLED, *SHOWN])
    for item in marking.list_items(results):
        if not item.done:
            shown = _show(known[item.student], item.check)
            cells = [item.student, item.check, *[""] * len(FILLED), *shown]
            writer.writerow(map(escape.cell, cells))
    return text.getvalue().encode("utf-8-sig")  # by which Excel knows it for UTF-8


def _show(one: Graded, name: str) -> tuple[object, str, str]:
    if not name:
        return "", "Is this to count as it is?", " ".join((one.unclear, *one.notes)).strip()
    check = marking.find_check(one, name)
    answer = check.evidence.get("answer")
    text = answer.get("text") if isinstance(answer, Mapping) else check.feedback
    return check.points, check.title, str(text)


def read_table(content: bytes, results: Sequence[Graded], by: str) -> list[Mark]:
    """The marks in a filled table; a row in which nothing was filled in is passed over.

    Raises UsageError with the first row that cannot be read: then nothing of it is to be kept.
    """
    rows = _read_rows(content)
    marks: dict[tuple[str, str, str], Mark] = {}
    for number, row in rows:
        try:
            for mark in _read_row(row, results, by):
                if marks.setdefault(mark.key, mark) is not mark:
                    raise UsageError("this is said in an earlier row already, or not the same")
        except UsageError as error:
            raise UsageError(f"line {number}: {error}. Nothing of the table was kept") from error
    return list(marks.values())


def _read_rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Each row with its number, by column. Raises UsageError for what is no such table."""
    if len(content) > MOST_BYTES:
        raise UsageError(f"the table has {len(content):,} bytes, and {MOST_BYTES:,} are allowed")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"the table is not UTF-8 ({error.reason} at byte {error.start}). Save it as CSV in "
            "UTF-8"
        ) from error
    head = text.partition("\n")[0]
    marks = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=marks, restkey=_MORE, strict=True
    )
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        _require_columns([name.strip() for name in reader.fieldnames or ()])
        for row in reader:
            if any(row.pop(_MORE, None) or ()):
                raise UsageError(
                    f"line {reader.line_num} has more cells than the first line names. Put what "
                    f"holds {marks!r} between quotation marks. Nothing of the table was kept"
                )
            cells = {(k or "").strip(): v or "" for k, v in row.items()}
            rows.append((reader.line_num, cells))
    except csv.Error as error:
        at = reader.reader.line_num
        raise UsageError(f"line {at} of the table cannot be read: {error}") from error
    if len(rows) > MOST_ROWS:
        raise UsageError(f"the table has {len(rows):,} rows, and {MOST_ROWS:,} are allowed")
    return rows


def _require_columns(columns: Sequence[str]) -> None:
    """Raises UsageError for a column that is not known, lacks or is there twice."""
    unknown = [n for n in columns if n not in (STUDENT, CHECK, *FILLED, *SHOWN)]
    if STUDENT not in columns or unknown:
        raise UsageError(
            f"the table has the columns {', '.join(columns) or 'none'}. It may have {STUDENT}, "
            f"{CHECK}, {', '.join((*FILLED, *SHOWN))}, and needs {STUDENT}"
        )
    twice = [n for n in columns if columns.count(n) > 1]
    if twice:
        raise UsageError(f"the table has the column {twice[0]} twice. Leave one of them out")


def _read_row(row: Mapping[str, str], results: Sequence[Graded], by: str) -> list[Mark]:
    cells = {name: row.get(name, "").strip() for name in (STUDENT, CHECK, *FILLED)}
    if not any(cells[name] for name in FILLED):
        return []
    one = _find(results, cells[STUDENT])
    name, comment = cells[CHECK], cells["comment"]
    marks: list[Mark] = []
    if name:
        if cells["points"] or comment:
            marks.append(marking.mark_check(one, name, cells["points"], comment, by=by))
        comment = ""
    elif cells["points"]:
        raise UsageError(
            "there are points and no check. Name it, or write them as adjustment, which is added "
            "to the score"
        )
    return marks + _read_whole(one, cells, comment, by)


def _read_whole(one: Graded, cells: Mapping[str, str], comment: str, by: str) -> list[Mark]:
    """What a row says of the result as a whole."""
    marks: list[Mark] = []
    beside = cells["adjustment"]
    makers: dict[str, Callable[[], Mark]] = {
        "settled": lambda: marking.settle(one, comment, by=by),
        "excused": lambda: marking.excuse(one, comment, by=by),
    }
    for name, make in makers.items():
        if cells[name]:
            marks.append(make() if _read_yes(name, cells[name]) else marking.take_back(make()))
    if until := cells["extension"]:
        marks.append(marking.extend(one, until, comment, by=by))
    if beside or (comment and not marks):
        marks.append(marking.mark_whole(one, beside, comment, by=by))
    return marks


def _find(results: Sequence[Graded], name: str) -> Graded:
    """The student, also where a spreadsheet was kept from taking the name for a formula."""
    shown = [one for one in results if name in (one.student, escape.cell(one.student).strip())]
    if len(shown) > 1:
        raise UsageError(
            f"{name!r:.80} could be {' and '.join(repr(one.student) for one in shown[:2])}. Write "
            "the number, address or account"
        )
    return shown[0] if shown else marking.find_student(results, name)


def _read_yes(name: str, cell: str) -> bool:
    if cell.casefold() not in ("yes", "no"):
        raise UsageError(f"{name} is {cell!r:.40}. Write yes or no")
    return cell.casefold() == "yes"
