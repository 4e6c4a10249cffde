"""What a wrong training step did instead, concluded from the weights it left. Pure.

One step of gradient descent moves each weight by −rate · gradient. So the differences between the
weights before and after it are the gradients that were really used, and a mistake shows in them: a
factor, a sum with the gradient of the step before, or another loss.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis.numerics import fit_factor, one_hot, softmax, softmax_gradient
from grader.diagnosis.records import Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.diagnosis.wording import word
from grader.records.measurements import Array, NamedArrays, Outputs, Steps

MOVED = {
    "float64": Tolerance(rtol=1e-6, of="greatest"),
    "float32": Tolerance(rtol=1e-2, of="greatest"),
}
"""Of a movement: it is the difference of two weights, so its small numbers hold few digits."""
BATCH = Tolerance(rtol=1e-3, of="each")
"""Of a factor that is the size of the batch; in float32 it is known to three digits."""
DOUBLED = Tolerance(rtol=1e-3, of="one")
"""Of the factor 2."""

Movements = dict[str, Array]
"""What each weight moved by, float64, by its key."""


def diagnose_step(
    student: Steps, reference: Steps, scores: Outputs | None, classes: Array | None
) -> Diagnosis | None:
    """The one mistake that explains the student's weights after two steps; None where none does.

    `scores` (N, C) are those of the reference before the first step, for the batch whose `classes`
    (N,) are; without them another loss is not recognised.
    """
    first, second = reference.runs[0]
    tolerance = MOVED[student.precision]
    for own_first, own_second in student.runs:
        one = _subtract(reference.before, own_first)
        ours_one = _subtract(reference.before, first)
        if one is None or ours_one is None or set(one) != set(ours_one):
            continue
        if not _are_equal(one, ours_one, tolerance):
            return _diagnose_first(one, ours_one, scores, classes, tolerance)
        two, ours_two = _subtract(own_first, own_second), _subtract(first, second)
        if two is not None and ours_two is not None and set(two) == set(ours_two):
            return _diagnose_second(two, ours_one, ours_two, tolerance)
    return None


def _subtract(before: NamedArrays, after: NamedArrays) -> Movements | None:
    """What each weight moved by; None where one is unknown or only a sample of it was sent."""
    starts = {n.key: n.values for n in before}
    movements = {}
    for named in after:
        start = starts.get(named.key)
        if start is None or named.values is None or named.sampled:
            return None
        if start.shape != named.values.shape:
            return None
        movements[named.key] = np.asarray(named.values, np.float64) - np.asarray(start, np.float64)
    return movements or None


def _are_equal(seen: Movements, expected: Movements, tolerance: Tolerance) -> bool:
    return all(tolerance.allows(seen[k], expected[k]) for k in expected)


def _is_still(movements: Movements) -> bool:
    """True where no weight moved."""
    return not any(np.any(v) for v in movements.values())


# ---------------------------------------------------------------------- the first step


def _diagnose_first(
    seen: Movements,
    expected: Movements,
    scores: Outputs | None,
    classes: Array | None,
    tolerance: Tolerance,
) -> Diagnosis | None:
    if _is_still(seen):
        return word("step-not-taken")
    last, batch = next((k for k in reversed(expected) if k.endswith("/bias")), ""), 0
    if scores is not None and classes is not None and last:
        batch = len(classes)
        other = _diagnose_loss(scores.runs[0], classes, seen[last], expected[last], tolerance)
        if other is not None:
            return other
    factor = _fit_factor(seen, expected)
    if not _are_equal(seen, {k: factor * v for k, v in expected.items()}, tolerance):
        return None
    return _word_factor(factor, batch)


def _fit_factor(seen: Movements, expected: Movements) -> float:
    """By which the movements differ, all weights together."""
    own, ours = (np.concatenate([m[k].reshape(-1) for k in expected]) for m in (seen, expected))
    return fit_factor(own, ours)


def _word_factor(factor: float, batch: int) -> Diagnosis:
    if factor < 0:
        return word("step-uphill")
    if batch > 1 and BATCH.allows(factor, batch):
        return word("step-sum-not-mean", {"batch": batch})
    code = "step-doubled" if DOUBLED.allows(factor, 2.0) else "step-scaled"
    return word(code, {"factor": factor})


def _diagnose_loss(
    scores: Array, classes: Array, seen: Array, expected: Array, tolerance: Tolerance
) -> Diagnosis | None:
    """Another loss, told by the last bias: it moves against the sum of the scores' gradients."""
    z = np.asarray(scores, np.float64)
    labels = one_hot(classes, z.shape[1])
    right = (softmax(z) - labels).sum(axis=0) / len(z)
    square = float(right @ right)
    if not square:
        return None  # the right step leaves this bias where it is, so its size is unknown
    rate = -float(expected @ right) / square
    if not tolerance.allows(-rate * right, expected):
        return None  # the scores do not explain the right step, so they prove nothing
    gradients = ((c, g.sum(axis=0)) for c, g in _list_losses(z, labels))
    return next((word(c) for c, g in gradients if tolerance.allows(seen, -rate * g)), None)


def _list_losses(z: Array, labels: Array) -> Iterator[tuple[str, Array]]:
    """(code, (N, C) gradient by the scores) of losses that stand where cross-entropy belongs."""
    p, count = softmax(z), len(z)
    yield "step-softmax-twice", softmax_gradient(p, softmax(p) - labels) / count
    yield "step-scores-as-logarithms", -labels / count
    yield "step-squared-scores", 2 * (z - labels) / z.size
    yield "step-squared-probabilities", 2 * softmax_gradient(p, p - labels) / z.size


# ---------------------------------------------------------------------- the second step


def _diagnose_second(
    seen: Movements, first: Movements, second: Movements, tolerance: Tolerance
) -> Diagnosis | None:
    if _are_equal(seen, {k: second[k] + first[k] for k in second}, tolerance):
        return word("step-never-zeroed")
    return word("step-only-once") if _is_still(seen) else None
