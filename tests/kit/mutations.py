"""Trees of values that a box might send, and honest ones with parts exchanged."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

NUMBERS = (
    st.integers(-2, 9)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([2**31, 2**53 - 1, 2**53, 2**63, 10**399, True, False])
)
WORDS = st.sampled_from(
    ["", "float64", "float32", "parameter", "buffer", "tensor", "array", "list", "tuple", "dict",
     "int", "float", "str", "bool", "NoneType", "linear", "weight", "ok", "died", "time", "tampered",
     "cpu", "memory", "output", "cell", "end", "answers", "MemoryError", "SystemExit", "a/1/0/weight",
     "tiny.py", "<script>", "\x1b[2J", "\u202e", "\ud800", "x" * 300, "::error::x"]
)  # fmt: skip
ARRAYS = st.builds(
    lambda dtype, shape, fill: np.full(shape, fill).astype(dtype),
    st.sampled_from(["<f8", "<f4", "<f2", "<i8", "<i4", "|u1", "|b1", "<c16"]),
    st.lists(st.integers(0, 3), max_size=4).map(tuple),
    st.sampled_from([0, 1, -1, 7]),
) | st.sampled_from([np.array([np.nan, np.inf]), np.array(np.nan), np.full((3, 2), -np.inf)])
LEAVES = st.none() | NUMBERS | st.floats() | WORDS | st.text(max_size=5)
KEYS = st.sampled_from(
    ["rows", "layers", "runs", "precision", "name", "shape", "kind", "trainable", "used", "weights",
     "steps", "settings", "file", "line", "result", "end", "error", "unset", "before", "key", "values",
     "sampled", "logits", "operands", "proven", "why_not", "losses", "spent", "value", "item",
     "changed", "message", "code", "where", "why", "crowded", "said", "index", "status", "seconds",
     "death", "cut", "late", "cells", "passes", "missing", "remarks", "needs_review", "before", "cell"]
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
VALUES = st.recursive(
    LEAVES | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a tree."""
    yield at
    inner = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


@st.composite
def mutated(draw: st.DrawFn, tree: Any, by: st.SearchStrategy[Any] = VALUES) -> Any:
    """The tree with up to three parts replaced, taken out, doubled or taken from elsewhere."""
    tree = {"": copy.deepcopy(tree)}
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([p for p in places(tree) if p]))
        holder = tree
        for key in way:
            holder = holder[key]
        how = draw(st.integers(0, 5))
        if how == 0 and way:
            del holder[last]
        elif how == 1 and isinstance(holder, list):
            holder += [holder[last]] * draw(st.integers(1, 70))
        elif how == 2:
            holder[last] = [holder[last]] if draw(st.booleans()) else {"value": holder[last]}
        else:
            holder[last] = draw(by)
    return tree[""]
