"""Where dropout acts in a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.inside.wire import Malformed
from grader.records import untrusted

_MOST = 10_000
"""Dropouts of a network, and layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropouts:
    """Where dropout acts in a network."""

    layers: tuple[str, ...] = ()
    """Names of the operators with weights, in order."""
    places: tuple[tuple[int, float], ...] = ()
    """Of each dropout how many of those are before it, and the share that it takes away."""

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """At most 10,000 dropouts and as many layers."""
        head = untrusted.read_mapping(value)
        layers = untrusted.read_list(head.get("layers", []))
        places = untrusted.read_list(head.get("places", []))
        if max(len(layers), len(places)) > _MOST:
            raise Malformed(f"more than {_MOST:,} dropouts or layers beside them")
        return cls(
            layers=tuple(untrusted.read_name(n) for n in layers),
            places=tuple(_read_place(p) for p in places),
        )


def _read_place(value: object) -> tuple[int, float]:
    before, share = untrusted.read_list(value, 2)
    return untrusted.read_count(before), untrusted.read_share(share)


NO_DROPOUT = Dropouts()
