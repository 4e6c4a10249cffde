"""How much of a student's measurements, and of a notebook as it ran, is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.inside import wire
from grader.ledger.pieces import squeeze, squeeze_json
from grader.records.execution import ExecutedNotebook, ExecutionRecord, Missing
from grader.records.json_values import to_json

KEPT = 150_000
"""Bytes that a student's execution and result may add to the file, the notebook as it ran apart."""
NOTEBOOK = 1 << 20
"""Bytes of a notebook as it ran, compressed."""
_WEIGHED = 8 << 20
"""Bytes of arrays of one answer of which it is tried how small they can be made."""
_ARRAY = 80
"""What else an array adds: its digest, and its place in a table and an index."""
_EMPTY = json.dumps(
    {
        "cells": [
            {
                "cell_type": "raw",
                "metadata": {},
                "source": "The notebook as it ran was too much to be kept.",
            }
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
).encode()
NOT_KEPT = Missing(
    why="it was measured, and was too much to be kept", needs_review=True, kept=False
)

Weigh = Callable[[Sequence[wire.Array]], int]
"""How many bytes these arrays would add to the file."""


def cut(record: ExecutionRecord, most: int, weigh: Weigh) -> ExecutionRecord:
    """The record without its largest answers, so that the others add no more than that, and with no
    more of its notebook than is kept.
    """
    weights = {name: _weigh_answer(record, name, weigh) for name in record.answers}
    chosen, left = set(), most
    for name in sorted(weights, key=lambda n: weights[n]):
        left -= weights[name]
        if left < 0:
            break
        chosen.add(name)
    return replace(
        record,
        notebook=record.notebook and cut_notebook(record.notebook),
        answers={n: a if n in chosen else NOT_KEPT for n, a in record.answers.items()},
        in_float32={n: a for n, a in record.in_float32.items() if n in chosen},
        proofs={n: p for n, p in record.proofs.items() if n in chosen},
    )


def _weigh_answer(record: ExecutionRecord, name: str, weigh: Weigh) -> int:
    """What an answer would add, with all that belongs to it."""
    proof = record.proofs.get(name)
    values = [record.answers[name], record.in_float32.get(name), proof and proof.logits]
    total = 0
    for value in values:
        if isinstance(value, Missing):
            total += len(squeeze_json(to_json(value)))
            continue
        tree, arrays = wire.pack(value)
        raw = sum(a.nbytes for a in arrays)
        total += len(squeeze_json(tree)) + (raw if raw > _WEIGHED else weigh(arrays))
        total += _ARRAY * len(arrays)
    return total


def cut_notebook(notebook: ExecutedNotebook) -> ExecutedNotebook:
    """The notebook without its largest outputs where it is too much to be kept: a line in their
    place says so.
    """
    if len(squeeze(notebook.content)) <= NOTEBOOK:
        return notebook
    try:
        book = json.loads(notebook.content)
        outputs = [o for cell in book["cells"] for o in cell.get("outputs", ())]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return replace(notebook, content=_EMPTY)
    sizes = [len(json.dumps(output)) for output in outputs]
    excess = len(notebook.content) - NOTEBOOK
    for size, output in sorted(zip(sizes, outputs, strict=True), key=lambda pair: -pair[0]):
        if excess <= 0 or not isinstance(output, dict):
            break
        output.clear()
        said = f"[An output of {size:,} characters was too much to be kept.]\n"
        output |= {"output_type": "stream", "name": "stderr", "text": said}
        excess -= size
    return replace(notebook, content=json.dumps(book).encode() if excess <= 0 else _EMPTY)
