"""Where the values of two networks part under equal weights, and what is to blame. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.compare.alignment import Row, align
from grader.compare.layer_faults import are_equal_sketches, place_layer
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Layer, Layers
from grader.records.messages import Message
from grader.records.place import Place

Pair = tuple[Layer, Layer]
"""A layer of the student's, and the one of the reference's that it belongs to."""
STAYS_ON = "dropout-that-stays-on-in-eval-mode"
"""The steps of a dropout that is on in eval mode, as one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first layer after which values differ for good."""

    message: Message
    """Where, and by what."""
    fault: Message
    """What is to blame: the message itself, or the layer that is not the brief's."""
    at: Place | None
    """The statement."""


def find_divergence(student: Layers, reference: Layers, tolerance: Tolerance) -> Divergence | None:
    """The first layer after which values differ for good, and by what; None where there is none."""
    rows = align(student.rows, reference.rows)
    pairs = [(r.seen, r.expected) for r in rows if r.seen and r.expected]
    equal = [are_equal_sketches(s.end, e.end, tolerance) for s, e in pairs]
    if not pairs or equal[-1]:
        return None
    first = max((i for i, same in enumerate(equal) if same), default=-1) + 1
    fault = next((r.fault for r in rows if r.fault), None)
    message = _describe(student, reference, pairs, first, fault, tolerance)
    blame = fault if fault and _is_to_blame(rows, pairs[first][0]) else message
    return Divergence(message=message, fault=blame, at=pairs[first][0].at)


def _describe(
    student: Layers,
    reference: Layers,
    pairs: Sequence[Pair],
    first: int,
    fault: Message | None,
    tolerance: Tolerance,
) -> Message:
    """Where the values part; `first` is the pair after which they differ."""
    seen, expected = pairs[first]
    place = {"layer": place_layer(seen)}
    told_apart = not fault and any(s.keys != e.keys for s, e in pairs[first:])
    near = pairs[first:] if told_apart else pairs[first : first + 2]
    steps = _describe_steps(near, told_apart=told_apart)
    if not are_equal_sketches(seen.result, expected.result, tolerance):
        if first == 0 and student.before != reference.before:
            before = _format_steps(student.before)
            return Message("layers-input-changed", {**place, "steps": before})
        if seen.start is not None and not are_equal_sketches(seen.start, expected.start, tolerance):
            return Message("layers-input-other", place)
        if told_apart and seen.keys != expected.keys:
            return steps or Message("layers-result-otherwise", place)
        if fault:
            return Message("layers-part-at", {**place, "fault": fault})
        return Message("layers-settings", {**place, "settings": _name_parts(seen)})
    if steps:
        return steps
    if fault:
        return Message("layers-part-after", {**place, "fault": fault})
    return Message("layers-between", place)


def _is_to_blame(rows: Sequence[Row], seen: Layer) -> bool:
    """True where the first layer that is not the brief's stands at the student's or next to it, or
    before.
    """
    wrong = next(i for i, r in enumerate(rows) if r.fault)
    return wrong <= next(i for i, r in enumerate(rows) if r.seen is seen) + 1


# ---------------------------------------------------------------------- steps between layers


def _describe_steps(pairs: Sequence[Pair], *, told_apart: bool) -> Message | None:
    """The first pair after which other activations are applied; None where there is none.

    Where layers got other weights than ours, because they were told apart by what the network makes
    of them, their results say nothing, but these do. Of such a layer "nothing" is not said: it may
    stand where another of ours does, and an attention in one operator shows no steps.
    """
    for number, (seen, expected) in enumerate(pairs if told_apart else pairs[:1]):
        own, ours = seen.steps, expected.steps
        if seen.keys != expected.keys:
            own, ours = (_name_scaling(steps) if own and ours else () for steps in (own, ours))
        if own != ours:
            facts = {
                "layer": place_layer(seen),
                "seen": _format_steps(seen.steps),
                "expected": _format_steps(expected.steps),
            }
            after = pairs[number + 1] if number + 1 < len(pairs) else None
            return Message(_name_steps(seen, expected, after), facts)
    return None


def _name_steps(seen: Layer, expected: Layer, after: Pair | None) -> str:
    """The code of other activations than ours."""
    own, ours = seen.steps, expected.steps
    swapped = after is not None and (own, after[0].steps) == (after[1].steps, ours)
    if STAYS_ON in _join_steps(own):
        return "layers-dropout-in-eval"
    if "softmax" in own and "softmax" not in ours:
        return "layers-softmax-added"
    if "add" in ours and "add" not in own:
        return "layers-shortcut-missing"
    if swapped or sorted(own) == sorted(ours):
        return "layers-order"
    if not own:
        return "layers-activation-missing"
    return "layers-activation" if ours else "layers-activation-added"


def _name_scaling(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps, where a product and a quotient are one: by which number, no step says."""
    return tuple("mul" if step == "div" else step for step in steps)


def _name_parts(layer: Layer) -> str:
    """What of a layer besides its weights decides what it gives."""
    if layer.kind.endswith("norm"):
        return "statistics, eps"
    return "bias" if layer.kind == "linear" else "stride, padding"


def _format_steps(steps: Sequence[str]) -> str:
    """Activations in words."""
    named = [s.replace("-", " ") for s in _join_steps(steps).split()]
    return " and ".join(named) if named else "nothing"


def _join_steps(steps: Sequence[str]) -> str:
    """The steps in one text; the operators of a dropout that is on in eval mode are one."""
    text = " ".join(steps)
    for pattern in ("bernoulli div mul", "native_dropout", "bernoulli"):
        text = text.replace(pattern, STAYS_ON)
    return text
