"""Accuracy of a trained network beside the reference's own, counted outside the sandbox. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from grader.data.secret import Secret
from grader.records.json_values import Json
from grader.records.measurements import Array, Logits, Trained
from grader.records.result import Verdict

CURVE = 200
"""Points of a loss curve that a record keeps."""
SAID = 6
"""Epochs whose accuracy stands in the sentence; the table has all."""


def accuracy(
    student: Logits,
    reference: Logits,
    labels: Secret[Array],
    *,
    full: float,
    zero: float,
    unproven: float = 0.5,
    called: str = "test images",
) -> Verdict:
    """Share of pictures that are classified rightly, beside the reference's own share.

    `full` and `zero` are differences to the reference's accuracy at which all and none of the
    points
    are given, with a straight line between. Counted is what the student's weights answer in the
    reference's network, recomputed outside, which cannot be forged. What the student's own network
    answers earns at most the share `unproven`: it counts where the weights do not fit ours.
    `called` names the pictures in the sentence that students read.
    """
    truth = np.asarray(labels.reveal())
    score = _Score(
        own=_share(student.own, truth),
        proven=None if student.proven is None else _share(student.proven, truth),
        target=_share(reference.own, truth),
        images=len(truth),
        why_not=student.why_not,
        unproven=unproven,
        called=called,
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
    epochs = _epochs(student, reference, truth)
    return Verdict(
        fraction=max(by_own, by_proof),
        feedback=f"{score.sentence()} {_course(epochs)}".strip(),
        hint=score.hint(full) if max(by_own, by_proof) < 1 else "",
        evidence={"accuracy": evidence, **curve(student), **_table(epochs)},
        trust="proof" if counted is student.proven else "evidence",
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
    called: str

    @property
    def differs(self) -> bool:
        """True where the student's own network answers otherwise than the brief's with its
        weights.
        """
        return self.proven is not None and abs(self.own - self.proven) > 1.5 / max(1, self.images)

    def sentence(self) -> str:
        """What was counted, beside ours."""
        ours = f"of {self.images:,} {self.called} are read rightly; ours reads {self.target:.2%}"
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


def _epochs(
    student: Logits, reference: Logits, truth: Array
) -> list[tuple[float | None, float | None]]:
    """The student's accuracy and ours after each epoch; None where one side had no such epoch."""
    sides = []
    for side in (student, reference):
        guesses = side.epochs if isinstance(side, Trained) else None
        fits = guesses is not None and guesses.shape[1:] == truth.shape
        sides.append([float(np.mean(g == truth)) for g in guesses] if fits else [])  # type: ignore[union-attr]
    return [(own, ours) for own, ours in zip_longest(*sides)] if sides[0] else []


def _course(epochs: list[tuple[float | None, float | None]]) -> str:
    """The first epochs in a sentence."""
    own = [f"{a:.1%}" for a, _ in epochs if a is not None]
    more = " …" if len(own) > SAID else "."
    return f"After each epoch: {', '.join(own[:SAID])}{more}" if own else ""


def _table(epochs: list[tuple[float | None, float | None]]) -> dict[str, Json]:
    rows: list[Json] = [
        [n, *("–" if share is None else f"{share:.1%}" for share in pair)]
        for n, pair in enumerate(epochs, 1)
    ]
    return {"table": {"columns": ["epoch", "yours", "ours"], "rows": rows}} if rows else {}


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
