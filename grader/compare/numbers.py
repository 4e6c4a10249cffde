"""Numbers that networks and functions give: answers, gradients, steps, returned values. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

import numpy as np

from grader.compare import returned_values
from grader.compare.answers import close_outputs
from grader.compare.differences import Comparison, compare_groups
from grader.compare.divergence import Divergence
from grader.compare.parameters import describe_unregistered
from grader.compare.precision import (
    choose_tolerance,
    find_floor,
    match_precision,
    note_precision,
)
from grader.diagnosis.network import diagnose_dropouts
from grader.diagnosis.training_step import diagnose_step
from grader.records.measurements import (
    Array,
    Gradients,
    NamedArrays,
    Outputs,
    Returned,
    Steps,
)
from grader.records.messages import Message
from grader.records.result import Verdict


@overload
def close(
    student: Outputs, reference: Outputs, *, rtol: float = ..., where: Divergence | None = ...
) -> Verdict: ...
@overload
def close(
    student: Gradients, reference: Gradients, *, rtol: float = ..., where: Divergence | None = ...
) -> Verdict: ...
@overload
def close(
    student: Steps, reference: Steps, *, rtol: float = ..., where: Divergence | None = ...
) -> Verdict: ...
@overload
def close(
    student: Returned, reference: Returned, *, rtol: float = ..., where: Divergence | None = ...
) -> Verdict: ...
def close(
    student: Outputs | Gradients | Steps | Returned,
    reference: Outputs | Gradients | Steps | Returned,
    *,
    rtol: float = 1e-6,
    where: Divergence | None = None,
) -> Verdict:
    """All numbers agree up to `rtol` times (their size + the greatest size in their array).

    In float32, where the student's code allows nothing else, the tolerance is at least 1e-4.
    `where` is the first diverging layer, see `first_divergence`; it is shown where the numbers
    differ.
    """
    if isinstance(student, Returned) and isinstance(reference, Returned):
        return _close_values(student, reference, rtol)
    if isinstance(student, Outputs) and isinstance(reference, Outputs):
        return close_outputs(student, reference, rtol, where)
    if isinstance(student, Gradients) and isinstance(reference, Gradients):
        return _close_gradients(student, reference, rtol, where)
    if isinstance(student, Steps) and isinstance(reference, Steps):
        return _close_steps(student, reference, rtol, where)
    raise TypeError(
        f"close compares two of a kind, not {type(student).__name__} and {type(reference).__name__}"
    )


# ---------------------------------------------------------------------- gradients and steps

SHOWN = 4
"""Names that a sentence lists."""


def _close_gradients(
    student: Gradients, reference: Gradients, rtol: float, where: Divergence | None
) -> Verdict:
    note, tolerance = note_precision(student, reference), choose_tolerance(student, rtol)
    expected = match_precision(student, reference).runs[0]
    tolerance = tolerance.above(find_floor(student.precision, (n.values for n in expected)))
    results = [compare_groups(run, expected, tolerance) for run in student.runs]
    best = min(results, key=lambda r: len(r.wrong))
    if not best.wrong:
        right = Message("gradients-equal", {"n": len(expected), "note": note})
        return Verdict.say(right, fraction=1.0)
    return Verdict.say(
        *best.messages("gradients"),
        *([where.message] if where else []),
        hint=best.hint,
        evidence=best.to_json("gradients"),
        at=where.at if where else None,
        cause=where.fault if where else best.fault,
    )


def _close_steps(
    student: Steps, reference: Steps, rtol: float, where: Divergence | None
) -> Verdict:
    note, tolerance = note_precision(student, reference), choose_tolerance(student, rtol)
    reference = match_precision(student, reference)
    first, second = reference.runs[0]
    tolerance = tolerance.above(find_floor(student.precision, (n.values for n in first)))
    pairs = [
        (compare_groups(one, first, tolerance), compare_groups(two, second, tolerance))
        for one, two in student.runs
    ]
    one, two = min(pairs, key=lambda p: len(p[0].wrong) + len(p[1].wrong))
    if not one.wrong and not two.wrong:
        return Verdict.say(Message("weights-equal", {"note": note}), fraction=1.0)
    if unregistered := describe_unregistered(student.unregistered):
        evidence = (one if one.wrong else two).to_json("weights after two steps")
        return Verdict.say(unregistered, evidence=evidence)
    if one.wrong:
        still = _find_still(student.runs[pairs.index((one, two))], reference.runs[0], one)
        return _judge_first_step(student, reference, one, still, where)
    return Verdict.say(
        Message("weights-second"),
        *two.messages("weights"),
        evidence=two.to_json("weights after step 2"),
    )


def _judge_first_step(
    student: Steps,
    reference: Steps,
    one: Comparison,
    still: Message | None,
    where: Divergence | None,
) -> Verdict:
    """`one` compares the weights after the first step, some of which may have stayed `still`."""
    dropout = diagnose_dropouts(student.dropouts, reference.dropouts)
    reason = dropout.message if dropout else still
    return Verdict.say(
        *([reason] if reason else []),
        Message("weights-first"),
        *one.messages("weights"),
        *([where.message] if where else []),
        hint=dropout.hint if dropout else still.hint() if still else one.hint,
        evidence=one.to_json("weights after step 1"),
        at=where.at if where else None,
        cause=reason or (where.fault if where else one.fault),
    )


def _find_still(
    own: tuple[NamedArrays, NamedArrays], ours: tuple[NamedArrays, NamedArrays], one: Comparison
) -> Message | None:
    """Which of the wrong weights stay as they are in the second step, where ours move."""
    wrong = {d.seen.key for d in one.wrong if d.seen}
    moved = {n.key for n in ours[0]} - _list_equal(ours)
    keys = wrong & moved & _list_equal(own)
    names = [n.label for n in own[0] if n.key in keys]
    if not names:
        return None
    return Message("weights-never-move", {"names": names[:SHOWN], "n": len(names)})


def _list_equal(pair: tuple[NamedArrays, NamedArrays]) -> set[str]:
    """Keys of the arrays that are the same in both."""
    second = {n.key: n.values for n in pair[1]}
    return {
        n.key
        for n in pair[0]
        if n.values is not None
        and (other := second.get(n.key)) is not None
        and np.array_equal(n.values, other)
    }


def stepped(
    student: Steps,
    reference: Steps,
    *,
    scores: Outputs | None = None,
    classes: Array | None = None,
    rtol: float = 1e-6,
) -> Verdict:
    """The weights after each of two steps by the student's own function equal ours.

    A mistake that explains every number is named and may leave half of the points: see
    `grader.diagnosis.training_step`. `scores` are the reference's for the
    same batch, whose `classes` are (N,).
    """
    verdict = close(student, reference, rtol=rtol)
    if verdict.fraction == 1:
        return verdict
    if student.unregistered:
        return verdict
    ours = match_precision(student, reference)
    before = None if scores is None else match_precision(student, scores)
    mistake = diagnose_step(student, ours, before, classes)
    if mistake is None:
        return verdict
    named = Verdict.say(mistake.message, fraction=mistake.fraction, hint=mistake.hint)
    return replace(named, evidence=verdict.evidence, trust=verdict.trust)


# ---------------------------------------------------------------------- returned values


def equal(student: Returned, reference: Returned) -> Verdict:
    """Both values are the same: kind, shape and every number."""
    return _close_values(student, reference, 0.0)


def _close_values(student: Returned, reference: Returned, rtol: float) -> Verdict:
    other = returned_values.describe_difference(student, reference, rtol)
    return Verdict.say(other or Message("value-right"), fraction=0.0 if other else 1.0)
