"""Records as JSON, arrays and a notebook's bytes; no pickles."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.inside import wire
from grader.records.execution import (
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    ExecutionRecord,
    Kind,
    Missing,
    Proof,
)
from grader.records.json_values import Json, record_to_json, to_json
from grader.records.result import Graded

VOLATILE = frozenset(
    {"seconds", "cpu_seconds", "wall_seconds", "peak_mib", "duration", "durations", "started"}
    | {"finished", "graded", "graded_at", "timestamp", "reused"}
)
"""Keys of an execution and of the provenance that may differ without the result being another."""


class Damaged(ValueError):
    """A row that cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """An execution in parts that can be kept."""

    kind: Kind
    key: str
    student: str
    digest: str
    execution: dict[str, Json]
    answers: Json
    """A list of entries: a name, with a tree whose arrays stand in `arrays`, or a Missing."""
    in_float32: Json
    """The same."""
    proofs: Json
    """The same."""
    arrays: tuple[wire.Array, ...] = field(repr=False)
    cells: Json = None
    """None without a notebook."""
    notebook: bytes | None = field(default=None, repr=False)


def dump_execution(key: str, record: ExecutionRecord) -> ExecutionRow:
    """The record as a row.

    Raises wire.Malformed for a value that could not have crossed the line.
    """
    arrays: list[wire.Array] = []
    notebook = record.notebook
    proofs = {n: {"logits": p.logits, "why_not": p.why_not} for n, p in record.proofs.items()}
    return ExecutionRow(
        kind=record.kind,
        key=key,
        student=record.student,
        digest=record.digest,
        execution=record_to_json(record.execution),
        answers=_dump_values(record.answers, arrays),
        in_float32=_dump_values(record.in_float32, arrays),
        proofs=_dump_values(proofs, arrays),
        arrays=tuple(arrays),
        cells=None if notebook is None else to_json(notebook.cells),
        notebook=None if notebook is None else notebook.content,
    )


def load_execution(row: ExecutionRow) -> ExecutionRecord:
    """The record that `dump_execution` took apart; nothing is unpickled. Raises Damaged."""
    with name_damage("an execution"):
        arrays = row.arrays
        proofs = _load_values(row.proofs, arrays)
        return ExecutionRecord(
            kind=row.kind,
            student=row.student,
            digest=row.digest,
            execution=Execution.from_json(row.execution),
            answers=_load_values(row.answers, arrays),
            in_float32=_load_values(row.in_float32, arrays),
            proofs={name: Proof(**proof) for name, proof in proofs.items()},
            notebook=load_notebook(row.cells, row.notebook),
        )


def load_notebook(cells: Json, content: bytes | None) -> ExecutedNotebook | None:
    """The notebook in these columns, if there was one. Raises Damaged."""
    if content is None:
        return None
    with name_damage("a notebook"):
        runs = tuple(ExecutedCell(**cell) for cell in cells or [])  # type: ignore[union-attr, arg-type]
        return ExecutedNotebook(content=content, cells=runs)


def make_fingerprint(graded: Graded) -> str:
    """The same for two results that differ in nothing but durations and times."""
    value = graded.to_json()
    value["execution"] = _drop_volatile(value["execution"])
    value["provenance"] = _drop_volatile(value["provenance"])
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _drop_volatile(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _drop_volatile(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_drop_volatile(v) for v in value]
    return value


@contextmanager
def name_damage(what: str) -> Iterator[None]:
    """Whatever goes wrong in the block is a row that was damaged: nothing of ours can be raised."""
    try:
        yield
    except Exception as error:
        raise Damaged(f"{what} that cannot be read: {error}") from error


def _dump_values(values: Mapping[str, object], arrays: list[wire.Array]) -> Json:
    """The values as JSON; their arrays are added to `arrays`."""
    entries: list[Any] = []
    for name, value in values.items():
        if isinstance(value, Missing):
            entries.append({"name": name, "missing": to_json(value)})
            continue
        tree, own = wire.pack(value)
        entries.append({"name": name, "tree": tree, "first": len(arrays), "count": len(own)})
        arrays += own
    return entries


def _load_values(entries: Any, arrays: Sequence[wire.Array]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in entries:
        if "missing" in entry:
            values[entry["name"]] = Missing.from_json(entry["missing"])
        else:
            own = arrays[entry["first"] : entry["first"] + entry["count"]]
            values[entry["name"]] = wire.unpack(entry["tree"], own)
    return values


def dump_arrays(arrays: Sequence[wire.Array]) -> bytes:
    """One `.npz`, which holds every dtype of the wire and has checksums; empty without arrays."""
    blob = io.BytesIO()
    if arrays:
        np.savez(blob, **{str(i): a for i, a in enumerate(arrays)})  # type: ignore[arg-type]
    return blob.getvalue()


def load_arrays(blob: bytes) -> tuple[wire.Array, ...]:
    """The arrays that `dump_arrays` wrote; nothing is unpickled. Raises Damaged."""
    if not blob:
        return ()
    with name_damage("arrays"), np.load(io.BytesIO(blob), allow_pickle=False) as file:
        arrays = tuple(file[str(i)] for i in range(len(file.files)))
    for array in arrays:
        array.flags.writeable = False  # as they come off the wire
    return arrays
