"""What a probe measured, once its answer has been checked outside the sandbox.

Each `from_wire` takes a value that came out of a box and raises `wire.Malformed` for anything that
is not exactly of the expected form: what a student's process says is never believed half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.execution import Proof, StudentError

Array = untrusted.Array
Precision = untrusted.Precision

_OPERANDS = 5_000
"""Weights of a network. Their keys go into another box, in a head of limited length."""


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
    steps: tuple[str, ...]
    """Activations between this operator and the next."""
    settings: Mapping[str, Any]
    """Stride, padding and dilation of a convolution."""
    file: str | None
    line: int | None
    """The student's line that ran it."""
    start: Array | None
    """Sketch of what it received under equal weights, float64; None where there was no such run."""
    result: Array | None
    """Sketch of its output."""
    end: Array | None
    """Sketch of what the next operator that it feeds received."""

    @property
    def label(self) -> str:
        """`conv1 (convolution)`, or the kind alone."""
        return f"`{self.name}` ({self.kind})" if self.name else f"the {self.kind}"

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The layer that the box described."""
        row = untrusted.mapping(value)
        weights = [untrusted.items(w) for w in untrusted.items(row.get("weights"))]
        if any(len(w) != 3 for w in weights):
            raise Malformed("a weight that is not described by role, name and shape")
        return cls(
            name=untrusted.text(row.get("name")),
            kind=untrusted.text(row.get("kind")),
            shape=untrusted.shape(row.get("shape")),
            weights=tuple(
                (untrusted.text(w[0]), untrusted.text(w[1]), untrusted.shape(w[2])) for w in weights
            ),
            steps=tuple(untrusted.text(s) for s in untrusted.items(row.get("steps"))),
            settings=untrusted.settings(row.get("settings")),
            file=None if row.get("file") is None else untrusted.text(row.get("file")),
            line=None if row.get("line") is None else untrusted.count(row.get("line")),
            start=untrusted.sketch(row.get("start")),
            result=untrusted.sketch(row.get("result")),
            end=untrusted.sketch(row.get("end")),
        )


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

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The layers that the box described, at most 10,000."""
        head = untrusted.mapping(value)
        rows = untrusted.items(head.get("layers"))
        if len(rows) > 10_000:
            raise Malformed("more than 10,000 layers")
        return cls(
            rows=tuple(Layer.from_wire(r) for r in rows),
            precision=untrusted.precision(head.get("precision")),
            error=untrusted.trouble(head.get("error")),
            unset=untrusted.text(head.get("unset", "")),
            before=tuple(untrusted.text(s) for s in untrusted.items(head.get("before", []))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter, tensor or buffer of a network."""

    name: str
    shape: tuple[int, ...]
    kind: str
    """parameter, tensor (not registered with the module) or buffer."""
    trainable: bool
    used: bool | None
    """Whether the output depends on it through an operator; None where `forward` did not run."""

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropouts:
    """Where dropout acts in a network."""

    layers: tuple[str, ...] = ()
    """Names of the operators with weights, in order."""
    places: tuple[tuple[int, float], ...] = ()
    """Of each dropout how many of those are before it, and the share that it takes away."""

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """At most 10,000 dropouts and as many layers."""
        head = untrusted.mapping(value)
        layers, rows = (
            untrusted.items(head.get("layers", [])),
            untrusted.items(head.get("places", [])),
        )
        if max(len(layers), len(rows)) > 10_000 or any(len(untrusted.items(d)) != 2 for d in rows):
            raise Malformed("dropouts that are not described by place and share")
        return cls(
            layers=tuple(untrusted.text(n) for n in layers),
            places=tuple((untrusted.count(d[0]), untrusted.share(d[1])) for d in rows),
        )


NO_DROPOUT = Dropouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Everything a network owns, each counted once."""

    rows: tuple[Parameter, ...]
    dropouts: Dropouts = NO_DROPOUT
    """Those that ran: in train mode all of them, in eval mode none should."""
    single: Parameters | None = None

    @property
    def trainable(self) -> tuple[Parameter, ...]:
        """What training changes."""
        return tuple(r for r in self.rows if r.trainable and r.kind != "buffer")

    @property
    def total(self) -> int:
        """Number of trainable parameters."""
        return sum(r.count for r in self.trainable)

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The parameters that the box listed, at most 100,000."""
        head = untrusted.mapping(value)
        rows = untrusted.items(head.get("rows"))
        if len(rows) > 100_000:
            raise Malformed("more than 100,000 parameters")
        return cls(
            rows=tuple(_parameter(untrusted.mapping(r)) for r in rows),
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
        )


def _parameter(row: Mapping[str, Any]) -> Parameter:
    used = row.get("used")
    if used is not None and type(used) is not bool:
        raise Malformed("a parameter whose use is neither true nor false")
    return Parameter(
        name=untrusted.text(row.get("name")),
        shape=untrusted.shape(row.get("shape")),
        kind=untrusted.text(row.get("kind")),
        trainable=row.get("trainable") is True,
        used=used,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Numbers that belong to one weight: its gradient, or its value after a step."""

    key: str
    """Operator kind, weight shape, number among those of that shape, role."""
    name: str
    """The student's name for it, or empty."""
    shape: tuple[int, ...]
    values: Array | None
    """float64 or float32, of `shape` or a sample of it; None where there is no gradient."""
    sampled: bool

    @property
    def label(self) -> str:
        """The student's name, or kind, role and shape."""
        kind, *_, role = self.key.split("/")
        return f"`{self.name}`" if self.name else f"the {role} of shape {self.shape} of a {kind}"

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The numbers, whose size has to agree with the shape."""
        row = untrusted.mapping(value)
        shape, values = untrusted.shape(row.get("shape")), row.get("values")
        sampled = row.get("sampled") is True
        if values is not None:
            values = untrusted.floats(values)
            if not sampled and values.shape != shape:
                raise Malformed("numbers whose shape is not the one announced")
        return cls(
            key=untrusted.text(row.get("key")),
            name=untrusted.text(row.get("name")),
            shape=shape,
            values=values,
            sampled=sampled,
        )


Group = tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a network answers under equal weights."""

    runs: tuple[Array, ...]
    """One (N, classes) array for each pairing of weights; the first pairs by order of use."""
    precision: Precision
    single: Outputs | None = None

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The answers, at least one."""
        head = untrusted.mapping(value)
        runs = tuple(untrusted.floats(r) for r in untrusted.some(head.get("runs")))
        return cls(runs=runs, precision=untrusted.precision(head.get("precision")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """Gradients of the cross-entropy under equal weights."""

    runs: tuple[Group, ...]
    precision: Precision
    single: Gradients | None = None

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The gradients, at least one run."""
        head = untrusted.mapping(value)
        runs = tuple(
            tuple(Named.from_wire(g) for g in untrusted.items(r))
            for r in untrusted.some(head.get("runs"))
        )
        return cls(runs=runs, precision=untrusted.precision(head.get("precision")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Weights after each of two steps of gradient descent."""

    runs: tuple[tuple[Group, Group], ...]
    precision: Precision
    before: Group = ()
    """The weights that the first run started from; only where the student's function stepped."""
    dropouts: Dropouts = NO_DROPOUT
    """In train mode."""
    single: Steps | None = None

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The weights after two steps, at least one run."""
        head = untrusted.mapping(value)
        runs = []
        for run in untrusted.some(head.get("runs")):
            pair = untrusted.items(run)
            if len(pair) != 2:
                raise Malformed("a run of other than two steps")
            first, second = (tuple(Named.from_wire(g) for g in untrusted.items(s)) for s in pair)
            runs.append((first, second))
        before = tuple(Named.from_wire(g) for g in untrusted.items(head.get("before", [])))
        return cls(
            runs=tuple(runs),
            precision=untrusted.precision(head.get("precision")),
            before=before,
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """What a trained network answers to pictures: claims, and a proof where there is one."""

    own: Array
    """The student's network: (N, classes) float32."""
    operands: tuple[tuple[str, Array], ...]
    """Its weights as raw arrays, by key; empty where they could not be read."""
    unset: str = ""
    """Why they could not be read, in a sentence."""
    proven: Array | None = None
    """The same weights in the reference's network, computed in a box without student code.

    Never read from an answer: only `with_proof` sets it.
    """
    unproven: str = ""
    """Why nothing could be computed there, in a sentence."""
    single: Logits | None = None

    @property
    def why_not(self) -> str:
        """Why there is no proof, in a sentence; empty where nothing is known of it."""
        return self.unproven or self.unset

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """What the student's process claims; a proof that it sends is ignored."""
        head = untrusted.mapping(value)
        operands = [untrusted.items(o) for o in untrusted.items(head.get("operands", []))]
        if len(operands) > _OPERANDS or any(len(o) != 2 for o in operands):
            raise Malformed("operands that are not keys and arrays")
        return cls(
            own=untrusted.rows(head.get("logits")),
            operands=tuple((untrusted.key(k), untrusted.floats(v)) for k, v in operands),
            unset=untrusted.text(head.get("unset", "")),
        )

    def with_proof(self, proof: Proof) -> Self:
        """The same claims beside what was recomputed from them."""
        proven = None if proof.logits is None else untrusted.rows(proof.logits)
        return replace(self, proven=proven, unproven=untrusted.text(proof.why_not))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Logits):
    """What a network answers after it was trained under a budget."""

    losses: Array
    """As the training function gave them, float64 (steps,)."""
    spent: bool
    """True where the budget ended the training."""
    epochs: Array | None = None
    """Where it was asked for: the class of each picture after each epoch, int64 (epochs, N)."""

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The answers with the loss curve, of at most 100,000 steps, and those by epoch."""
        head = untrusted.mapping(value)
        plain = Logits.from_wire(head)
        losses = untrusted.floats(head.get("losses"))
        if losses.ndim != 1 or losses.size > 100_000 or type(head.get("spent")) is not bool:
            raise Malformed("a loss curve that is none")
        return cls(
            own=plain.own,
            operands=plain.operands,
            unset=plain.unset,
            losses=losses,
            spent=head["spent"],
            epochs=untrusted.by_epoch(head.get("epochs"), len(plain.own)),
        )


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
    def from_wire(cls, value: Any) -> Self:
        """The value, checked against its kind."""
        head = untrusted.mapping(value)
        inner = cls._inner(head.get("value"), 0)
        return replace(
            inner,
            changed=tuple(untrusted.count(c) for c in untrusted.items(head.get("changed", []))),
        )

    @classmethod
    def _inner(cls, value: Any, depth: int) -> Self:
        row = untrusted.mapping(value)
        kind, item = untrusted.text(row.get("kind")), row.get("item")
        if depth > 8:
            raise Malformed("a result nested more than eight deep")
        if kind in ("tensor", "array"):
            if not isinstance(item, np.ndarray):
                raise Malformed(f"a {kind} without numbers")
            return cls(kind=kind, item=item)
        if kind in ("list", "tuple"):
            return cls(
                kind=kind, item=tuple(cls._inner(i, depth + 1) for i in untrusted.items(item))
            )
        if kind == "dict":
            pairs = [untrusted.items(p) for p in untrusted.items(item)]
            if any(len(p) != 2 for p in pairs):
                raise Malformed("a dictionary that is not made of pairs")
            return cls(
                kind=kind,
                item=tuple((untrusted.text(k), cls._inner(v, depth + 1)) for k, v in pairs),
            )
        if kind != type(item).__name__ or kind not in ("NoneType", "bool", "int", "float", "str"):
            raise Malformed(f"a {kind[:20]} that is a {type(item).__name__}")
        return cls(kind=kind, item=item)
