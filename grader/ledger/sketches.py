"""Sketches of what was handed in, by the digest of its files, as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from grader.records.likeness import Sketch

QUERY = "SELECT digest, kind, size, sketch FROM sketches ORDER BY digest, kind"


def read(rows: Iterable[Sequence[object]]) -> dict[str, list[Sketch]]:
    """By digest what QUERY gave."""
    found: dict[str, list[Sketch]] = {}
    for digest, kind, size, content in rows:
        assert isinstance(content, bytes)
        values = frozenset(np.frombuffer(content, "<u8").tolist())
        found.setdefault(str(digest), []).append(
            Sketch(kind=kind, size=int(str(size)), values=values)  # type: ignore[arg-type]
        )
    return found


def put(connection: sqlite3.Connection, sketches: Mapping[str, Sequence[Sketch]]) -> None:
    """They stand in the table instead of what was there of these digests."""
    connection.executemany("DELETE FROM sketches WHERE digest = ?", [(d,) for d in sketches])
    rows = [
        (digest, one.kind, one.size, np.array(sorted(one.values), "<u8").tobytes())
        for digest, several in sketches.items()
        for one in several
    ]
    connection.executemany("INSERT INTO sketches VALUES (?, ?, ?, ?)", rows)
