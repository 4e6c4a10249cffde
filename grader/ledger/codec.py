"""Executions as columns: JSON text, one `.npz` of all arrays and a notebook's bytes; no pickles."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from grader.inside import wire
from grader.records.execution import (
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    ExecutionRecord,
    Missing,
    Proof,
    StudentError,
)
from grader.records.json_values import to_json


class Damaged(ValueError):
    """A row that cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An execution as its columns hold it; the fields are named and ordered as they are."""

    kind: Literal["student", "reference"]
    key: str
    student: str
    digest: str
    execution: str
    """JSON."""
    answers: str
    """JSON list of entries: a name, with a tree whose arrays stand in `arrays`, or a Missing."""
    in_float32: str
    """The same."""
    proofs: str
    """The same."""
    arrays: bytes = field(repr=False)
    """One `.npz`, which holds every dtype of the wire and has checksums; empty without arrays."""
    cells: str | None = None
    """JSON; None without a notebook."""
    notebook: bytes | None = field(default=None, repr=False)


def dump(key: str, recorded: ExecutionRecord) -> Row:
    """The record as a row.

    Raises wire.Malformed for a value that could not have crossed the line.
    """
    arrays: list[wire.Array] = []
    notebook = recorded.notebook
    proofs = {n: {"logits": p.logits, "why_not": p.why_not} for n, p in recorded.proofs.items()}
    return Row(
        kind=recorded.kind,
        key=key,
        student=recorded.student,
        digest=recorded.digest,
        execution=json.dumps(to_json(recorded.execution)),
        answers=_dump_values(recorded.answers, arrays),
        in_float32=_dump_values(recorded.in_float32, arrays),
        proofs=_dump_values(proofs, arrays),
        arrays=_dump_arrays(arrays),
        cells=None if notebook is None else json.dumps(to_json(notebook.cells)),
        notebook=None if notebook is None else notebook.content,
    )


def load(row: Row) -> ExecutionRecord:
    """The record that `dump` took apart; nothing is unpickled. Raises Damaged."""
    try:
        arrays = _load_arrays(row.arrays)
        proofs = _load_values(row.proofs, arrays)
        return ExecutionRecord(
            kind=row.kind,
            student=row.student,
            digest=row.digest,
            execution=_load_execution(row.execution),
            answers=_load_values(row.answers, arrays),
            in_float32=_load_values(row.in_float32, arrays),
            proofs={name: Proof(**proof) for name, proof in proofs.items()},
            notebook=_load_notebook(row),
        )
    except (ValueError, LookupError, TypeError, AttributeError, OSError, EOFError) as error:
        raise Damaged(f"an execution that cannot be read: {error}") from error


def _dump_values(values: Mapping[str, object], arrays: list[wire.Array]) -> str:
    """The values as JSON; their arrays are added to `arrays`."""
    entries: list[dict[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Missing):
            entries.append({"name": name, "missing": to_json(value)})
            continue
        tree, own = wire.pack(value)
        entries.append({"name": name, "tree": tree, "first": len(arrays), "count": len(own)})
        arrays += own
    return json.dumps(entries)


def _load_values(text: str, arrays: Sequence[wire.Array]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in json.loads(text):
        if "missing" in entry:
            values[entry["name"]] = _load_missing(entry["missing"])
        else:
            own = arrays[entry["first"] : entry["first"] + entry["count"]]
            values[entry["name"]] = wire.unpack(entry["tree"], own)
    return values


def _dump_arrays(arrays: Sequence[wire.Array]) -> bytes:
    blob = io.BytesIO()
    if arrays:
        np.savez(blob, **{str(i): a for i, a in enumerate(arrays)})  # type: ignore[arg-type]
    return blob.getvalue()


def _load_arrays(blob: bytes) -> list[wire.Array]:
    if not blob:
        return []
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        arrays = [file[str(i)] for i in range(len(file.files))]
    for array in arrays:
        array.flags.writeable = False  # as they come off the wire
    return arrays


def _load_missing(value: Mapping[str, Any]) -> Missing:
    return Missing(**{**value, "error": _load_error(value)})


def _load_execution(text: str) -> Execution:
    value = json.loads(text)
    notes = tuple(value.get("notes", ()))
    return Execution(**{**value, "error": _load_error(value), "notes": notes})


def _load_error(value: Mapping[str, Any]) -> StudentError | None:
    error = value.get("error")
    return StudentError(**error) if error else None


def _load_notebook(row: Row) -> ExecutedNotebook | None:
    if row.notebook is None:
        return None
    cells = tuple(ExecutedCell(**cell) for cell in json.loads(row.cells or "[]"))
    return ExecutedNotebook(content=row.notebook, cells=cells)
