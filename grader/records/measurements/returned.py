"""A value that a function returned or a name is bound to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from grader.inside.schema.sizes import VALUE_DEPTH, VALUE_DIMENSIONS, VALUE_ENTRIES
from grader.inside.wire import BODY_CAP, Malformed
from grader.records import untrusted

_PLAIN = ("NoneType", "bool", "int", "float", "str")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A value that a function returned or a name is bound to."""

    kind: str
    """tensor, array, int, float, bool, str, NoneType, list, tuple or dict."""
    item: Any
    """An array, a plain value, a tuple of Returned, or a tuple of (key, Returned)."""
    changed: tuple[int, ...] = ()
    """Arguments that the function changed in place, by position."""
    single: Returned | None = None

    @property
    def plain(self) -> Any:
        """The value as Python's and NumPy's own objects; what was a tuple is a list."""
        if self.kind in ("list", "tuple"):
            return [v.plain for v in self.item]
        if self.kind == "dict":
            return {k: v.plain for k, v in self.item}
        return self.item

    @property
    def extent(self) -> int:
        """How many numbers it holds, a text counted by its characters; rows without numbers too."""
        if self.kind in ("list", "tuple"):
            return max(1, sum(int(v.extent) for v in self.item))
        if self.kind == "dict":
            return max(1, sum(len(k) + int(v.extent) for k, v in self.item))
        if isinstance(self.item, np.ndarray):
            return math.prod(n for n in self.item.shape if n)
        return len(self.item) if isinstance(self.item, str) else 1

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The value, checked against its kind."""
        head = untrusted.read_mapping(value)
        changed = untrusted.read_list(head.get("changed", []))
        inner = cls._read(head.get("value"), 0)
        return replace(inner, changed=tuple(untrusted.read_count(c) for c in changed))

    @classmethod
    def _read(cls, value: object, depth: int) -> Self:
        row = untrusted.read_mapping(value)
        kind, item = untrusted.read_text(row.get("kind")), row.get("item")
        if depth > VALUE_DEPTH:
            raise Malformed(f"a result nested more than {VALUE_DEPTH} deep")
        if kind in ("list", "tuple"):
            items = _require_few(untrusted.read_list(item))
            return cls(kind=kind, item=tuple(cls._read(i, depth + 1) for i in items))
        if kind == "dict":
            pairs = _require_few(untrusted.read_list(item))
            return cls(kind=kind, item=tuple(cls._read_pair(p, depth + 1) for p in pairs))
        if kind in ("tensor", "array"):
            fits = isinstance(item, np.ndarray)
            _require_plain_shape(item.shape if isinstance(item, np.ndarray) else ())
        else:
            fits = kind in _PLAIN and kind == type(item).__name__
        if not fits:
            raise Malformed(f"a {kind[:20]} that is a {type(item).__name__}")
        return cls(kind=kind, item=item)

    @classmethod
    def _read_pair(cls, value: object, depth: int) -> tuple[str, Self]:
        key, item = untrusted.read_list(value, 2)
        return untrusted.read_text(key), cls._read(item, depth)


def _require_few(entries: Sequence[object]) -> Sequence[object]:
    """A list or dictionary as long as the box sends one. Raises Malformed for a longer one."""
    if len(entries) > VALUE_ENTRIES:
        raise Malformed(f"a result with a list of more than {VALUE_ENTRIES:,} entries")
    return entries


def _require_plain_shape(shape: tuple[int, ...]) -> None:
    """Raise Malformed for an array that becomes more than was sent, where it is made lists of."""
    if len(shape) > VALUE_DIMENSIONS or math.prod(n for n in shape if n) > BODY_CAP:
        raise Malformed(f"an array of {len(shape)} dimensions, or with rows without end")
