"""Accuracy of a trained network beside the reference's own, counted outside the sandbox. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.data import Secret
from grader.measurement import Array, Logits, Trained
from grader.records import Json, Verdict

CURVE = 200
"""Points of a loss curve that a record keeps."""


def accuracy(
    student: Logits,
    reference: Logits,
    labels: Secret[Array],
    *,
    full: float,
    zero: float,
    unproven: float = 0.5,
) -> Verdict:
    """Share of pictures that are classified rightly, beside the reference's own share.

    `full` and `zero` are differences to the reference's accuracy at which all and none of the
    points
    are given, with a straight line between. Counted is what the student's weights answer in the
    reference's network, recomputed outside, which cannot be forged. What the student's own network
    answers earns at most the share `unproven`: it counts where the weights do not fit ours.
    """
    truth = np.asarray(labels.reveal())
    score = _Score(
        own=_share(student.own, truth),
        proven=None if student.proven is None else _share(student.proven, truth),
        target=_share(reference.own, truth),
        images=len(truth),
        why_not=student.why_not,
        unproven=unproven,
    )
    by_own = unproven * between(score.own - score.target, full, zero)
    by_proof = 0.0 if score.proven is None else between(score.proven - score.target, full, zero)
    counted = student.own if student.proven is None or by_own > by_proof else student.proven
    evidence: dict[str, Json] = {
        "student": _share(counted, truth),
        "reference": score.target,
        "full": score.target + full,
        "zero": score.target + zero,
        "images": score.images,
        **_by_class(counted, truth),
    }
    return Verdict(
        fraction=max(by_own, by_proof),
        feedback=score.sentence(),
        hint=score.hint(full) if max(by_own, by_proof) < 1 else "",
        evidence={"accuracy": evidence, **curve(student)},
        standing="proof" if counted is student.proven else "evidence",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Score:
    """The shares, and how they are said."""

    own: float
    proven: float | None
    target: float
    images: int
    why_not: str
    unproven: float

    @property
    def differs(self) -> bool:
        """True where the student's own network answers otherwise than the brief's with its
        weights.
        """
        return self.proven is not None and abs(self.own - self.proven) > 1.5 / max(1, self.images)

    def sentence(self) -> str:
        """What was counted, beside ours."""
        ours = f"of {self.images:,} test images are read rightly; ours reads {self.target:.2%}"
        most = f"which earns at most {self.unproven:.0%} of the points"
        if self.proven is None:
            because = f": {self.why_not}" if self.why_not else ""
            return (
                f"{self.own:.2%} {ours}. Your weights could not be tried in the network of "
                f"the brief"
                f"{because}. So your own network was counted, {most}."
            )
        if self.differs:
            return (
                f"With your weights in the network of the brief {self.proven:.2%} {ours}. Your own "
                f"network computes something else; it reads {self.own:.2%}, {most}."
            )
        return f"{self.proven:.2%} {ours}."

    def hint(self, full: float) -> str:
        """What to do next."""
        if self.proven is None or self.differs:
            return (
                "Make the earlier checks pass first, then train that network and save its weights."
            )
        return f"Train longer: full points start at {self.target + full:.2%}."


def curve(student: Logits) -> dict[str, Json]:
    """The losses of a training under a budget, thinned to what a picture can show."""
    if not isinstance(student, Trained) or not student.losses.size:
        return {}
    steps = np.unique(np.linspace(0, student.losses.size - 1, CURVE).astype(int))
    losses: list[Json] = [float(v) for v in student.losses[steps]]
    return {
        "curve": {
            "steps": [int(s) + 1 for s in steps],
            "losses": losses,
            "of": int(student.losses.size),
            "spent": student.spent,
        }
    }


def _share(answers: Array, truth: Array) -> float:
    if answers.shape[0] != truth.shape[0]:
        return 0.0
    return float(np.mean(_guesses(answers) == truth))


def _guesses(answers: Array) -> Array:
    guessed: Array = np.argmax(np.nan_to_num(answers, nan=-np.inf), axis=1)
    return guessed


def between(difference: float, full: float, zero: float) -> float:
    """1 from `full` on, 0 from `zero` on, a straight line between; either may be the greater."""
    if full == zero:
        return 1.0 if difference >= full else 0.0
    share = (difference - zero) / (full - zero)
    return 1.0 if share > 1 - 1e-9 else max(0.0, share)  # 0.988 - 0.998 is not quite -0.01


def _by_class(answers: Array, truth: Array) -> dict[str, Json]:
    """Accuracy of each class, and the confusion matrix: rows are the truth."""
    if answers.shape[0] != truth.shape[0] or not truth.size:
        return {}
    classes = int(truth.max()) + 1
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (truth, np.minimum(_guesses(answers), classes - 1)), 1)
    return {
        "per_class": list(shares_of_classes(answers, truth)),
        "confusion": [[int(v) for v in row] for row in matrix],
    }


def shares_of_classes(answers: Array, truth: Array) -> list[float]:
    """Which share of each class's pictures is recognised; nothing where the numbers differ."""
    if answers.shape[0] != truth.shape[0] or not truth.size:
        return []
    total = np.bincount(truth)
    right = np.bincount(truth[_guesses(answers) == truth], minlength=total.size)
    return [float(v) for v in right / np.maximum(total, 1)]
