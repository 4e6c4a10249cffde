"""What a wrong training step did instead, concluded from the weights it left. Pure.

One step of gradient descent moves each weight by −rate · gradient. So the differences between the
weights before and after it are the gradients that were really used, and a slip shows in them: a
factor, a sum with the gradient of the step before, or another loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader.records.measurements import Array, NamedArrays, Outputs, Steps

TOLERANCE = {"float64": 1e-6, "float32": 1e-2}
"""Of a movement, as a share of the greatest one of its array."""
WORTH = 0.5
"""Share of the points where one slip explains every number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What was done instead, what to do, and which share of the points is left."""

    sentence: str
    fix: str
    worth: float


def slip(
    student: Steps, reference: Steps, scores: Outputs | None, classes: Array | None
) -> Slip | None:
    """The one slip that explains the student's weights after two steps; None where none is known.

    `scores` (N, C) are those of the reference before the first step, for the batch whose `classes`
    (N,) are; without them another loss is not recognised.
    """
    start = {n.key: n.values for n in reference.before}
    first, second = reference.runs[0]
    limit = TOLERANCE[student.precision]
    for own_first, own_second in student.runs:
        one, ours_one = _moved(start, own_first), _moved(start, first)
        if one is None or ours_one is None or set(one) != set(ours_one):
            continue
        if not _equal(one, ours_one, limit):
            return _in_the_first(one, ours_one, scores, classes, limit)
        two = _moved({n.key: n.values for n in own_first}, own_second)
        ours_two = _moved({n.key: n.values for n in first}, second)
        if two is not None and ours_two is not None and set(two) == set(ours_two):
            return _in_the_second(two, ours_one, ours_two, limit)
    return None


Moved = dict[str, Array]


def _moved(before: dict[str, Array | None], after: NamedArrays) -> Moved | None:
    """What each weight moved by; None where one is unknown or only a sample of it was sent."""
    moved = {}
    for named in after:
        start = before.get(named.key)
        if start is None or named.values is None or named.sampled:
            return None
        if start.shape != named.values.shape:
            return None
        moved[named.key] = np.asarray(named.values, np.float64) - np.asarray(start, np.float64)
    return moved or None


def _alike(seen: Array, expected: Array, limit: float) -> bool:
    size = float(np.max(np.abs(expected), initial=0.0))
    return bool(np.max(np.abs(seen - expected), initial=0.0) <= limit * size)


def _equal(seen: Moved, expected: Moved, limit: float) -> bool:
    return all(_alike(seen[k], expected[k], limit) for k in expected)


def _in_the_first(
    seen: Moved, expected: Moved, scores: Outputs | None, classes: Array | None, limit: float
) -> Slip | None:
    if not any(np.any(v) for v in seen.values()):
        return Slip(
            sentence="Your function leaves the weights as they are.",
            fix="After zero_grad() come, in this order, loss.backward() and optimizer.step().",
            worth=0.0,
        )
    last = next((k for k in reversed(expected) if k.endswith("/bias")), "")
    if scores is not None and classes is not None and last:
        batch = len(classes)
        for loss in _losses(scores.runs[0], classes, seen[last], expected[last], limit):
            return loss
    else:
        batch = 0
    factor = _factor(seen, expected)
    if not _equal(seen, {k: factor * v for k, v in expected.items()}, limit):
        return None
    return _scaled(factor, batch)


def _factor(seen: Moved, expected: Moved) -> float:
    """By which the movements differ, as least squares would have it."""
    across = sum(float(np.vdot(seen[k], v)) for k, v in expected.items())
    return across / (sum(float(np.vdot(v, v)) for v in expected.values()) or 1.0)


def _scaled(factor: float, batch: int) -> Slip:
    if factor < 0:
        return Slip(
            sentence="Your function moves the weights along the gradient, which raises the loss.",
            fix="Differentiate the loss itself, not minus the loss.",
            worth=0.0,
        )
    if batch > 1 and abs(factor - batch) < 1e-3 * batch:
        return Slip(
            sentence=f"The first step is {batch} times as long as ours: your loss is the sum over "
            f"the batch of {batch}, not the mean.",
            fix="Leave reduction at 'mean', which cross_entropy has by default.",
            worth=WORTH,
        )
    doubled = abs(factor - 2) < 1e-3
    return Slip(
        sentence=f"The first step goes in the right direction, but is {factor:.4g} times as long "
        "as ours.",
        fix="Call backward() and step() once for each batch."
        if doubled
        else "Leave the loss and its gradients unscaled: the optimizer has the learning rate.",
        worth=WORTH,
    )


def _losses(
    scores: Array, classes: Array, seen: Array, expected: Array, limit: float
) -> Iterator[Slip]:
    """Other losses, told by the last bias: it moves against the sum of the scores' gradients."""
    z, count = np.asarray(scores, np.float64), len(classes)
    onehot = np.eye(z.shape[1])[np.asarray(classes)]
    p = _softmax(z)
    right = (p - onehot).sum(axis=0) / count
    rate = -float(expected @ right) / float(right @ right)
    if not _alike(-rate * right, expected, limit):
        return  # the scores do not explain the right step, so they prove nothing
    twice = _softmax(p) - onehot
    gradients: Sequence[tuple[Array, str, str]] = (
        (
            p * (twice - (twice * p).sum(axis=1, keepdims=True)) / count,
            "Your function applies softmax before the cross-entropy, which applies it itself.",
            "Give cross_entropy the scores as the network returns them.",
        ),
        (
            -onehot / count,
            "Your function takes the scores for log-probabilities: nll_loss needs log_softmax "
            "before it.",
            "Use cross_entropy, which holds both.",
        ),
        (
            2 * (z - onehot) / z.size,
            "Your function uses the squared error between scores and one-hot labels.",
            "Use the cross-entropy.",
        ),
        (
            2 * p * ((p - onehot) - ((p - onehot) * p).sum(axis=1, keepdims=True)) / z.size,
            "Your function uses the squared error between probabilities and one-hot labels.",
            "Use the cross-entropy.",
        ),
    )
    for gradient, sentence, fix in gradients:
        if _alike(seen, -rate * gradient.sum(axis=0), limit):
            yield Slip(sentence=sentence, fix=fix, worth=WORTH)


def _softmax(rows: Array) -> Array:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _in_the_second(seen: Moved, first: Moved, second: Moved, limit: float) -> Slip | None:
    if _equal(seen, {k: second[k] + first[k] for k in second}, limit):
        return Slip(
            sentence="The first step is right; the second moves the weights by its own gradient "
            "and once more by that of the first, which was still there.",
            fix="Call optimizer.zero_grad() in every step, before loss.backward().",
            worth=WORTH,
        )
    if not any(np.any(v) for v in seen.values()):
        return Slip(
            sentence="The first step is right, the second leaves the weights as they are.",
            fix="Look for what holds only once: a flag, a counter, an optimizer kept apart.",
            worth=WORTH,
        )
    return None
