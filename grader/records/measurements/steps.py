"""Gradients of a network, and its weights after two steps of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.inside.schema.questions import Precision
from grader.records import untrusted
from grader.records.measurements.dropouts import NO_DROPOUT, Dropouts
from grader.records.measurements.named_arrays import NamedArrays, read_named_arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """Gradients of the cross-entropy under equal weights."""

    runs: tuple[NamedArrays, ...]
    precision: Precision
    single: Gradients | None = None

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The gradients, at least one run."""
        head = untrusted.read_mapping(value)
        return cls(
            runs=tuple(read_named_arrays(r) for r in untrusted.read_runs(head.get("runs"))),
            precision=untrusted.read_precision(head.get("precision")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Weights after each of two steps of gradient descent."""

    runs: tuple[tuple[NamedArrays, NamedArrays], ...]
    precision: Precision
    before: NamedArrays = ()
    """The weights that the first run started from; only where the student's function stepped."""
    dropouts: Dropouts = NO_DROPOUT
    """In train mode."""
    unregistered: tuple[str, ...] = ()
    """Names of weights that the network's `parameters()` leave out, so that no step moves them."""
    single: Steps | None = None

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The weights after two steps, at least one run."""
        head = untrusted.read_mapping(value)
        return cls(
            runs=tuple(_read_two_steps(r) for r in untrusted.read_runs(head.get("runs"))),
            precision=untrusted.read_precision(head.get("precision")),
            before=read_named_arrays(head.get("before", [])),
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
            unregistered=tuple(
                untrusted.read_name(n) for n in untrusted.read_list(head.get("unregistered", []))
            ),
        )


def _read_two_steps(value: object) -> tuple[NamedArrays, NamedArrays]:
    first, second = untrusted.read_list(value, 2)
    return read_named_arrays(first), read_named_arrays(second)
