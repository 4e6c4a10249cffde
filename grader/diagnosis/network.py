"""What the answers, gradients and dropouts of a network show of how it is written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from grader.diagnosis.numerics import find_classes, fit_factor, is_informative, normalise, softmax
from grader.diagnosis.records import Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.diagnosis.wording import word
from grader.records.measurements import Array, Dropouts

ONE = Tolerance(rtol=1e-5, of="one")
"""Of the sum of a row of probabilities, which may be float32."""
LEAST = 1e-300
"""A probability of 0 counts as this, so that it has a logarithm."""


def diagnose_answers(answers: Array, expected: Array, tolerance: Tolerance) -> Diagnosis | None:
    """What wrong answers are; None where they show nothing.

    `answers` are scores as the network gives them, `expected` the right log-probabilities.
    """
    if _are_probabilities(answers):
        logs = normalise(np.log(np.maximum(answers, LEAST)))
        right = tolerance.allows(logs, expected)
        return word("network-softmax-at-end" if right else "network-probabilities")
    return word("network-half-precision") if answers.dtype.itemsize <= 2 else None


def _are_probabilities(answers: Array) -> bool:
    """True where every row is a probability distribution."""
    axis = find_classes(answers.ndim)
    if axis < 1 or answers.shape[axis] < 2:
        return False
    sums = answers.sum(axis=axis)
    return bool(answers.size and np.all(answers >= 0) and ONE.allows(sums, np.ones_like(sums)))


ENDS: Mapping[str, Callable[[Array], Array]] = {
    "network-sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
    "network-tanh": np.tanh,
    "network-relu": lambda z: np.maximum(z, 0.0),
    "network-softmax": lambda z: softmax(z) if z.ndim == 2 else z,
}
"""Code → what a network may apply at its end."""


def diagnose_end(answers: Array, expected: Array, tolerance: Tolerance) -> Diagnosis | None:
    """What was done to numbers that would be right: an activation at the end that is missing or
    too much, an order of dimensions, a factor, a shift. None where nothing explains all of them.
    """
    if not (is_informative(expected) and np.isfinite(answers).all()):
        return None
    with np.errstate(all="ignore"):
        for code, end in ENDS.items():
            if tolerance.allows(end(answers), expected):
                return word(f"{code}-missing")
            if tolerance.allows(answers, end(expected)):
                return word(f"{code}-added")
    if answers.ndim > 1 and tolerance.allows(np.flip(answers, 1), expected):
        return word("network-order-turned")
    factor, shift = fit_factor(answers, expected), float(np.mean(answers - expected))
    if factor and tolerance.allows(answers / factor, expected):
        return word("network-scaled", {"factor": f"{factor:.6g}"})
    if tolerance.allows(answers - shift, expected):
        return word("network-shifted", {"shift": f"{shift:+.6g}"})
    return None


def diagnose_dropouts(seen: Dropouts, expected: Dropouts) -> Diagnosis | None:
    """Which dropout is too much, too little or of another share; None where none is.

    Places are counted from the input or from the output, whichever fits better: one layer too many
    somewhere moves no dropout.
    """
    moved = min((_list_moved(seen, expected, from_end=end) for end in (False, True)), key=len)
    if not moved:
        return None
    place, drops, right = moved[0]
    name = seen.layers[place - 1] if 0 < place <= len(seen.layers) else ""
    where = f"after {f'`{name}`' if name else f'layer {place}'}" if place > 0 else "of the input"
    facts = {"where": where, "drops": _format_share(drops), "expected": _format_share(right)}
    kind = "added" if not right else "other" if drops else "missing"
    return word(f"network-dropout-{kind}", facts)


def _format_share(share: float) -> str:
    return f"{share:.0%}" if share else "nothing"


def _list_moved(
    seen: Dropouts, expected: Dropouts, *, from_end: bool
) -> list[tuple[int, float, float]]:
    """(Layers of `seen` before it, share seen, share expected) wherever the shares differ."""
    last, other_last = (len(d.layers) if from_end else 0 for d in (seen, expected))
    own = {place - last: share for place, share in seen.places}
    other = {place - other_last: share for place, share in expected.places}
    pairs = ((k + last, own.get(k, 0.0), other.get(k, 0.0)) for k in sorted(own | other))
    return [(place, drops, right) for place, drops, right in pairs if drops != right]
