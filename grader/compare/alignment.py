"""Two networks side by side, layer by layer: which belongs to which, and which differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.compare import layer_faults, pieces
from grader.compare.layer_faults import (
    are_equal_sketches,
    describe_fault,
    describe_roles,
    strip_ones,
)
from grader.diagnosis.tolerance import Tolerance
from grader.records.json_values import Json
from grader.records.measurements import Array, Layer, Layers
from grader.records.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the alignment of two networks."""

    seen: Layer | None
    expected: Layer | None
    fault: Message | None
    """What is wrong; None where nothing is."""

    @property
    def note(self) -> str:
        """What is wrong, in a sentence; empty where nothing is."""
        return self.fault.text() if self.fault else ""

    def to_json(self) -> Json:
        """For the report."""
        return {
            "seen": _layer_to_json(self.seen),
            "expected": _layer_to_json(self.expected),
            "same": self.fault is None,
            "note": self.note,
            "code": self.fault.code if self.fault else "",
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
    }


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
    between = [Row(seen=a, expected=b, fault=describe_roles(a, b)) for a, b in shared]
    return rows[:at] + between + ([] if at is None else rows[at:])


def _align_rest(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Row]:
    pairs = _weigh_pairs(seen, expected)
    cost = _sum_costs(pairs)
    rows: list[Row] = []
    i, j = len(seen), len(expected)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + pairs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            fault = describe_fault(seen[i], expected[j])
            rows.append(Row(seen=seen[i], expected=expected[j], fault=fault))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            fault = layer_faults.describe_added(seen[i])
            rows.append(Row(seen=seen[i], expected=None, fault=fault))
        else:
            j -= 1
            fault = layer_faults.describe_missing(expected[j])
            rows.append(Row(seen=None, expected=expected[j], fault=fault))
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
    if describe_fault(seen, expected) is None:
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
    return [replace(row, fault=row.fault or _describe_values(row, tolerance)) for row in rows]


def _describe_values(row: Row, tolerance: Tolerance) -> Message | None:
    """Which layer gives other values from equal ones; None where none does."""
    seen, expected = row.seen, row.expected
    if seen is None or expected is None or seen.result is None:
        return None
    if seen.keys != expected.keys or strip_ones(seen.shape) != strip_ones(expected.shape):
        return None
    if not are_equal_sketches(seen.start, expected.start, tolerance):
        return None
    if are_equal_sketches(seen.result, expected.result, tolerance):
        return None
    return Message("layers-values", {"layer": layer_faults.name_layer(seen)})


# ---------------------------------------------------------------------- the ends of both


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
    return are_equal_sketches(student.rows[-1].end, reference.rows[-1].end, tolerance)
