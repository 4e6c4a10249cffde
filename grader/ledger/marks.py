"""The log of what people decided, as rows of a ledger: added to, never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields

from grader.records.mark import Mark

_COLUMNS = tuple(f.name for f in fields(Mark))
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
QUERY = f"SELECT {_NAMES} FROM marks ORDER BY id"  # noqa: S608 - names of our own fields


def append(connection: sqlite3.Connection, marks: Iterable[Mark]) -> None:
    """These stand at the end of the log."""
    held = ", ".join("?" * len(_COLUMNS))
    rows = [tuple(getattr(mark, name) for name in _COLUMNS) for mark in marks]
    connection.executemany(f"INSERT INTO marks ({_NAMES}) VALUES ({held})", rows)  # noqa: S608


def read(rows: Sequence[Sequence[object]]) -> list[Mark]:
    """The marks in these rows, as `QUERY` selects them."""
    every = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    for row in every:
        row["taken_back"] = bool(row["taken_back"])
    return [Mark(**row) for row in every]  # type: ignore[arg-type]  # typed by the table's schema
