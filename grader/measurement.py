"""What a probe measured, once its answer has been checked outside the sandbox.

Each `from_wire` takes a value that came out of a box and raises `wire.Malformed` for anything that
is not exactly of the expected form: what a student's process says is never believed half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from grader.inside.budget import EPOCHS
from grader.inside.wire import Malformed
from grader.records import Trouble

Array = npt.NDArray[Any]
Precision = Literal["float64", "float32"]

_OPERANDS = 5_000
"""Weights of a network. Their keys go into another box, in a head of limited length."""
_KEY = 100
"""Characters of such a key."""
_DIMENSIONS = 64
"""torch's own limit; a product of as many counts can still be printed."""


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
        row = _mapping(value)
        weights = [_list(w) for w in _list(row.get("weights"))]
        if any(len(w) != 3 for w in weights):
            raise Malformed("a weight that is not described by role, name and shape")
        return cls(
            name=_text(row.get("name")),
            kind=_text(row.get("kind")),
            shape=_shape(row.get("shape")),
            weights=tuple((_text(w[0]), _text(w[1]), _shape(w[2])) for w in weights),
            steps=tuple(_text(s) for s in _list(row.get("steps"))),
            settings=_settings(row.get("settings")),
            file=None if row.get("file") is None else _text(row.get("file")),
            line=None if row.get("line") is None else _count(row.get("line")),
            start=_optional_sketch(row.get("start")),
            result=_optional_sketch(row.get("result")),
            end=_optional_sketch(row.get("end")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The operators of one network in the order in which they ran."""

    rows: tuple[Layer, ...]
    precision: Precision
    error: Trouble | None = None
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
        head = _mapping(value)
        rows = _list(head.get("layers"))
        if len(rows) > 10_000:
            raise Malformed("more than 10,000 layers")
        return cls(
            rows=tuple(Layer.from_wire(r) for r in rows),
            precision=_precision(head.get("precision")),
            error=trouble(head.get("error")),
            unset=_text(head.get("unset", "")),
            before=tuple(_text(s) for s in _list(head.get("before", []))),
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
        head = _mapping(value)
        layers, rows = _list(head.get("layers", [])), _list(head.get("places", []))
        if max(len(layers), len(rows)) > 10_000 or any(len(_list(d)) != 2 for d in rows):
            raise Malformed("dropouts that are not described by place and share")
        return cls(
            layers=tuple(_text(n) for n in layers),
            places=tuple((_count(d[0]), _share(d[1])) for d in rows),
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
        head = _mapping(value)
        rows = _list(head.get("rows"))
        if len(rows) > 100_000:
            raise Malformed("more than 100,000 parameters")
        return cls(
            rows=tuple(_parameter(_mapping(r)) for r in rows),
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
        )


def _parameter(row: Mapping[str, Any]) -> Parameter:
    used = row.get("used")
    if used is not None and type(used) is not bool:
        raise Malformed("a parameter whose use is neither true nor false")
    return Parameter(
        name=_text(row.get("name")),
        shape=_shape(row.get("shape")),
        kind=_text(row.get("kind")),
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
        row = _mapping(value)
        shape, values = _shape(row.get("shape")), row.get("values")
        sampled = row.get("sampled") is True
        if values is not None:
            values = _floats(values)
            if not sampled and values.shape != shape:
                raise Malformed("numbers whose shape is not the one announced")
        return cls(
            key=_text(row.get("key")),
            name=_text(row.get("name")),
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
        head = _mapping(value)
        runs = tuple(_floats(r) for r in _some(head.get("runs")))
        return cls(runs=runs, precision=_precision(head.get("precision")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """Gradients of the cross-entropy under equal weights."""

    runs: tuple[Group, ...]
    precision: Precision
    single: Gradients | None = None

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The gradients, at least one run."""
        head = _mapping(value)
        runs = tuple(tuple(Named.from_wire(g) for g in _list(r)) for r in _some(head.get("runs")))
        return cls(runs=runs, precision=_precision(head.get("precision")))


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
        head = _mapping(value)
        runs = []
        for run in _some(head.get("runs")):
            pair = _list(run)
            if len(pair) != 2:
                raise Malformed("a run of other than two steps")
            first, second = (tuple(Named.from_wire(g) for g in _list(s)) for s in pair)
            runs.append((first, second))
        before = tuple(Named.from_wire(g) for g in _list(head.get("before", [])))
        return cls(
            runs=tuple(runs),
            precision=_precision(head.get("precision")),
            before=before,
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """What a trained network answers to pictures."""

    own: Array
    """The student's network: (N, classes) float32."""
    operands: tuple[tuple[str, Array], ...]
    """Its weights as raw arrays, by key; empty where they could not be read."""
    proven: Array | None = None
    """The same weights in the reference's network, computed in a box without student code."""
    why_not: str = ""
    """Why nothing could be proven, in a sentence."""
    single: Logits | None = None

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """The answers with what was recomputed from them, if it was."""
        head = _mapping(value)
        operands = [_list(o) for o in _list(head.get("operands", []))]
        if len(operands) > _OPERANDS or any(len(o) != 2 for o in operands):
            raise Malformed("operands that are not keys and arrays")
        proven = head.get("proven")
        return cls(
            own=_rows(head.get("logits")),
            operands=tuple((_key(k), _floats(v)) for k, v in operands),
            proven=None if proven is None else _rows(proven),
            why_not=_text(head.get("why_not", "")) or _text(head.get("unset", "")),
        )


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
        head = _mapping(value)
        plain = Logits.from_wire(head)
        losses = _floats(head.get("losses"))
        if losses.ndim != 1 or losses.size > 100_000 or type(head.get("spent")) is not bool:
            raise Malformed("a loss curve that is none")
        return cls(
            own=plain.own,
            operands=plain.operands,
            proven=plain.proven,
            why_not=plain.why_not,
            losses=losses,
            spent=head["spent"],
            epochs=_by_epoch(head.get("epochs"), len(plain.own)),
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
        head = _mapping(value)
        inner = cls._inner(head.get("value"), 0)
        return replace(inner, changed=tuple(_count(c) for c in _list(head.get("changed", []))))

    @classmethod
    def _inner(cls, value: Any, depth: int) -> Self:
        row = _mapping(value)
        kind, item = _text(row.get("kind")), row.get("item")
        if depth > 8:
            raise Malformed("a result nested more than eight deep")
        if kind in ("tensor", "array"):
            if not isinstance(item, np.ndarray):
                raise Malformed(f"a {kind} without numbers")
            return cls(kind=kind, item=item)
        if kind in ("list", "tuple"):
            return cls(kind=kind, item=tuple(cls._inner(i, depth + 1) for i in _list(item)))
        if kind == "dict":
            pairs = [_list(p) for p in _list(item)]
            if any(len(p) != 2 for p in pairs):
                raise Malformed("a dictionary that is not made of pairs")
            return cls(
                kind=kind, item=tuple((_text(k), cls._inner(v, depth + 1)) for k, v in pairs)
            )
        if kind != type(item).__name__ or kind not in ("NoneType", "bool", "int", "float", "str"):
            raise Malformed(f"a {kind[:20]} that is a {type(item).__name__}")
        return cls(kind=kind, item=item)


def trouble(value: Any) -> Trouble | None:
    """The student's error that a box described, its text capped."""
    if value is None:
        return None
    row = _mapping(value)
    optional = {
        k: None if row.get(k) is None else _text(row.get(k))[:400]
        for k in ("file", "code", "where")
    }
    line = row.get("line")
    return Trouble(
        kind=_text(row.get("kind"))[:200],
        message=_text(row.get("message", ""))[:2000],
        line=None if line is None else _count(line),
        **optional,
    )


# ---------------------------------------------------------------------- small readers


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"a {type(value).__name__} where an object belongs")
    return value


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise Malformed(f"a {type(value).__name__} where a list belongs")
    return value


def _some(value: Any) -> Sequence[Any]:
    rows = _list(value)
    if not 1 <= len(rows) <= 64:
        raise Malformed(f"{len(rows)} runs")
    return rows


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed(f"a {type(value).__name__} where text belongs")
    return value[:20_000]


def _key(value: Any) -> str:
    if len(_text(value)) > _KEY:
        raise Malformed(f"a key of more than {_KEY} characters")
    return _text(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise Malformed("a count that is none")
    return value


def _share(value: Any) -> float:
    if type(value) is not float or not 0.0 <= value <= 1.0:
        raise Malformed("a share that is none")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if len(_list(value)) > _DIMENSIONS:
        raise Malformed(f"a shape of more than {_DIMENSIONS} dimensions")
    return tuple(_count(n) for n in value)


def _precision(value: Any) -> Precision:
    found = _text(value)
    if found == "float64":
        return "float64"
    if found == "float32":
        return "float32"
    raise Malformed("an unknown precision")


def _floats(value: Any) -> Array:
    if not isinstance(value, np.ndarray) or value.dtype.str not in ("<f8", "<f4", "<f2", "<i8"):
        raise Malformed("numbers that are no array of floats")
    return value


def _rows(value: Any) -> Array:
    array = _floats(value)
    if array.ndim < 2 or not array.size:
        raise Malformed("class scores that are not one row per picture")
    return array.reshape(array.shape[0], -1)


def _by_epoch(value: Any, pictures: int) -> Array | None:
    if value is None:
        return None
    array = _floats(value)
    fits = array.ndim == 2 and len(array) <= EPOCHS and array.shape[1] == pictures
    if not fits or array.dtype.kind != "i":
        raise Malformed("answers by epoch that are not one class per picture")
    return array


def _optional_sketch(value: Any) -> Array | None:
    if value is None:
        return None
    array = _floats(value)
    if array.ndim != 1 or array.size > 64:
        raise Malformed("a sketch of impossible size")
    return array


def _settings(value: Any) -> Mapping[str, Any]:
    found = {}
    for key, item in _mapping(value).items():
        plain = isinstance(item, (int, str)) or (
            isinstance(item, list) and all(isinstance(i, int) for i in item)
        )
        if not plain:
            raise Malformed("a setting that is no number")
        found[key[:40]] = item
    return found
