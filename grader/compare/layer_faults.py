"""What is wrong with a layer that stands where another is expected, as a message. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array, Layer
from grader.records.messages import Message

SKETCH = 1e-7
"""Least tolerance of a sketch: its numbers may be small beside those that they are sums of."""
OTHER_KIND = Tolerance(rtol=1e-6)
"""Of the results of two layers whose kinds have different names."""
_SETTINGS = ("padding", "stride", "dilation")
"""What decides the size of the pictures that a layer gives."""


def describe_added(layer: Layer) -> Message:
    """A layer that the reference does not have."""
    return Message(f"layers-{_name_family(layer.kind)}added", {"layer": name_layer(layer)})


def describe_missing(layer: Layer) -> Message:
    """A layer of the reference's that the student does not have."""
    facts = {"kind": layer.kind, "shape": format_shape(layer.shape)}
    return Message(f"layers-{_name_family(layer.kind)}missing", facts)


def _name_family(kind: str) -> str:
    """The part of a code that says what kind of layer it is about; empty for any other kind."""
    families = {"norm-": kind.endswith("norm"), "pooling-": "pool" in kind}
    return next((name for name, fits in families.items() if fits), "")


def describe_fault(seen: Layer, expected: Layer) -> Message | None:
    """What is wrong with a layer that stands where another is expected; None for nothing."""
    if _is_same_map(seen, expected):
        return describe_roles(seen, expected)
    if seen.kind != expected.kind:
        if _does_the_same(seen, expected):
            return None
        facts = {"kind": expected.kind, "shape": format_shape(expected.shape)}
        return Message(_name_exchange(seen.kind, expected.kind), _facts(seen, facts))
    if strip_ones(seen.shape) != strip_ones(expected.shape):
        shapes = {"seen": format_shape(seen.shape), "expected": format_shape(expected.shape)}
        return Message(_name_shape_fault(seen, expected), _facts(seen, shapes))
    return _describe_weights(seen, expected)


def _facts(seen: Layer, facts: dict[str, str]) -> dict[str, str]:
    return {"layer": name_layer(seen), **facts}


def _name_exchange(seen: str, expected: str) -> str:
    """The code of one kind of layer in place of another."""
    if "pool" in seen and "pool" in expected:
        kinds = ("avg" in seen, "max" in expected), ("max" in seen, "avg" in expected)
        return f"layers-pooling{'-average' if all(kinds[0]) else '-max' if all(kinds[1]) else ''}"
    return "layers-kind"


def _name_shape_fault(seen: Layer, expected: Layer) -> str:
    """The code of a layer of the right kind that gives another shape."""
    own, ours = seen.shape, expected.shape
    if len(own) != len(ours):
        return "layers-shape"
    if own[:1] != ours[:1]:
        return "layers-width"
    pairs = ((name, seen.settings.get(name), expected.settings.get(name)) for name in _SETTINGS)
    other = next((name for name, one, two in pairs if one != two), "")
    return f"layers-{other or 'size'}"


def _is_same_map(seen: Layer, expected: Layer) -> bool:
    """True where both are products with matrices of one shape, for as many places of a sample.

    A convolution that covers its whole input is a linear layer, and so is one of 1×1 at each place.
    """
    if not seen.groups or seen.groups != expected.groups:
        return False
    if seen.kind == expected.kind != "linear" and (
        strip_ones(seen.shape) != strip_ones(expected.shape)
    ):
        return False
    return math.prod(seen.shape) == math.prod(expected.shape)


def _does_the_same(seen: Layer, expected: Layer) -> bool:
    """True where two layers of different kinds without weights give the same."""
    if seen.weights or expected.weights:
        return False
    if strip_ones(seen.shape) != strip_ones(expected.shape):
        return False
    return are_equal_sketches(seen.result, expected.result, OTHER_KIND)


def _describe_weights(seen: Layer, expected: Layer) -> Message | None:
    """What is wrong with the weights of a layer; None for nothing."""
    own, ours = _find_weight(seen), _find_weight(expected)
    if own != ours and own and ours:
        shapes = {"seen": format_shape(own), "expected": format_shape(ours)}
        return Message("layers-weights", _facts(seen, shapes))
    return describe_roles(seen, expected)


def describe_roles(seen: Layer, expected: Layer) -> Message | None:
    """What is wrong with what a layer owns besides its weight; None for nothing."""
    roles, expected_roles = ({role for role, _, _ in n.weights} for n in (seen, expected))
    if "bias" in expected_roles - roles:
        return Message("layers-bias-missing", _facts(seen, {}))
    if "running_mean" in expected_roles - roles:
        return Message("layers-statistics-missing", _facts(seen, {}))
    if "bias" in roles - expected_roles:
        return Message("layers-bias-added", _facts(seen, {}))
    return None


def strip_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without ones at its end: (6, 1, 1) holds a row of 6."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _find_weight(layer: Layer) -> tuple[int, ...]:
    """The shape of its weight; () where it has none."""
    return next((shape for role, _, shape in layer.weights if role == "weight"), ())


def name_layer(layer: Layer) -> str:
    """How a sentence about a layer begins."""
    name = f"{layer.label}{_format_place(layer)}"
    return name[:1].upper() + name[1:]


def place_layer(layer: Layer) -> str:
    """The layer and where it stands, at the end of a part of a sentence."""
    return f"{layer.label}{_format_place(layer)}".rstrip(",")


def _format_place(layer: Layer) -> str:
    return f" in {layer.file}, line {layer.line}," if layer.file and layer.line else ""


def format_shape(shape: Sequence[int]) -> str:
    """`(N, 6, 28, 28)` for that of one sample."""
    return "(N, " + ", ".join(map(str, shape)) + ")" if shape else "(N,)"


def are_equal_sketches(seen: Array | None, expected: Array | None, tolerance: Tolerance) -> bool:
    """True for two sketches that agree."""
    if seen is None or expected is None or seen.shape != expected.shape:
        return False
    return tolerance.at_least(SKETCH).allows(seen, expected)
