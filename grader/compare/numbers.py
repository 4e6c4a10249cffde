"""Numbers that networks and functions give: answers, gradients, steps, returned values. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

from grader.compare import returned_values
from grader.compare.answers import close_outputs
from grader.compare.differences import compare_groups
from grader.compare.parameters import REGISTER, describe_unregistered
from grader.compare.precision import (
    choose_tolerance,
    find_floor,
    match_precision,
    note_precision,
)
from grader.diagnosis.network import diagnose_dropouts
from grader.diagnosis.training_step import diagnose_step
from grader.diagnosis.wording import word
from grader.records.measurements import (
    Array,
    Gradients,
    Outputs,
    Returned,
    Steps,
)
from grader.records.result import Verdict


@overload
def close(
    student: Outputs, reference: Outputs, *, rtol: float = ..., where: str = ...
) -> Verdict: ...
@overload
def close(
    student: Gradients, reference: Gradients, *, rtol: float = ..., where: str = ...
) -> Verdict: ...
@overload
def close(student: Steps, reference: Steps, *, rtol: float = ..., where: str = ...) -> Verdict: ...
@overload
def close(
    student: Returned, reference: Returned, *, rtol: float = ..., where: str = ...
) -> Verdict: ...
def close(
    student: Outputs | Gradients | Steps | Returned,
    reference: Outputs | Gradients | Steps | Returned,
    *,
    rtol: float = 1e-6,
    where: str = "",
) -> Verdict:
    """All numbers agree up to `rtol` times (their size + the greatest size in their array).

    In float32, where the student's code allows nothing else, the tolerance is at least 1e-4.
    `where` is a sentence about the first diverging layer, shown where the numbers differ.
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


def _close_gradients(student: Gradients, reference: Gradients, rtol: float, where: str) -> Verdict:
    note, tolerance = note_precision(student, reference), choose_tolerance(student, rtol)
    expected = match_precision(student, reference).runs[0]
    tolerance = tolerance.above(find_floor(student.precision, (n.values for n in expected)))
    results = [compare_groups(run, expected, tolerance) for run in student.runs]
    best = min(results, key=lambda r: len(r.wrong))
    if not best.wrong:
        return Verdict(fraction=1.0, feedback=f"All {len(expected)} gradients equal ours{note}.")
    return Verdict(
        fraction=0.0,
        feedback=f"{best.sentence('gradient')} {where}".strip(),
        hint=best.hint,
        evidence=best.to_json("gradients"),
    )


def _close_steps(student: Steps, reference: Steps, rtol: float, where: str) -> Verdict:
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
        return Verdict(fraction=1.0, feedback=f"Equal weights after both steps{note}.")
    if student.unregistered:
        return Verdict(
            fraction=0.0,
            feedback=describe_unregistered(student.unregistered),
            hint=REGISTER,
            evidence=(one if one.wrong else two).to_json("weights after two steps"),
        )
    if one.wrong:
        dropout = diagnose_dropouts(student.dropouts, reference.dropouts)
        text = f"After the first step of gradient descent: {one.sentence('weight')}"
        parts = (dropout.sentence if dropout else "", text, where)
        return Verdict(
            fraction=0.0,
            feedback=" ".join(filter(None, parts)),
            hint=one.hint,
            evidence=one.to_json("weights after step 1"),
        )
    return Verdict(
        fraction=0.0,
        feedback=f"The first step is right, the second is not: {two.sentence('weight')}",
        hint=word("network-step-kept").hint,
        evidence=two.to_json("weights after step 2"),
    )


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
    return replace(verdict, fraction=mistake.fraction, feedback=mistake.sentence, hint=mistake.hint)


# ---------------------------------------------------------------------- returned values


def equal(student: Returned, reference: Returned) -> Verdict:
    """Both values are the same: kind, shape and every number."""
    return _close_values(student, reference, 0.0)


def _close_values(student: Returned, reference: Returned, rtol: float) -> Verdict:
    text = returned_values.describe_difference(student, reference, rtol)
    if text is None:
        return Verdict(fraction=1.0, feedback="As expected.")
    return Verdict(fraction=0.0, feedback=text, hint="Compare with the brief what is asked for.")
