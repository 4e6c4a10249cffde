"""Two networks side by side, layer by layer: which differ in shape, and where values part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.compare import differences
from grader.records.json_values import Json
from grader.records.measurements import Array, Layer, Layers


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
            "seen": _shown(self.seen),
            "expected": _shown(self.expected),
            "same": not self.note,
            "note": self.note,
        }


def _shown(layer: Layer | None) -> Json:
    if layer is None:
        return None
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "file": layer.file,
        "line": layer.line,
    }


def aligned(seen: Sequence[Layer], expected: Sequence[Layer]) -> list[Row]:
    """The cheapest alignment of two sequences of layers (Needleman and Wunsch 1970).

    A gap costs 1, a pair of one kind but different shape 0.9, of different kinds 1.6, so that a
    missing layer shows as missing and a layer of the wrong size as that layer.
    """
    rows, columns = len(seen), len(expected)
    cost = np.zeros((rows + 1, columns + 1))
    cost[:, 0], cost[0, :] = np.arange(rows + 1), np.arange(columns + 1)
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            pair = cost[i - 1, j - 1] + _distance(seen[i - 1], expected[j - 1])
            cost[i, j] = min(pair, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    found: list[Row] = []
    i, j = rows, columns
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + _distance(seen[i - 1], expected[j - 1]):
            i, j = i - 1, j - 1
            found.append(Row(seen=seen[i], expected=expected[j], note=_note(seen[i], expected[j])))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            note = f"{_capital(seen[i].label)}{_at(seen[i])} is not in the network of the brief."
            found.append(Row(seen=seen[i], expected=None, note=note))
        else:
            j -= 1
            note = f"A layer is missing: {expected[j].kind} with output {_size(expected[j].shape)}."
            found.append(Row(seen=None, expected=expected[j], note=note))
    return found[::-1]


def by_value(rows: Sequence[Row], student: Layers, reference: Layers, rtol: float) -> list[Row]:
    """The same rows; one that gives other values from equal input and weights is named as well.

    Kinds and shapes are what the student's process says; these values it had to compute. So a
    pooling of another window shows, and a layer that only calls itself right.
    """
    found: list[Row] = []
    comparable = not (student.unset or reference.unset)
    for row in rows:
        seen, expected = row.seen, row.expected
        note = row.note
        equal = comparable and seen and expected and _same(seen.start, expected.start, rtol)
        if equal and not note and seen and expected and _differs(seen, expected, rtol):
            note = (
                f"{_capital(seen.label)}{_at(seen)} gives other values than ours from equal input "
                "and equal weights."
            )
        found.append(replace(row, note=note))
    return found


def _distance(seen: Layer, expected: Layer) -> float:
    if not _note(seen, expected):
        return 0.0
    return 0.9 if seen.kind == expected.kind else 1.6


def _note(seen: Layer, expected: Layer) -> str:
    """What is wrong with a layer that stands where another is expected."""
    if seen.kind != expected.kind:
        same = _core(seen.shape) == _core(expected.shape) and _same(
            seen.result, expected.result, 1e-6
        )
        if same and not seen.weights and not expected.weights:
            return ""
        return (
            f"{_capital(seen.label)}{_at(seen)} stands where {expected.kind} "
            f"with output {_size(expected.shape)} is expected."
        )
    if _core(seen.shape) != _core(expected.shape):
        return (
            f"{_capital(seen.label)}{_at(seen)} has output {_size(seen.shape)}, expected "
            f"is {_size(expected.shape)}."
        )
    own, other = _weight(seen), _weight(expected)
    if own != other and own and other:
        return (
            f"{_capital(seen.label)}{_at(seen)} has weights {_size(own)}, expected are "
            f"{_size(other)}."
        )
    lacking = {r for r, _, _ in expected.weights} - {r for r, _, _ in seen.weights}
    if "bias" in lacking:
        return f"{_capital(seen.label)}{_at(seen)} has no bias."
    if "running_mean" in lacking:
        told = "keeps no running statistics, so it normalises by the batch in eval mode too"
        return f"{_capital(seen.label)}{_at(seen)} {told}."
    spare = {r for r, _, _ in seen.weights} - {r for r, _, _ in expected.weights}
    if "bias" in spare:
        return f"{_capital(seen.label)}{_at(seen)} has a bias, ours has none."
    return ""


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without ones at its end: (6, 1, 1) holds a row of 6."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _weight(layer: Layer) -> tuple[int, ...]:
    return next((shape for role, _, shape in layer.weights if role == "weight"), ())


def _at(layer: Layer) -> str:
    return f" in {layer.file}, line {layer.line}," if layer.file and layer.line else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _size(shape: Sequence[int]) -> str:
    return "(N, " + ", ".join(map(str, shape)) + ")" if shape else "(N,)"


def divergence(student: Layers, reference: Layers, rtol: float) -> str:
    """The first layer after which values differ for good, and by what; empty where none is
    found.
    """
    rows = aligned(student.rows, reference.rows)
    pairs = [(r.seen, r.expected) for r in rows if r.seen and r.expected]
    if not pairs:
        return ""
    equal = [_same(s.end, e.end, rtol) for s, e in pairs]
    if equal[-1]:
        return ""
    first = max((i for i, same in enumerate(equal) if same), default=-1) + 1
    seen, expected = pairs[first]
    place = f"{seen.label}{_at(seen)}".rstrip(",")
    extra = next((r.note for r in rows if r.note), "")
    if not _same(seen.result, expected.result, rtol):
        if first == 0 and student.before != reference.before:
            return f"The input is changed before {place}: {_steps(student.before)} there."
        parts = "statistics, eps" if seen.kind.endswith("norm") else "stride, padding"
        why = extra or f"its {parts} or weights are used otherwise than in ours"
        return f"The values part at {place}: {why.rstrip('.')}."
    if seen.steps != expected.steps:
        return (
            f"The values part after {place}: your network applies {_steps(seen.steps)} "
            f"there, ours {_steps(expected.steps)}."
        )
    return f"The values part after {place}, before the next layer. {extra}".strip()


def same_end(student: Layers, reference: Layers, rtol: float) -> bool:
    """True where both networks give the same log-probabilities, as far as their sketches tell."""
    return _same(student.rows[-1].end, reference.rows[-1].end, rtol)


def _steps(steps: Sequence[str]) -> str:
    """Activations in words; the operators of a dropout that is on in eval mode are one."""
    text = " ".join(steps)
    for pattern in ("bernoulli div mul", "native_dropout", "bernoulli"):
        text = text.replace(pattern, "dropout-that-stays-on-in-eval-mode")
    named = [s.replace("-", " ") for s in text.split()]
    return " and ".join(named) if named else "nothing"


def _differs(seen: Layer, expected: Layer, rtol: float) -> bool:
    return seen.result is not None and not _same(seen.result, expected.result, rtol)


def _same(seen: Array | None, expected: Array | None, rtol: float) -> bool:
    if seen is None or expected is None or seen.shape != expected.shape:
        return False
    return differences.mismatch(seen, expected, max(rtol, 1e-7)) is None
