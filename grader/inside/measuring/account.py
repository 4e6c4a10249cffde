"""What is reported of a traced network: its operators in rows, with sketches of their values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from grader.inside.measuring import network, pairing
from grader.inside.measuring.pairing import Keyed
from grader.inside.measuring.trace import Trace
from grader.inside.schema.questions import DropoutFacts, LayerRow
from grader.inside.wire import Array

SKETCH = 8
"""Values kept of an operator's output to find the first divergence."""


SKETCHED = 7
"""Tensors of one answer that are sketched."""
_FACTORS = np.random.Generator(np.random.PCG64([4099, 1])).standard_normal(4099)
"""Of the sum that tells two tensors apart which differ in a few places only."""


def list_layers(
    trace: Trace, answer: Sequence[torch.Tensor], pairs: Sequence[Keyed]
) -> list[LayerRow]:
    """Every operator with its shape, weights and sketches; the last ends in the whole answer."""
    rows: list[LayerRow] = []
    used: set[tuple[int, object]] = set()
    keys = pairing.list_keys(trace.operators, pairs)
    for operator, own_keys in zip(trace.operators, keys, strict=True):
        own = {(id(w.leaf), w.view.storage_offset()) for w in operator.weights}
        end = operator.end
        if operator is trace.operators[-1] and answer:
            end = np.concatenate([sketch(t) for t in answer[:SKETCHED]])
        rows.append(
            {
                "name": operator.name,
                "kind": operator.kind,
                "shape": list(operator.shape),
                "weights": [(w.role, w.name, list(w.shape)) for w in operator.weights],
                "keys": own_keys,
                "settings": operator.settings,
                "steps": operator.steps[:20],
                "file": operator.place[0] if operator.place else None,
                "line": operator.place[1] if operator.place else None,
                "start": operator.start,
                "result": operator.result,
                "end": end,
                "again": bool(own) and own <= used,
            }
        )
        used |= own
    return rows


def sketch(tensor: torch.Tensor) -> Array:
    """`SKETCH` values spread over the tensor, the root mean square of all of them, and their sum
    with random factors: where a leaky unit stands for another, few values differ, and by little.
    """
    values = network.array(tensor).astype(np.float64).reshape(-1)
    if not values.size:
        return np.zeros(SKETCH + 2)
    positions = (np.arange(SKETCH) * values.size) // SKETCH + min(
        7, values.size // SKETCH - 1 if values.size > SKETCH else 0
    )
    finite = np.where(np.isfinite(values), values, 0.0)
    # not `@`, whose rounding depends on the threads that there are
    total = np.sum(finite * np.resize(_FACTORS, values.size)) / np.sqrt(values.size)
    return np.concatenate([values[positions % values.size], [np.sqrt(np.mean(values**2)), total]])


def find_dropouts(trace: Trace) -> DropoutFacts:
    """Names of the operators with weights; of a dropout how many are before it, and its share."""
    layers: list[str] = []
    places = [(0, share) for share in trace.dropped]
    for operator in trace.operators:
        if operator.weights:
            layers.append(operator.name)
        places += [(len(layers), share) for share in operator.dropped]
    return {"layers": layers, "places": places}
