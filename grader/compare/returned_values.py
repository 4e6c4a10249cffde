"""How values that a function returned differ from the reference's. Pure."""

from __future__ import annotations

import numpy as np

from grader.compare.differences import mismatch
from grader.compare.odd_numbers import is_huge, name_odd
from grader.records.bounds import shorten
from grader.records.measurements import Array, Returned
from grader.records.messages import Message

LONGEST = 60
"""Characters of a value that a sentence shows."""
_KEYS = 300
"""The same of the keys of a dictionary."""


def describe_difference(
    seen: Returned, expected: Returned, rtol: float, path: str = "It"
) -> Message | None:
    """What is wrong with a returned value, or None. Lists and tuples, arrays and tensors count
    alike.

    `path` is how the sentence calls the value.
    """
    if isinstance(expected.item, tuple) and expected.kind in ("list", "tuple"):
        return _describe_list(seen, expected, rtol, path)
    if expected.kind == "dict":
        return _describe_dict(seen, expected, rtol, path)
    if expected.kind in ("str", "NoneType"):
        same = seen.kind == expected.kind and seen.item == expected.item
        return None if same else _say_other(seen, expected, path)
    return _describe_numbers(seen, expected, rtol, path)


def _describe_list(seen: Returned, expected: Returned, rtol: float, path: str) -> Message | None:
    if seen.kind not in ("list", "tuple"):
        return _describe_numbers(seen, expected, rtol, path)
    if len(seen.item) != len(expected.item):
        facts = {"it": path, "seen": len(seen.item), "expected": len(expected.item)}
        return Message("value-entries", facts)
    pairs = enumerate(zip(seen.item, expected.item, strict=True))
    texts = (describe_difference(s, e, rtol, f"Entry {i}") for i, (s, e) in pairs)
    return next((t for t in texts if t), None)


def _describe_dict(seen: Returned, expected: Returned, rtol: float, path: str) -> Message | None:
    if seen.kind != "dict":
        return Message("value-kind", {"it": path, "seen": seen.kind, "expected": "dict"})
    own, other = dict(seen.item), dict(expected.item)
    if set(own) != set(other):
        keys = shorten(str(sorted(own)), _KEYS)
        facts = {"it": path, "seen": keys, "expected": str(sorted(other))}
        return Message("value-keys", facts)
    texts = (describe_difference(own[k], other[k], rtol, f"`{k}`") for k in other)
    return next((t for t in texts if t), None)


def _describe_numbers(seen: Returned, expected: Returned, rtol: float, path: str) -> Message | None:
    if odd := name_odd(seen, expected):
        return Message(odd, {"it": path})
    if is_huge(expected.item):
        same = seen.item == expected.item
        return None if same else _say_other(seen, expected, path)
    own, other = _read_array(seen), _read_array(expected)
    if own is None and isinstance(seen.item, tuple) and other is not None:
        return _describe_odd_entry(seen, path)
    if own is None or other is None:
        return Message("value-kind", {"it": path, "seen": seen.kind, "expected": expected.kind})
    if own.shape != other.shape:
        shapes = {"seen": str(own.shape), "expected": str(other.shape)}
        return Message("value-shape", {"it": path, **shapes})
    if rtol == 0.0 and np.array_equal(own, other):
        return None
    single = not other.shape
    if np.iscomplexobj(other):
        own, other = (np.stack([a.real, a.imag], -1) for a in (own, other))
    worst = mismatch(own, other, rtol)
    if worst is None:
        return None
    if single:
        return _say_other(seen, expected, path)
    return Message("value-numbers", {"it": path, "worst": worst.sentence()})


def _say_other(seen: Returned, expected: Returned, path: str) -> Message:
    """Both values, side by side."""
    facts = {"it": path, "seen": _format(seen), "expected": _format(expected)}
    return Message("value-other", facts)


def _describe_odd_entry(seen: Returned, path: str) -> Message:
    """Why a list is no array."""
    odd = (
        (i, v) for i, v in enumerate(seen.item) if seen.kind != "dict" and _read_array(v) is None
    )
    place, value = next(odd, (-1, seen))
    if place >= 0 and not isinstance(value.item, tuple):
        return Message("value-entry", {"it": path, "seen": value.kind, "place": place})
    return Message("value-no-array", {"it": path, "seen": seen.kind})


def _read_array(value: Returned) -> Array | None:
    """The value as an array; None where it is none."""
    if isinstance(value.item, (np.ndarray, bool, int, float)):
        return None if is_huge(value.item) else np.asarray(value.item)
    if not isinstance(value.item, tuple) or value.kind not in ("list", "tuple"):
        return None
    read = [_read_array(v) for v in value.item]
    parts = [p for p in read if p is not None]
    whole = len(parts) == len(read) and len({p.shape for p in parts}) <= 1
    return np.array(parts) if whole else None


def _format(value: Returned) -> str:
    plain: object = value.plain
    return repr(plain.tolist() if isinstance(plain, np.ndarray) else plain)[:LONGEST]
