"""Comparisons: student against reference, each with a verdict that names the first difference.

All of them are pure: measurements in, Verdict out. Sentences address the student.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, overload

import numpy as np

from grader.compare import alignment, differences
from grader.diagnosis import training_step
from grader.records.json_values import Json
from grader.records.measurements import (
    Array,
    Gradients,
    Layers,
    Outputs,
    Parameter,
    Parameters,
    Returned,
    Steps,
)
from grader.records.result import Verdict

M = TypeVar("M", Layers, Outputs, Gradients, Steps)

SINGLE_RTOL = 1e-4
"""Tolerance where the student's code only runs in float32."""


def _beside(student: Outputs | Gradients | Steps | Layers, reference: M) -> M:
    """The reference as measured in the precision in which the student's code ran."""
    if student.precision == "float32" and reference.single is not None:
        return reference.single
    return reference


def _rtol(student: Outputs | Gradients | Steps | Layers, rtol: float) -> float:
    return max(rtol, SINGLE_RTOL) if student.precision == "float32" else rtol


# ---------------------------------------------------------------------- layers


def shapes(student: Layers, reference: Layers) -> Verdict:
    """Every operator of the reference ran in the student's network with the same output shape.

    One missing or additional layer is one fault; each fault costs its share of the points.
    """
    reference = _beside(student, reference)
    rows = alignment.aligned(student.rows, reference.rows)
    rows = alignment.by_value(rows, student, reference, _rtol(student, 1e-6))
    faults = [r for r in rows if r.note]
    evidence: dict[str, Json] = {"layers": [r.to_json() for r in rows]}
    crash = (
        f"`forward` stopped before it was done. {student.error.sentence().rstrip('.')}. "
        if student.error
        else ""
    )
    if not faults and not crash:
        return Verdict(
            fraction=1.0,
            feedback=f"All {len(rows)} layers have the expected shape.",
            evidence=evidence,
            trust="claim",
        )
    told = faults
    if crash:  # what would have come after the crash is no news
        last = max((i for i, r in enumerate(rows) if r.seen), default=-1)
        told = [r for r in rows[: last + 1] if r.note]
    before = "The layers before that are right." if any(r.seen for r in rows) else ""
    first = told[0].note if told else before
    more = f" {len(told) - 1} more of {len(rows)} layers differ." if len(told) > 1 else ""
    share = max(0.0, 1.0 - len(faults) / max(1, len(reference.rows)))
    return Verdict(
        fraction=min(share, 0.5) if crash else share,
        feedback=f"{crash}{first}{more}".strip(),
        hint="Print x.shape after each step of forward and compare it with the table in the brief.",
        evidence=evidence,
        trust="claim",
    )


def values(student: Layers, reference: Layers, *, rtol: float = 1e-6) -> Verdict:
    """Under equal weights the network answers what the reference's does, judged by a sketch.

    The sketch of its log-probabilities holds eight numbers and the root mean square of all. That
    costs no further run, which counts where a network has a hundred million weights.
    """
    reference, rtol = _beside(student, reference), _rtol(student, rtol)
    if student.error:
        told = student.error.sentence().rstrip(".")
        return Verdict(fraction=0.0, feedback=f"`forward` stopped before it was done. {told}.")
    if student.unset:
        return Verdict(fraction=0.0, feedback=f"{student.unset}.", needs_review=True)
    if not student.rows:
        return Verdict(fraction=0.0, feedback="No layer ran in `forward`.")
    if alignment.same_end(student, reference, rtol):
        return Verdict(fraction=1.0, feedback="From equal weights, equal answers.")
    where = alignment.divergence(student, reference, rtol)
    last = student.rows[-1].steps
    hint = (
        "Return the scores (logits); cross-entropy applies softmax itself."
        if "softmax" in last
        else _by_dropout(where)
    )
    return Verdict(
        fraction=0.0,
        feedback=f"From equal weights and equal inputs your network answers otherwise. {where}",
        hint=hint or "Compare your forward step by step with the brief.",
    )


def dropouts(student: Parameters, reference: Parameters) -> Verdict:
    """Dropout stands where it stands in the reference, with the same share.

    Both measured with `parameters(x, train=True)`.
    """
    fault = differences.dropouts(student.dropouts, reference.dropouts)
    if fault:
        hint = "nn.Dropout(p), or F.dropout(x, p, training=self.training)."
        return Verdict(fraction=0.0, feedback=fault, hint=hint, trust="claim")
    count = len(reference.dropouts.places)
    return Verdict(fraction=1.0, feedback=f"{count} dropouts, each in its place.", trust="claim")


def first_divergence(student: Layers, reference: Layers) -> str:
    """A sentence that names the first layer whose values differ under equal weights; empty if
    none.
    """
    if student.unset or reference.unset or student.error:
        return ""
    return alignment.divergence(student, _beside(student, reference), _rtol(student, 1e-6))


# ---------------------------------------------------------------------- counts


def count(student: Parameters, reference: Parameters) -> Verdict:
    """The numbers of trainable parameters are the same, and no more lie idle than in ours."""
    own, expected = student.total, reference.total
    table: list[Json] = [
        {
            "name": p.name,
            "shape": list(p.shape),
            "count": p.count,
            "trainable": p.trainable,
            "used": p.used,
        }
        for p in student.rows
    ]
    evidence: Mapping[str, Json] = {
        "parameters": {"rows": table, "total": own, "expected": expected}
    }
    unused = [p for p in student.trainable if p.used is False]
    idle = sum(p.count for p in reference.trainable if p.used is False)
    if own == expected and sum(p.count for p in unused) <= idle:
        return Verdict(
            fraction=1.0,
            feedback=f"{own:,} trainable parameters.",
            evidence=evidence,
            trust="claim",
        )
    parts = [f"Your network has {own:,} trainable parameters, expected are {expected:,}."]
    if unused:
        names = sorted({p.name.rsplit(".", 1)[0] for p in unused})
        size = sum(p.count for p in unused)
        listed = ", ".join(f"`{n}`" for n in names[:4])
        verb = "is" if len(names) == 1 else "are"
        parts.append(f"{listed} {verb} declared but never used: {size:,} of your {own:,}.")
    frozen = [p for p in student.rows if not p.trainable and p.kind != "buffer"]
    if frozen:
        parts.append(
            f"{sum(p.count for p in frozen):,} are frozen (requires_grad is False) and do not "
            f"count."
        )
    parts += _odd_shapes(student, reference)
    return Verdict(
        fraction=0.0,
        feedback=" ".join(parts),
        hint="Compare the sizes of your layers with the brief, weights and biases apart.",
        evidence=evidence,
        trust="claim",
    )


def _odd_shapes(student: Parameters, reference: Parameters) -> list[str]:
    """Sentences about sizes that only one side has; x @ W stores a weight the other way round."""

    def size(parameter: Parameter) -> tuple[int, ...]:
        return tuple(sorted(parameter.shape))

    spare = Counter(map(size, reference.trainable))
    odd = []
    for parameter in student.trainable:
        if spare[size(parameter)] > 0:
            spare[size(parameter)] -= 1
        elif parameter.used is not False:
            odd.append(f"`{parameter.name}` {parameter.shape}")
    return [f"Ours has nothing of the size of {', '.join(odd[:4])}."] if odd else []


# ---------------------------------------------------------------------- values


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
    if isinstance(student, Outputs) and isinstance(reference, Outputs):
        note, rtol = _noted(student, reference), _rtol(student, rtol)
        return _close_outputs(student, _beside(student, reference), rtol, where, note)
    if isinstance(student, Gradients) and isinstance(reference, Gradients):
        note, rtol = _noted(student, reference), _rtol(student, rtol)
        return _close_gradients(student, _beside(student, reference), rtol, where, note)
    if isinstance(student, Steps) and isinstance(reference, Steps):
        note, rtol = _noted(student, reference), _rtol(student, rtol)
        return _close_steps(student, _beside(student, reference), rtol, where, note)
    if isinstance(student, Returned) and isinstance(reference, Returned):
        return _close_values(student, reference, rtol)
    raise TypeError(
        f"close compares two of a kind, not {type(student).__name__} and {type(reference).__name__}"
    )


def _close_outputs(
    student: Outputs, reference: Outputs, rtol: float, where: str, note: str
) -> Verdict:
    expected = differences.log_softmax(reference.runs[0])
    if any(r.reshape(r.shape[0], -1).shape != expected.shape for r in student.runs):
        seen = student.runs[0].shape
        return Verdict(
            fraction=0.0,
            feedback=(
                f"Your network answers with shape {seen}, expected is {reference.runs[0].shape}."
            ),
            hint="The last layer has one output for each class.",
        )
    runs = [differences.log_softmax(r) for r in student.runs]
    results = [differences.mismatch(r, expected, rtol) for r in runs]
    if any(r is None for r in results):
        return Verdict(
            fraction=1.0,
            feedback=f"Equal to ours on {len(expected)} inputs{note}.",
        )
    special = differences.probabilities(student.runs[0])
    if (
        special
        and differences.mismatch(
            differences.log_softmax(np.log(np.maximum(student.runs[0], 1e-300))), expected, rtol
        )
        is None
    ):
        return Verdict(
            fraction=0.0,
            feedback=(
                "Your network returns probabilities: it applies softmax to the right "
                "scores at its end."
            ),
            hint=(
                "Return the scores (logits) or log-probabilities; cross-entropy applies "
                "softmax itself."
            ),
        )
    worst = results[0]
    assert worst is not None
    special = special or _by_precision(student) or _by_dropout(where)
    told = "From equal weights and equal inputs your network answers differently."
    return Verdict(
        fraction=0.0,
        feedback=" ".join(filter(None, (told, where, worst.sentence()))),
        hint=special or "Compare your forward step by step with the brief.",
        evidence={"mismatch": worst.to_json("outputs, after log-softmax")},
    )


def _by_precision(student: Outputs) -> str:
    if student.runs[0].dtype.itemsize > 2:
        return ""
    return (
        "Your network returns float16 numbers, which keep three digits: leave `.half()` and "
        "`.to(torch.float16)` out of forward."
    )


def _by_dropout(where: str) -> str:
    if "dropout that stays on" not in where:
        return ""
    return (
        "Dropout is for training only: use nn.Dropout in `__init__`, or "
        "F.dropout(x, p, training=self.training)."
    )


def _close_gradients(
    student: Gradients, reference: Gradients, rtol: float, where: str, note: str
) -> Verdict:
    results = [differences.groups(run, reference.runs[0], rtol) for run in student.runs]
    best = min(results, key=lambda r: len(r.wrong))
    if not best.wrong:
        names = len(reference.runs[0])
        return Verdict(fraction=1.0, feedback=f"All {names} gradients equal ours{note}.")
    return Verdict(
        fraction=0.0,
        feedback=f"{best.sentence('gradient')} {where}".strip(),
        hint=best.hint,
        evidence=best.to_json("gradients"),
    )


def _close_steps(student: Steps, reference: Steps, rtol: float, where: str, note: str) -> Verdict:
    first = [differences.groups(run[0], reference.runs[0][0], rtol) for run in student.runs]
    second = [differences.groups(run[1], reference.runs[0][1], rtol) for run in student.runs]
    pairs = sorted(zip(first, second, strict=True), key=lambda p: len(p[0].wrong) + len(p[1].wrong))
    one, two = pairs[0]
    if not one.wrong and not two.wrong:
        return Verdict(fraction=1.0, feedback=f"Equal weights after both steps{note}.")
    if one.wrong:
        text = f"After the first step of gradient descent: {one.sentence('weight')}"
        parts = (differences.dropouts(student.dropouts, reference.dropouts), text, where)
        return Verdict(
            fraction=0.0,
            feedback=" ".join(filter(None, parts)),
            hint=one.hint,
            evidence=one.to_json("weights after step 1"),
        )
    return Verdict(
        fraction=0.0,
        feedback=f"The first step is right, the second is not: {two.sentence('weight')}",
        hint=(
            "Something of the first pass is kept: a counter, a cached tensor, a gradient or "
            "a graph."
        ),
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

    A slip that explains every number is named and may leave half of the points: see
    `grader.diagnosis.training_step`. `scores` are the reference's for the
    same batch, whose `classes` are (N,).
    """
    verdict = close(student, reference, rtol=rtol)
    if verdict.fraction == 1:
        return verdict
    ours = _beside(student, reference)
    before = None if scores is None else _beside(student, scores)
    found = training_step.slip(student, ours, before, classes)
    if found is None:
        return verdict
    return replace(verdict, fraction=found.worth, feedback=found.sentence, hint=found.fix)


def _noted(student: M, reference: M) -> str:
    if student.precision == "float64":
        return ""
    if reference.single is None and reference.precision == "float32":
        return " (in float32)"
    return " (in float32, as your code does not run in float64)"


def equal(student: Returned, reference: Returned) -> Verdict:
    """Both values are the same: kind, shape and every number."""
    return _close_values(student, reference, 0.0)


def _close_values(student: Returned, reference: Returned, rtol: float) -> Verdict:
    fault = differences.value(student, reference, rtol)
    if fault is None:
        return Verdict(fraction=1.0, feedback="As expected.")
    return Verdict(fraction=0.0, feedback=fault, hint="Compare with the brief what is asked for.")
