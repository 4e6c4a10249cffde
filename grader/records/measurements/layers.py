"""The operators of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from grader.inside.schema.questions import Precision, Setting
from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.execution import StudentError
from grader.records.place import Place
from grader.records.untrusted import Array

_MOST = 10_000
"""Layers of a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operator with parameters, or one pooling, as it ran."""

    name: str
    """Module path or parameter prefix; empty where the code names none."""
    kind: str
    """convolution, linear, max_pool2d, batch_norm …"""
    shape: tuple[int, ...]
    """Output shape of one sample."""
    weights: tuple[tuple[str, str, tuple[int, ...]], ...]
    """(role, name, shape) of what it owns; linear weights as (in, out)."""
    keys: tuple[str, ...]
    """`linear/400x120/0`: what is computed, with which shape of a matrix, and which of these it
    is. A convolution is a product of its windows. One key for each part whose outputs go another
    way, so those of a layer that gives queries, keys and values are as many as those of three.
    """
    steps: tuple[str, ...]
    """Activations between this operator and the next."""
    settings: Mapping[str, Setting]
    """Stride, padding and dilation of a convolution."""
    file: str | None
    line: int | None
    """The student's line that ran it, or that made it where a container of torch's, such as
    nn.Sequential, ran it.
    """
    start: Array | None
    """Sketch of what it received under equal weights, float64; None where there was no such run."""
    result: Array | None
    """Sketch of its output."""
    end: Array | None
    """Sketch of what the next operator that it feeds received."""
    again: bool = False
    """Whether every weight of it was used by an earlier row as well, as in a recurrent network."""

    @property
    def at(self) -> Place | None:
        """The statement that ran it: file, cell and line."""
        return Place.of(self.file, self.line)

    @property
    def groups(self) -> tuple[str, ...]:
        """The keys without their numbers: what could stand in each other's place."""
        return tuple(key.rpartition("/")[0] for key in self.keys)

    @property
    def label(self) -> str:
        """`conv1 (convolution)`, or the kind alone."""
        return f"`{self.name}` ({self.kind})" if self.name else f"the {self.kind}"

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The layer that the box described."""
        row = untrusted.read_mapping(value)
        return cls(
            name=untrusted.read_name(row.get("name")),
            kind=untrusted.read_name(row.get("kind")),
            shape=untrusted.read_shape(row.get("shape")),
            weights=tuple(_read_weight(w) for w in untrusted.read_list(row.get("weights"))),
            keys=tuple(untrusted.read_name(k) for k in untrusted.read_list(row.get("keys", []))),
            steps=tuple(untrusted.read_name(s) for s in untrusted.read_list(row.get("steps"))),
            settings=untrusted.read_settings(row.get("settings")),
            file=None if row.get("file") is None else untrusted.read_name(row["file"]),
            line=None if row.get("line") is None else untrusted.read_count(row["line"]),
            start=untrusted.read_sketch(row.get("start")),
            result=untrusted.read_sketch(row.get("result")),
            end=untrusted.read_sketch(row.get("end")),
            again=untrusted.read_flag(row.get("again", False)),
        )


def _read_weight(value: object) -> tuple[str, str, tuple[int, ...]]:
    role, name, shape = untrusted.read_list(value, 3)
    return untrusted.read_name(role), untrusted.read_name(name), untrusted.read_shape(shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The operators of one network in the order in which they ran."""

    rows: tuple[Layer, ...]
    precision: Precision
    error: StudentError | None = None
    """What stopped `forward`; the rows are those that ran before."""
    unset: str = ""
    """Why equal weights could not be set, if so: then there are no sketches."""
    before: tuple[str, ...] = ()
    """Activations before the first operator."""
    single: Layers | None = None
    """On the reference: the same measured in float32."""

    @property
    def extent(self) -> int:
        """How many layers there are."""
        return len(self.rows)

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The layers that the box described, at most 10,000."""
        head = untrusted.read_mapping(value)
        rows = untrusted.read_list(head.get("layers"))
        if len(rows) > _MOST:
            raise Malformed(f"more than {_MOST:,} layers")
        return cls(
            rows=tuple(Layer.from_wire(r) for r in rows),
            precision=untrusted.read_precision(head.get("precision")),
            error=untrusted.read_error(head.get("error")),
            unset=untrusted.read_text(head.get("unset", "")),
            before=tuple(
                untrusted.read_name(s) for s in untrusted.read_list(head.get("before", []))
            ),
        )
