"""A value that a function returned or a name is bound to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from grader.inside.wire import Malformed
from grader.records import untrusted

_DEPTH = 8
"""Deepest nesting."""
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
        if depth > _DEPTH:
            raise Malformed(f"a result nested more than {_DEPTH} deep")
        if kind in ("list", "tuple"):
            items = untrusted.read_list(item)
            return cls(kind=kind, item=tuple(cls._read(i, depth + 1) for i in items))
        if kind == "dict":
            pairs = untrusted.read_list(item)
            return cls(kind=kind, item=tuple(cls._read_pair(p, depth + 1) for p in pairs))
        if kind in ("tensor", "array"):
            fits = isinstance(item, np.ndarray)
        else:
            fits = kind in _PLAIN and kind == type(item).__name__
        if not fits:
            raise Malformed(f"a {kind[:20]} that is a {type(item).__name__}")
        return cls(kind=kind, item=item)

    @classmethod
    def _read_pair(cls, value: object, depth: int) -> tuple[str, Self]:
        key, item = untrusted.read_list(value, 2)
        return untrusted.read_text(key), cls._read(item, depth)
