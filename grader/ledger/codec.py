"""Answers of a box as JSON text and one `.npz`: how a ledger keeps them, without pickles."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.inside import wire
from grader.records.records import Missing, StudentError, to_json


class Damaged(ValueError):
    """A row that cannot be understood."""


def dump(answers: Mapping[str, Any]) -> tuple[str, bytes]:
    """Answers as JSON and one `.npz`, which holds every dtype of the wire and has checksums.

    Raises wire.Malformed for a value that could not have crossed the line.
    """
    entries: list[dict[str, Any]] = []
    arrays: dict[str, wire.Array] = {}
    for name, value in answers.items():
        if isinstance(value, Missing):
            entries.append({"name": name, "missing": to_json(value)})
            continue
        tree, own = wire.pack(value)
        entries.append({"name": name, "tree": tree, "first": len(arrays), "count": len(own)})
        arrays.update({str(len(arrays) + i): a for i, a in enumerate(own)})
    blob = io.BytesIO()
    if arrays:
        np.savez(blob, **arrays)  # type: ignore[arg-type]
    return json.dumps(entries), blob.getvalue()


def load(text: str, blob: bytes) -> dict[str, Any]:
    """The answers that `dump` took apart; nothing is unpickled."""
    try:
        arrays = _load_arrays(blob)
        answers: dict[str, Any] = {}
        for entry in json.loads(text):
            if "missing" in entry:
                answers[entry["name"]] = _missing(entry["missing"])
            else:
                own = arrays[entry["first"] : entry["first"] + entry["count"]]
                answers[entry["name"]] = wire.unpack(entry["tree"], own)
    except (ValueError, LookupError, TypeError, OSError, EOFError) as error:
        raise Damaged(f"an execution that cannot be read: {error}") from error
    return answers


def _load_arrays(blob: bytes) -> list[wire.Array]:
    if not blob:
        return []
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        arrays = [file[str(i)] for i in range(len(file.files))]
    for array in arrays:
        array.flags.writeable = False  # as they come off the wire
    return arrays


def _missing(value: Mapping[str, Any]) -> Missing:
    error = value.get("error")
    return Missing(**{**value, "error": StudentError(**error) if error else None})
