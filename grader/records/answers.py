"""What is kept of an answer when it comes: only what is declared for its question, and no more than
our measuring code sends.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np

from grader.inside.schema.questions import QUESTIONS, ReturnedItem
from grader.inside.schema.sizes import VALUES
from grader.records.execution import Missing

_VALUE = 16 * VALUES
"""Bytes of the arrays of a value: complex numbers take the most."""
_BYTES: Mapping[str, int] = {"value": _VALUE, "call": _VALUE, "parameters": 0, "networks": 0}
"""By question; of others, whose arrays are as large as a network, the frame itself is the limit."""
_PARTS = ("list", "tuple", "dict")
"""Kinds of results that hold others."""


def keep_declared(ask: str, answer: object) -> object:
    """The answer without anything that nobody reads.

    Missing, for a person to look at, where it is larger than the measuring code's own.
    """
    if isinstance(answer, Missing):
        return answer
    kept = _keep(answer, QUESTIONS[ask].answer)
    size = _count_bytes(kept)
    if size <= _BYTES.get(ask, size):
        return kept
    why = f"the answer holds {size:,} bytes, and the grader's own measuring code sends fewer"
    return Missing(why=why, needs_review=True)


def _keep(value: object, hint: Any) -> object:
    """The value as far as its type declares it; of another form, which readers refuse, as it is."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next((h for h in get_args(hint) if h is not type(None)), hint)
    if hint is ReturnedItem and isinstance(value, dict):
        return _keep_item(value)
    if is_typeddict(hint) and isinstance(value, dict):
        hints = _list_hints(hint)
        return {k: _keep(v, hints[k]) for k, v in value.items() if k in hints}
    parts = get_args(hint)
    if isinstance(value, list) and parts and get_origin(hint) is not tuple:
        return [_keep(v, parts[0]) for v in value]
    if isinstance(value, list) and len(value) == len(parts):
        return [_keep(v, part) for v, part in zip(value, parts, strict=True)]
    return value


def _keep_item(value: Mapping[str, object]) -> object:
    """A result, whose parts are results again."""
    kind, item = value.get("kind"), value.get("item")
    if isinstance(kind, str) and kind in _PARTS and isinstance(item, list):
        item = [
            _keep(v, tuple[str, ReturnedItem] if kind == "dict" else ReturnedItem) for v in item
        ]
    return {"kind": kind, "item": item}


@cache
def _list_hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _count_bytes(value: object) -> int:
    """Of all arrays in it."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_count_bytes, parts))
