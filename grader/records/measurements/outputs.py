"""What a network answers under equal weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.inside.schema.questions import Precision
from grader.records import untrusted
from grader.records.untrusted import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a network answers under equal weights."""

    runs: tuple[Array, ...]
    """One (N, classes) array for each pairing of weights; the first pairs by order of use."""
    precision: Precision
    single: Outputs | None = None

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The answers, at least one."""
        head = untrusted.read_mapping(value)
        runs = untrusted.read_runs(head.get("runs"))
        return cls(
            runs=tuple(untrusted.read_floats(r) for r in runs),
            precision=untrusted.read_precision(head.get("precision")),
        )
