"""Moodle: the grading worksheet of an assignment is filled, which an instructor downloaded.

What Moodle does when it reads one (`assignfeedback_offline`): it finds three columns by their
headings in its own language, takes the number at the end of the identifier for the participant,
passes over grades beyond the maximum and those that were changed after the date in the worksheet,
and stores every comment that differs. So every other cell stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

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
from grader.export.packing import MOODLE_PLACE
from grader.export.table import Table
from grader.records.errors import UsageError

_IDENTIFIER = re.compile(r"\A(?P<word>.*\D)(?P<number>[0-9]{1,18})", re.DOTALL)
"""`Participant 123456`, in German `Teilnehmer/in123456`."""
_CHANGED = re.compile(r"\A[^(（]+[(（](?P<of>[^()（）]+)[)）]")
"""`Last modified (grade)`."""
_NUMBERS = ("ID number", "ID-Nummer", "Numéro d'identification", "Número de ID", "Username")


class Moodle:
    """A worksheet of Moodle's, in any language."""

    file_name = ""

    def refuse(self, own_file: bytes) -> str:
        """A worksheet has an identifier in every line, and says when the grade was changed."""
        table = Table.read(own_file)
        return _refuse(table) or ("" if _find_grade(table) else _NO_GRADE)

    def make(self, results: Results) -> ExportedFile:
        """Its column of grades says what everybody has earned; comments and dates stay."""
        table = read_own_table(results, _refuse, "grading worksheet of Moodle")
        grades = _find_grade(table)
        if not grades and not results.wishes.column:
            raise UsageError(f"{_NO_GRADE}. Name the column of grades with --column")
        column = choose(grades or _list_all(table), results, "Moodle")
        _require_points(table, column)
        book = _read(table, _list_lines(table), column)
        _require_own(book, results)
        made = fill(book, results)
        return replace(made, notes=[*made.notes, *_note_form(table)])


MOODLE = Moodle()
_NO_GRADE = "no heading, such as Last modified (grade), names the column of grades in brackets"


def _list_lines(table: Table) -> list[int]:
    return list_student_lines(table, range(1, len(table.lines)))


def _refuse(table: Table) -> str:
    cells = [table.get(n, 0).strip() for n in _list_lines(table)]
    found = [_IDENTIFIER.fullmatch(cell) for cell in cells]
    words = {one["word"] for one in found if one}
    if not cells or not all(found) or len(words) != 1:
        return "its first column does not hold identifiers such as Participant 123456"
    return ""


def _find_grade(table: Table) -> list[Candidate]:
    """The column of grades: its heading stands in brackets in the one that says when the grade was
    changed. That is so in every language, whatever the words.
    """
    brackets = {
        found["of"].strip().casefold() for h in table.head if (found := _CHANGED.fullmatch(h))
    }
    return [one for one in _list_all(table) if one.heading.casefold() in brackets]


def _list_all(table: Table) -> list[Candidate]:
    """Every column but the identifier."""
    return [
        Candidate(column=n, heading=heading, names=(heading,), maximum=_find_maximum(table, n + 1))
        for n, heading in enumerate(table.head)
        if n
    ]


def _list_values(table: Table, column: int) -> set[str]:
    return {table.get(line, column).strip() for line in _list_lines(table)}


def _find_maximum(table: Table, column: int) -> float | None:
    """The column behind the grade says its maximum in every line."""
    numbers = {read_points(value) for value in _list_values(table, column)}
    number = numbers.pop() if len(numbers) == 1 else None
    return None if number is None else float(number)


def _require_points(table: Table, column: Candidate) -> None:
    """Raises UsageError for an assignment with a scale, or without a grade."""
    values = _list_values(table, column.column + 1)
    if not column.maximum and len(values) == 1 and "" not in values:
        raise UsageError(
            f"behind {column.heading!r} stands {min(values)!r:.60}, which is no maximum, so "
            "the assignment takes no points in Moodle. Give it points there, and download it again"
        )


def _require_own(book: Gradebook, results: Results) -> None:
    """Raises UsageError where the folders that were graded are of other participants: Moodle counts
    them anew for each assignment.
    """
    places = [MOODLE_PLACE.fullmatch(one.place) for one in results.graded]
    numbers = {place["number"] for place in places if place}
    if numbers and not numbers & set(book.keys[0].values):
        raise UsageError(
            f"none of the participants who were graded, such as {min(numbers)}, stands in "
            "it: it is the worksheet of another assignment. Download that of this one"
        )


def _note_form(table: Table) -> list[str]:
    """What has to be said in Moodle when the file is uploaded."""
    if table.delimiter == "," and table.encoding == "utf-8":
        return []
    return [
        f"Moodle writes commas and UTF-8; this file has {table.delimiter!r} and {table.encoding}, "
        "as a spreadsheet program saves it. Say so when you upload it."
    ]


def _read(table: Table, lines: Sequence[int], column: Candidate) -> Gradebook:
    cells = [table.get(line, 0).strip() for line in lines]
    found = [_IDENTIFIER.fullmatch(cell) for cell in cells]
    numbers = [one["number"] if one else "" for one in found]
    emails = [n for n in range(1, column.column) if "@" in table.get(lines[0], n)]
    named = 1 if 1 not in emails and column.column > 2 else -1
    names = make_key(table, lines, named, "name")
    labels = [f"{cell} {names[0].values[n]}" if names else cell for n, cell in enumerate(cells)]
    return Gradebook(
        table=table,
        lines=lines,
        labels=labels,
        keys=[
            Key(heading=table.head[0], fields=("id",), values=numbers),
            *make_key(table, lines, table.find(*_NUMBERS), "id", "login"),
            *(key for n in emails for key in make_key(table, lines, n, "email", "login")),
            *names,
        ],
        column=column,
        above="Moodle passes over grades beyond the maximum.",
    )
