"""How values that a function returned differ from the reference's, in a sentence. Pure."""

from __future__ import annotations

import numpy as np

from grader.compare.differences import mismatch
from grader.records.measurements import Array, Returned

LONGEST = 60
"""Characters of a value that a sentence shows."""


def describe_difference(
    seen: Returned, expected: Returned, rtol: float, path: str = "It"
) -> str | None:
    """What is wrong with a returned value, or None. Lists and tuples, arrays and tensors count
    alike.

    `path` is how the sentence calls the value.
    """
    if isinstance(expected.item, tuple) and expected.kind in ("list", "tuple"):
        return _describe_list(seen, expected, rtol, path)
    if expected.kind == "dict":
        return _describe_dict(seen, expected, rtol, path)
    if expected.kind in ("str", "NoneType"):
        same = seen.item == expected.item
        return None if same else f"{path} is {_format(seen)}, expected is {_format(expected)}."
    return _describe_numbers(seen, expected, rtol, path)


def _describe_list(seen: Returned, expected: Returned, rtol: float, path: str) -> str | None:
    if seen.kind not in ("list", "tuple"):
        return _describe_numbers(seen, expected, rtol, path)
    if len(seen.item) != len(expected.item):
        return f"{path} has {len(seen.item)} entries, expected are {len(expected.item)}."
    pairs = enumerate(zip(seen.item, expected.item, strict=True))
    texts = (describe_difference(s, e, rtol, f"Entry {i}") for i, (s, e) in pairs)
    return next((t for t in texts if t), None)


def _describe_dict(seen: Returned, expected: Returned, rtol: float, path: str) -> str | None:
    if seen.kind != "dict":
        return f"{path} is a {seen.kind}, expected is a dict."
    own, other = dict(seen.item), dict(expected.item)
    if set(own) != set(other):
        return f"{path} has the keys {sorted(own)}, expected are {sorted(other)}."
    texts = (describe_difference(own[k], other[k], rtol, f"`{k}`") for k in other)
    return next((t for t in texts if t), None)


def _describe_numbers(seen: Returned, expected: Returned, rtol: float, path: str) -> str | None:
    own, other = _read_array(seen), _read_array(expected)
    if own is None and isinstance(seen.item, tuple) and other is not None:
        return _describe_odd_entry(seen, path)
    if own is None or other is None:
        return f"{path} is a {seen.kind}, expected is a {expected.kind}."
    if own.shape != other.shape:
        return f"{path} has shape {own.shape}, expected is {other.shape}."
    if rtol == 0.0 and np.array_equal(own, other):
        return None
    worst = mismatch(own, other, rtol)
    if worst is None:
        return None
    if not own.shape:
        return f"{path} is {_format(seen)}, expected is {_format(expected)}."
    return f"{path} differs. {worst.sentence()}"


def _describe_odd_entry(seen: Returned, path: str) -> str:
    """Why a list is no array."""
    odd = (
        (i, v) for i, v in enumerate(seen.item) if seen.kind != "dict" and _read_array(v) is None
    )
    place, value = next(odd, (-1, seen))
    if place >= 0 and not isinstance(value.item, tuple):
        return f"{path} holds a {value.kind} at entry {place}, where a number belongs."
    return f"{path} is a {seen.kind} that is no array of numbers."


def _read_array(value: Returned) -> Array | None:
    """The value as an array; None where it is none."""
    if isinstance(value.item, (np.ndarray, bool, int, float)):
        return np.asarray(value.item)
    if not isinstance(value.item, tuple) or value.kind not in ("list", "tuple"):
        return None
    read = [_read_array(v) for v in value.item]
    parts = [p for p in read if p is not None]
    whole = len(parts) == len(read) and len({p.shape for p in parts}) <= 1
    return np.array(parts) if whole else None


def _format(value: Returned) -> str:
    item: object = value.item.tolist() if isinstance(value.item, np.ndarray) else value.item
    return repr(item)[:LONGEST]
