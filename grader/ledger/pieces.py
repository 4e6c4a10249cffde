"""Rows as they stand in the file: compressed, and what is large in them kept once for everybody.

A piece is an array, or a long text that was printed. It stands in the file under the digest of its
bytes, so equal ones, of whichever student, take their place once, and a damaged one is noticed.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.inside import wire
from grader.ledger.codec import Damaged, ExecutionRow, name_damage
from grader.records.execution import Execution, Kind
from grader.records.json_values import record_to_json
from grader.records.result import Graded

LONG = 1024
"""Characters from which on what was printed is a piece."""
_PRINTED = ("stdout", "stderr")
_PIECE = "$piece"
_LARGEST = 1 << 31
"""Bytes that a row, a notebook or a text may have when it is expanded."""

Pieces = dict[str, bytes]
"""Bytes by their digest, not compressed."""
Fetch = Callable[[str], bytes]
"""Gives the compressed bytes of a digest; raises Damaged where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExecution:
    """The columns of an execution; the fields are named and ordered as they are."""

    kind: Kind
    key: str
    student: str
    digest: str
    execution: bytes
    """JSON, compressed."""
    measured: bytes = field(repr=False)
    """JSON of answers, answers in float32, proofs and arrays, compressed."""
    cells: bytes | None
    """JSON, compressed; None without a notebook."""
    notebook: bytes | None = field(repr=False)
    """Compressed."""


def store_execution(row: ExecutionRow) -> tuple[StoredExecution, Pieces]:
    """The columns, and the pieces to which they refer."""
    found: Pieces = {}
    measured = {
        "answers": row.answers,
        "in_float32": row.in_float32,
        "proofs": row.proofs,
        "arrays": [[a.dtype.str, list(a.shape), _take(a.tobytes(), found)] for a in row.arrays],
    }
    stored = StoredExecution(
        kind=row.kind,
        key=row.key,
        student=row.student,
        digest=row.digest,
        execution=squeeze_json(_take_printed(row.execution, found)),
        measured=squeeze_json(measured),
        cells=None if row.cells is None else squeeze_json(row.cells),
        notebook=None if row.notebook is None else squeeze(row.notebook),
    )
    return stored, found


def store_printed(execution: Execution) -> tuple[bytes, Pieces]:
    """The column of an execution, and the pieces of what was printed."""
    printed: Pieces = {}
    return squeeze_json(_take_printed(record_to_json(execution), printed)), printed


def restore_execution(stored: StoredExecution, fetch: Fetch) -> ExecutionRow:
    """What `store_execution` took apart. Raises Damaged."""
    with name_damage("an execution"):
        measured = expand_json(stored.measured)
        return ExecutionRow(
            kind=stored.kind,
            key=stored.key,
            student=stored.student,
            digest=stored.digest,
            execution=_put_printed(expand_json(stored.execution), fetch),
            answers=measured["answers"],
            in_float32=measured["in_float32"],
            proofs=measured["proofs"],
            arrays=tuple(_restore_array(n, s, d, fetch) for n, s, d in measured["arrays"]),
            cells=None if stored.cells is None else expand_json(stored.cells),
            notebook=None if stored.notebook is None else expand(stored.notebook),
        )


def store_result(graded: Graded) -> tuple[bytes, Pieces]:
    """The result as compressed JSON, and the pieces of what was printed."""
    printed: Pieces = {}
    value = graded.to_json()
    value["execution"] = _take_printed(value["execution"], printed)
    return squeeze_json(value), printed


def restore_result(content: bytes, fetch: Fetch) -> Graded:
    """The result that `store_result` wrote. Raises Damaged."""
    with name_damage("a result"):
        value = expand_json(content)
        value["execution"] = _put_printed(value["execution"], fetch)
        return Graded.from_json(value)


# ---------------------------------------------------------------------- in the file


class Shelf:
    """The pieces of a file, to which new ones are added within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._squeezed: dict[str, bytes] = {}

    def weigh(self, found: Pieces) -> int:
        """How many bytes these would add to the file."""
        return sum(len(self._squeeze(d, data)) for d, data in found.items() if not self._has(d))

    def weigh_arrays(self, arrays: Sequence[wire.Array]) -> int:
        """The same of arrays."""
        found: Pieces = {}
        for array in arrays:
            _take(array.tobytes(), found)
        return self.weigh(found)

    def put(self, found: Pieces) -> None:
        """These stand in the file."""
        new = [(d, self._squeeze(d, data)) for d, data in found.items() if not self._has(d)]
        self._connection.executemany("INSERT INTO pieces VALUES (?, ?)", new)

    def _has(self, digest: str) -> bool:
        query = "SELECT 1 FROM pieces WHERE digest = ?"
        return self._connection.execute(query, (digest,)).fetchone() is not None

    def _squeeze(self, digest: str, data: bytes) -> bytes:
        if digest not in self._squeezed:
            self._squeezed[digest] = squeeze(data)
        return self._squeezed[digest]


def sweep(connection: sqlite3.Connection) -> None:
    """Pieces to which nothing refers are gone. Raises Damaged, and then none is."""
    used: set[str] = set()
    for execution, measured in connection.execute("SELECT execution, measured FROM executions"):
        used.update(_list_printed(expand_json(execution)))
        used.update(digest for _, _, digest in expand_json(measured)["arrays"])
    for (content,) in connection.execute("SELECT graded FROM results"):
        used.update(_list_printed(expand_json(content)["execution"]))
    known = [digest for (digest,) in connection.execute("SELECT digest FROM pieces")]
    connection.executemany(
        "DELETE FROM pieces WHERE digest = ?", [(d,) for d in known if d not in used]
    )


# ---------------------------------------------------------------------- printed texts and arrays


def _list_printed(execution: dict[str, Any]) -> Iterator[str]:
    return (execution[n][_PIECE] for n in _PRINTED if isinstance(execution.get(n), dict))


def _take_printed(execution: Any, pieces: Pieces) -> Any:
    """The same, with what was printed among the pieces where it is long."""
    texts = {n: execution[n] for n in _PRINTED if len(execution[n]) >= LONG}
    bare = {n: {_PIECE: _take(_encode(text), pieces)} for n, text in texts.items()}
    return {**execution, **bare}


def _put_printed(execution: dict[str, Any], fetch: Fetch) -> Any:
    taken = {n: execution[n][_PIECE] for n in _PRINTED if isinstance(execution.get(n), dict)}
    texts = {n: _fetch(d, _LARGEST, fetch) for n, d in taken.items()}
    return {**execution, **{n: t.decode("utf-8", "surrogatepass") for n, t in texts.items()}}


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _restore_array(name: str, shape: Sequence[int], digest: str, fetch: Fetch) -> wire.Array:
    if name not in wire.DTYPES:
        raise Damaged(f"an array of dtype {name}")
    dtype = np.dtype(name)
    data = _fetch(digest, math.prod(shape) * dtype.itemsize, fetch)
    return np.frombuffer(data, dtype).reshape(shape)  # over bytes, so it is read-only


def _take(data: bytes, pieces: Pieces) -> str:
    """The digest under which these bytes stand among the pieces now."""
    digest = hashlib.sha256(data).hexdigest()[:32]
    pieces[digest] = data
    return digest


def _fetch(digest: str, most: int, fetch: Fetch) -> bytes:
    data = expand(fetch(digest), most)
    if hashlib.sha256(data).hexdigest()[:32] != digest:
        raise Damaged("a piece has other bytes than were written")
    return data


# ---------------------------------------------------------------------- bytes


def squeeze(data: bytes) -> bytes:
    """The bytes, compressed."""
    return zlib.compress(data)


def expand(content: bytes, most: int = _LARGEST) -> bytes:
    """The bytes that `squeeze` compressed, where they are no more than that. Raises Damaged."""
    with name_damage("compressed bytes"):
        reader = zlib.decompressobj()
        data = reader.decompress(content, most + 1)
        if len(data) > most or not reader.eof or reader.unused_data:
            raise Damaged("they were cut, or are too many")
        return data


def expand_json(content: bytes) -> Any:
    """The value of a compressed column. Raises Damaged."""
    with name_damage("JSON"):
        return json.loads(expand(content))


def squeeze_json(value: object) -> bytes:
    """The value as JSON, compressed."""
    return squeeze(json.dumps(value, separators=(",", ":")).encode())
