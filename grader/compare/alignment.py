"""Two networks side by side, layer by layer: which differ in shape, and where values part. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.compare import pieces
from grader.diagnosis.tolerance import Tolerance
from grader.records.json_values import Json
from grader.records.measurements import Array, Layer, Layers

SKETCH = 1e-7
"""Least tolerance of a sketch: its numbers may be small beside those that they are sums of."""
OTHER_KIND = Tolerance(rtol=1e-6)
"""Of the results of two layers whose kinds have different names."""
MOST_STEPS = 4
"""Activations after a layer that a report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the alignment of two networks."""

    seen: Layer | None
    expected: Layer | None
    note: str
    """What is wrong, empty where nothing is."""

    def to_json(self) -> Json:
        """For the report."""
        return {
            "seen": _layer_to_json(self.seen),
            "expected": _layer_to_json(self.expected),
            "same": not self.note,
            "note": self.note,
        }


def _layer_to_json(layer: Layer | None) -> Json:
    if layer is None:
        return None
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "file": layer.file,
        "line": layer.line,
        **({"steps": list(layer.steps[:MOST_STEPS])} if layer.steps else {}),
        **({"window": list(window)} if (window := _find_window(layer)) else {}),
    }


def _find_window(layer: Layer) -> tuple[int, ...]:
    """The height and width that a convolution looks at; () for other layers."""
    return _find_weight(layer)[2:] if layer.kind.startswith("conv") else ()


# ---------------------------------------------------------------------- which belongs to which


def align(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Row]:
    """The cheapest alignment of two sequences of layers (Needleman and Wunsch 1970).

    A gap costs 1, a pair of one kind but different shape 0.9, of different kinds 1.6, so that a
    missing layer shows as missing and a layer of the wrong size as that layer. Layers that share
    the work otherwise are taken out before.
    """
    shared = pieces.pair_shared(seen, expected)
    own, ours = ({id(n) for pair in shared for n in pair[k : k + 1]} for k in (0, 1))
    rows = _align_rest(
        [n for n in seen if id(n) not in own], [n for n in expected if id(n) not in ours]
    )
    if not shared:
        return rows
    order = {id(n): i for i, n in enumerate(expected)}
    first = order[id(shared[0][1])]
    at = next((i for i, r in enumerate(rows) if r.expected and order[id(r.expected)] > first), None)
    between = [Row(seen=a, expected=b, note=_describe_roles(a, b)) for a, b in shared]
    return rows[:at] + between + ([] if at is None else rows[at:])


def _align_rest(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Row]:
    pairs = _weigh_pairs(seen, expected)
    cost = _sum_costs(pairs)
    rows: list[Row] = []
    i, j = len(seen), len(expected)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + pairs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            note = _describe_fault(seen[i], expected[j])
            rows.append(Row(seen=seen[i], expected=expected[j], note=note))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            note = f"{_name_layer(seen[i])} is not in the network of the brief."
            rows.append(Row(seen=seen[i], expected=None, note=note))
        else:
            j -= 1
            shape = _format_shape(expected[j].shape)
            note = f"A layer is missing: {expected[j].kind} with output {shape}."
            rows.append(Row(seen=None, expected=expected[j], note=note))
    return rows[::-1]


def _weigh_pairs(seen: Sequence[Layer], expected: Sequence[Layer]) -> Array:
    """(len(seen), len(expected)) what it costs to take one layer for another; of layers that are
    alike, which a loop runs by the thousand, it is found once.
    """
    numbers: dict[tuple[object, ...], int] = {}
    own, ours = (
        [numbers.setdefault(_list_traits(n), len(numbers)) for n in side]
        for side in (seen, expected)
    )
    known: dict[tuple[int, int], float] = {}
    costs = np.zeros((len(seen), len(expected)))
    for i, trait in enumerate(own):
        for j, other in enumerate(ours):
            if (trait, other) not in known:
                known[trait, other] = _weigh(seen[i], expected[j])
            costs[i, j] = known[trait, other]
    return costs


def _list_traits(layer: Layer) -> tuple[object, ...]:
    """All that counts of a layer where it is put beside another."""
    roles = tuple((role, shape) for role, _, shape in layer.weights)
    result = b"" if roles or layer.result is None else layer.result.tobytes()
    return layer.kind, layer.shape, roles, layer.groups, result


def _sum_costs(pairs: Array) -> Array:
    """(N + 1, M + 1) what the cheapest alignment of the first layers costs, from those of pairs."""
    rows, columns = pairs.shape
    cost = np.zeros((rows + 1, columns + 1))
    cost[:, 0], cost[0, :] = np.arange(rows + 1), np.arange(columns + 1)
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            pair = cost[i - 1, j - 1] + pairs[i - 1, j - 1]
            cost[i, j] = min(pair, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    return cost


def _weigh(seen: Layer, expected: Layer) -> float:
    """What it costs to take one layer for another."""
    if not _describe_fault(seen, expected):
        return 0.0
    return 0.9 if seen.kind == expected.kind else 1.6


def mark_values(
    rows: Sequence[Row], student: Layers, reference: Layers, tolerance: Tolerance
) -> list[Row]:
    """The same rows; one that gives other values from equal input and weights is named as well.

    Kinds and shapes are what the student's process says; these values it had to compute. So a
    pooling of another window shows, and a layer that only calls itself right.
    """
    if student.unset or reference.unset or not rows:
        return list(rows)
    return [replace(row, note=row.note or _describe_values(row, tolerance)) for row in rows]


def _describe_values(row: Row, tolerance: Tolerance) -> str:
    """Which layer gives other values from equal ones; empty where none does."""
    seen, expected = row.seen, row.expected
    if seen is None or expected is None or seen.result is None:
        return ""
    if seen.keys != expected.keys or _strip_ones(seen.shape) != _strip_ones(expected.shape):
        return ""
    if not _are_same(seen.start, expected.start, tolerance):
        return ""
    if _are_same(seen.result, expected.result, tolerance):
        return ""
    return f"{_name_layer(seen)} gives other values than ours from equal input and equal weights."


# ---------------------------------------------------------------------- what is wrong with one


def _describe_fault(seen: Layer, expected: Layer) -> str:
    """What is wrong with a layer that stands where another is expected; empty for nothing."""
    if _is_same_map(seen, expected):
        return _describe_roles(seen, expected)
    if seen.kind != expected.kind:
        if _does_the_same(seen, expected):
            return ""
        return (
            f"{_name_layer(seen)} stands where {expected.kind} with output "
            f"{_format_shape(expected.shape)} is expected."
        )
    if _strip_ones(seen.shape) != _strip_ones(expected.shape):
        return (
            f"{_name_layer(seen)} has output {_format_shape(seen.shape)}, expected "
            f"is {_format_shape(expected.shape)}."
        )
    return _describe_weights(seen, expected)


def _is_same_map(seen: Layer, expected: Layer) -> bool:
    """True where both are products with matrices of one shape, for as many places of a sample.

    A convolution that covers its whole input is a linear layer, and so is one of 1×1 at each place.
    """
    if not seen.groups or seen.groups != expected.groups:
        return False
    if seen.kind == expected.kind != "linear" and (
        _strip_ones(seen.shape) != _strip_ones(expected.shape)
    ):
        return False
    return math.prod(seen.shape) == math.prod(expected.shape)


def _does_the_same(seen: Layer, expected: Layer) -> bool:
    """True where two layers of different kinds without weights give the same."""
    if seen.weights or expected.weights:
        return False
    if _strip_ones(seen.shape) != _strip_ones(expected.shape):
        return False
    return _are_same(seen.result, expected.result, OTHER_KIND)


def _describe_weights(seen: Layer, expected: Layer) -> str:
    """What is wrong with the weights of a layer; empty for nothing."""
    own, ours = _find_weight(seen), _find_weight(expected)
    if own != ours and own and ours:
        return (
            f"{_name_layer(seen)} has weights {_format_shape(own)}, expected are "
            f"{_format_shape(ours)}."
        )
    return _describe_roles(seen, expected)


def _describe_roles(seen: Layer, expected: Layer) -> str:
    """What is wrong with what a layer owns besides its weight; empty for nothing."""
    roles, expected_roles = ({role for role, _, _ in n.weights} for n in (seen, expected))
    if "bias" in expected_roles - roles:
        return f"{_name_layer(seen)} has no bias."
    if "running_mean" in expected_roles - roles:
        return (
            f"{_name_layer(seen)} keeps no running statistics, so it normalises by the batch in "
            "eval mode too."
        )
    return (
        f"{_name_layer(seen)} has a bias, ours has none."
        if "bias" in roles - expected_roles
        else ""
    )


def _strip_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without ones at its end: (6, 1, 1) holds a row of 6."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _find_weight(layer: Layer) -> tuple[int, ...]:
    """The shape of its weight; () where it has none."""
    return next((shape for role, _, shape in layer.weights if role == "weight"), ())


def _name_layer(layer: Layer) -> str:
    """How a sentence about a layer begins."""
    name = f"{layer.label}{_format_place(layer)}"
    return name[:1].upper() + name[1:]


def _format_place(layer: Layer) -> str:
    return f" in {layer.file}, line {layer.line}," if layer.file and layer.line else ""


def _format_shape(shape: Sequence[int]) -> str:
    return "(N, " + ", ".join(map(str, shape)) + ")" if shape else "(N,)"


# ---------------------------------------------------------------------- where values part


def find_divergence(student: Layers, reference: Layers, tolerance: Tolerance) -> str:
    """The first layer after which values differ for good, and by what; empty where there is
    none.
    """
    rows = align(student.rows, reference.rows)
    pairs = [(r.seen, r.expected) for r in rows if r.seen and r.expected]
    equal = [_are_same(s.end, e.end, tolerance) for s, e in pairs]
    if not pairs or equal[-1]:
        return ""
    first = max((i for i, same in enumerate(equal) if same), default=-1) + 1
    seen, expected = pairs[first]
    place = f"{seen.label}{_format_place(seen)}".rstrip(",")
    note = next((r.note for r in rows if r.note), "")
    told_apart = not note and any(s.keys != e.keys for s, e in pairs[first:])
    steps = _describe_steps(pairs[first:] if told_apart else pairs[first : first + 1])
    if not _are_same(seen.result, expected.result, tolerance):
        if first == 0 and student.before != reference.before:
            before = _format_steps(student.before)
            return f"The input is changed before {place}: {before} there."
        if seen.start is not None and not _are_same(seen.start, expected.start, tolerance):
            return f"The values part before {place}: what goes into it is not what goes into ours."
        if told_apart and seen.keys != expected.keys:
            return steps or (
                f"The values part after {place}: what your network makes of its result is not what "
                "ours makes of it."
            )
        why = note or f"its {_name_parts(seen)} or weights are used otherwise than in ours"
        return f"The values part at {place}: {why.rstrip('.')}."
    return steps or f"The values part after {place}, before the next layer. {note}".strip()


def _describe_steps(pairs: Sequence[tuple[Layer, Layer]]) -> str:
    """The first pair after which other activations are applied; empty where there is none.

    Where layers got other weights than ours, because they were told apart by what the network makes
    of them, their results say nothing, but these do. Of such a layer "nothing" is not said: it may
    stand where another of ours does, and an attention in one operator shows no steps.
    """
    for seen, expected in pairs:
        own, ours = seen.steps, expected.steps
        if seen.keys != expected.keys:
            own, ours = (_name_scaling(steps) if own and ours else () for steps in (own, ours))
        if own != ours:
            place = f"{seen.label}{_format_place(seen)}".rstrip(",")
            return (
                f"The values part after {place}: your network applies {_format_steps(seen.steps)} "
                f"there, ours {_format_steps(expected.steps)}."
            )
    return ""


def _name_scaling(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps, where a product and a quotient are one: by which number, no step says."""
    return tuple("mul" if step == "div" else step for step in steps)


def _name_parts(layer: Layer) -> str:
    """What of a layer besides its weights decides what it gives."""
    if layer.kind.endswith("norm"):
        return "statistics, eps"
    return "bias" if layer.kind == "linear" else "stride, padding"


def are_equal(student: Layers, reference: Layers, tolerance: Tolerance) -> bool:
    """True where both have the same weights and give the same answers with them.

    Then the layers are the brief's, however they are put together.
    """
    if student.unset or reference.unset or not student.rows or not reference.rows:
        return False
    own, ours = ({k for n in side.rows for k in n.keys} for side in (student, reference))
    return own == ours and have_same_end(student, reference, tolerance)


def have_same_end(student: Layers, reference: Layers, tolerance: Tolerance) -> bool:
    """True where both networks give the same log-probabilities, as far as their sketches tell."""
    return _are_same(student.rows[-1].end, reference.rows[-1].end, tolerance)


def _format_steps(steps: Sequence[str]) -> str:
    """Activations in words; the operators of a dropout that is on in eval mode are one."""
    text = " ".join(steps)
    for pattern in ("bernoulli div mul", "native_dropout", "bernoulli"):
        text = text.replace(pattern, "dropout-that-stays-on-in-eval-mode")
    named = [s.replace("-", " ") for s in text.split()]
    return " and ".join(named) if named else "nothing"


def _are_same(seen: Array | None, expected: Array | None, tolerance: Tolerance) -> bool:
    """True for two sketches that agree."""
    if seen is None or expected is None or seen.shape != expected.shape:
        return False
    return tolerance.at_least(SKETCH).allows(seen, expected)
