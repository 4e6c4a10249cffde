"""The tables of a ledger, built by numbered migrations: a new file takes all, an old one the rest.

A migration is never changed once it was released; what it needs of an older format stands here. All
that a file lacks run in one transaction, so that a kill leaves the old ledger or the new one.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

APPLICATION = 0x70744752
"""SQLite's application id of our files, so that nobody else's is taken for one."""

_VERSION_1 = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, argv TEXT NOT NULL,
    started TEXT NOT NULL, finished TEXT, counts TEXT NOT NULL DEFAULT '{}');
CREATE TABLE executions (
    key TEXT PRIMARY KEY, student TEXT NOT NULL, digest TEXT NOT NULL, execution TEXT NOT NULL,
    answers TEXT NOT NULL, arrays BLOB NOT NULL, run INTEGER REFERENCES runs, at TEXT NOT NULL);
CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT, student TEXT NOT NULL, execution_key TEXT NOT NULL,
    checks_key TEXT NOT NULL, fingerprint TEXT NOT NULL, graded TEXT NOT NULL,
    run INTEGER REFERENCES runs, at TEXT NOT NULL);
CREATE INDEX results_by_student ON results (student, id);
"""

_VERSION_2 = """
CREATE TABLE executions_2 (
    kind TEXT NOT NULL, key TEXT NOT NULL, student TEXT NOT NULL, digest TEXT NOT NULL,
    execution TEXT NOT NULL, answers TEXT NOT NULL, in_float32 TEXT NOT NULL, proofs TEXT NOT NULL,
    arrays BLOB NOT NULL, cells TEXT, notebook BLOB, run INTEGER REFERENCES runs, at TEXT NOT NULL,
    PRIMARY KEY (kind, key));
"""

_VERSION_3 = """
CREATE TABLE withdrawn (
    student TEXT PRIMARY KEY, run INTEGER REFERENCES runs, at TEXT NOT NULL) WITHOUT ROWID
"""

_VERSION_4 = """
CREATE TABLE pieces (digest TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE executions_4 (
    kind TEXT NOT NULL, key TEXT NOT NULL, student TEXT NOT NULL, digest TEXT NOT NULL,
    execution BLOB NOT NULL, measured BLOB NOT NULL, cells BLOB, notebook BLOB,
    whole INTEGER NOT NULL, run INTEGER REFERENCES runs, at TEXT NOT NULL, PRIMARY KEY (kind, key));
"""

_VERSION_5 = """
CREATE TABLE marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, student TEXT NOT NULL, kind TEXT NOT NULL,
    "check" TEXT NOT NULL, points REAL, comment TEXT NOT NULL, until TEXT NOT NULL,
    taken_back INTEGER NOT NULL, about TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX marks_by_student ON marks (student, id);
"""
_VERSION_6 = """
CREATE TABLE sketches (
    digest TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, sketch BLOB NOT NULL,
    PRIMARY KEY (digest, kind)) WITHOUT ROWID
"""
_NEVER = (
    "CREATE TRIGGER marks_stay_{what} BEFORE {what} ON marks"
    " BEGIN SELECT RAISE(ABORT, 'marks are only added to'); END"
)


def migrate(database: sqlite3.Connection) -> None:
    """The tables are those of VERSION, whatever version they were of; in one transaction."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute("BEGIN IMMEDIATE")
    for step in MIGRATIONS[version:]:
        step(database)
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def _run(database: sqlite3.Connection, script: str) -> None:
    """Each statement in turn: `executescript` would end the transaction."""
    for statement in script.split(";"):
        if statement.strip():
            database.execute(statement)


def _create(database: sqlite3.Connection) -> None:
    """Version 1: settings, runs, executions, results."""
    _run(database, _VERSION_1)


def _separate(database: sqlite3.Connection) -> None:
    """Version 2: what was told apart by magic names among an execution's answers has columns.

    `person` is called `needs_review`, `standing` is called `trust`. An execution that cannot be
    read is left out: it is measured again. No result is lost.
    """
    _run(database, _VERSION_2)
    for old in database.execute(
        "SELECT key, student, digest, execution, answers, arrays, run, at FROM executions"
    ):
        new = _separate_or_leave_out(old)
        if new is not None:
            database.execute(
                "INSERT INTO executions_2 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", new
            )
    _run(database, "DROP TABLE executions; ALTER TABLE executions_2 RENAME TO executions")
    for number, graded in database.execute("SELECT id, graded FROM results").fetchall():
        renamed = _rename_or_leave(graded)
        database.execute("UPDATE results SET graded = ? WHERE id = ?", (renamed, number))


def _separate_or_leave_out(row: tuple[Any, ...]) -> tuple[object, ...] | None:
    with suppress(Exception):  # a damaged row may raise anything
        return _separate_row(*row)
    return None


def _rename_or_leave(graded: str) -> str:
    with suppress(Exception):  # a damaged result stays, and is named when it is read
        return json.dumps(_rename(json.loads(graded)))
    return graded


def _rename_missing(entry: dict[str, Any]) -> dict[str, Any]:
    """An answer of version 1, if it is missing, with the keys of version 2."""
    if "missing" not in entry:
        return entry
    words = {"person": "needs_review"}
    return {**entry, "missing": {words.get(k, k): v for k, v in entry["missing"].items()}}


def _rename(graded: dict[str, Any]) -> dict[str, Any]:
    """A result of version 1 with the keys of version 2."""
    words = {"person": "needs_review", "standing": "trust"}
    checks = [{words.get(k, k): v for k, v in c.items()} for c in graded["checks"]]
    return {words.get(k, k): v for k, v in {**graded, "checks": checks}.items()}


def _separate_row(
    key: str,
    student: str,
    digest: str,
    execution: str,
    answers: str,
    arrays: bytes,
    run: int | None,
    at: str,
) -> tuple[object, ...]:
    """A row of version 2 from one of version 1."""
    kind = "reference" if key.startswith("reference ") else "student"
    student = student if kind == "student" else "reference"
    claims: list[dict[str, Any]] = []
    singles: list[dict[str, Any]] = []
    proofs: list[dict[str, Any]] = []
    cells = notebook = None
    for entry in map(_rename_missing, json.loads(answers)):
        name: str = entry["name"]
        tree: Any = entry.get("tree")
        if name == "(notebook)":
            cells = json.dumps(tree["cells"])
            arrays, notebook = _take_notebook(arrays, entry)
        elif name.endswith("/float32"):
            singles.append({**entry, "name": name.removesuffix("/float32")})
        elif isinstance(tree, dict) and "proven" in tree:
            rest = {k: v for k, v in tree.items() if k not in ("proven", "why_not")}
            claims.append({**entry, "tree": rest})
            proof = {"logits": tree["proven"], "why_not": tree.get("why_not", "")}
            proofs.append({**entry, "tree": proof})
        else:
            claims.append(entry)
    parts = (json.dumps(part) for part in (claims, singles, proofs))
    key = key.removeprefix("reference ")
    return kind, key, student, digest, execution, *parts, arrays, cells, notebook, run, at


def _take_notebook(blob: bytes, entry: dict[str, Any]) -> tuple[bytes, bytes]:
    """The arrays without the notebook, which was the last one, and its bytes."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        arrays = [file[str(i)] for i in range(len(file.files))]
    index = entry["first"] + entry["tree"]["notebook"]["$array"]
    notebook = arrays[index].tobytes()
    if index == len(arrays) - 1:
        del arrays[index]
    rest = io.BytesIO()
    if arrays:
        np.savez(rest, **{str(i): array for i, array in enumerate(arrays)})
    return rest.getvalue(), notebook


def _withdraw(database: sqlite3.Connection) -> None:
    """Version 3: students who are no longer among the hand-ins are marked."""
    _run(database, _VERSION_3)


def _compress(database: sqlite3.Connection) -> None:
    """Version 4: columns are compressed, and arrays stand in a table of their own, equal ones once.

    Each of them is kept, also where it would be too much today. What cannot be read is left out of
    the executions, and stays among the results, as in version 2.
    """
    _run(database, _VERSION_4)
    for old in database.execute(
        "SELECT answers, in_float32, proofs, arrays, execution, cells, notebook,"
        " kind, key, student, digest, run, at FROM executions"
    ):
        with suppress(Exception):  # a damaged row may raise anything
            _compress_row(database, *old)
    _run(database, "DROP TABLE executions; ALTER TABLE executions_4 RENAME TO executions")
    for number, graded in database.execute("SELECT id, graded FROM results").fetchall():
        content = zlib.compress(graded.encode("utf-8", "surrogatepass"))
        database.execute("UPDATE results SET graded = ? WHERE id = ?", (content, number))


def _compress_row(
    database: sqlite3.Connection,
    answers: str,
    in_float32: str,
    proofs: str,
    arrays: bytes,
    execution: str,
    cells: str | None,
    notebook: bytes | None,
    *rest: object,
) -> None:
    described = [[name, shape, _keep(database, data)] for name, shape, data in _read_npz(arrays)]
    lists = {"answers": answers, "in_float32": in_float32, "proofs": proofs}
    measured = {name: json.loads(text) for name, text in lists.items()} | {"arrays": described}
    columns = (
        *(execution.encode(), json.dumps(measured).encode()),
        *(None if cells is None else cells.encode(), notebook),
    )
    json.loads(execution)
    squeezed = [None if c is None else zlib.compress(c) for c in columns]
    kind, key, student, digest, run, at = rest
    row = (kind, key, student, digest, *squeezed, 1, run, at)
    database.execute("INSERT INTO executions_4 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _read_npz(blob: bytes) -> list[tuple[str, list[int], bytes]]:
    """Dtype, shape and bytes of each array."""
    if not blob:
        return []
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        arrays = [file[str(i)] for i in range(len(file.files))]
    return [(a.dtype.str, list(a.shape), a.tobytes()) for a in arrays]


def _keep(database: sqlite3.Connection, data: bytes) -> str:
    """The digest under which these bytes are kept now."""
    digest = hashlib.sha256(data).hexdigest()[:32]
    piece = (digest, zlib.compress(data))
    database.execute("INSERT OR IGNORE INTO pieces VALUES (?, ?)", piece)
    return digest


def _add_marks(database: sqlite3.Connection) -> None:
    """Version 5: what people decide has a log, of which no line is ever changed or deleted."""
    _run(database, _VERSION_5)
    for what in ("UPDATE", "DELETE"):
        database.execute(_NEVER.format(what=what))


def _add_sketches(database: sqlite3.Connection) -> None:
    """Version 6: what is kept of files that were handed in to find their like."""
    _run(database, _VERSION_6)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _create,
    _separate,
    _withdraw,
    _compress,
    _add_marks,
    _add_sketches,
)
"""The first makes version 1 of an empty file, the next version 2 of version 1, and so on."""
VERSION = len(MIGRATIONS)
"""Of the tables, SQLite's `user_version`."""
