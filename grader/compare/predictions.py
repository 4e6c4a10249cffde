"""Accuracy of a trained network beside the reference's own, counted outside the sandbox. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

import numpy as np

from grader.compare.wrong_pictures import show_errors
from grader.data.secret import Secret
from grader.diagnosis.tolerance import Tolerance
from grader.records.json_values import Json
from grader.records.measurements import Array, Logits, Trained
from grader.records.messages import Message
from grader.records.result import Verdict

CURVE = 200
"""Points of a loss curve that a record keeps."""
Epochs = list[tuple[float | None, float | None]]
"""The student's accuracy and ours after each epoch; None where one side had no such epoch."""
SAID = 6
"""Epochs whose accuracy stands in the sentence; the table has all."""
LUCK = 4.0
"""Standard errors by which chance may exceed what guessing gets right."""
ROUNDED = Tolerance(rtol=1e-9, of="one")
"""Of a share of 1: 0.988 - 0.998 is not quite -0.01."""


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
    points are given, with a straight line between. Counted is what the student's weights answer in
    the reference's network, recomputed outside, which cannot be forged. What the student's own
    network answers earns at most the share `unproven`: it counts where the weights do not fit ours.
    `called` names the pictures in the sentence that students read.
    """
    truth = np.asarray(labels.reveal())
    score = _Score.measure(student, reference, truth, unproven=unproven, called=called)
    counted = score.grade(full, zero)
    answers = student.own if student.proven is None or not counted.proven else student.proven
    evidence = {**score.to_json(counted, full, zero), **split_by_class(answers, truth)}
    epochs = _pair_epochs(student, reference, truth)
    idle = _is_idle(answers, epochs)
    loss = score.name_loss(full, guesses=is_guessing(answers, truth), idle=idle)
    lost = counted.fraction < 1
    return Verdict.say(
        *score.messages(),
        *_describe_epochs(epochs),
        fraction=counted.fraction,
        hint=loss.hint() if lost else "",
        evidence={
            "accuracy": evidence,
            **_show_errors(answers, labels),
            **curve(student, reference),
            **_list_epochs(epochs),
        },
        cause=loss if lost else None,
        trust="proof" if counted.proven else "evidence",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a trained network earns."""

    fraction: float
    """Share of the points."""
    proven: bool
    """True where its weights in the reference's network count, False where its own network does."""


def count_proof(own: float, proven: float | None, unproven: float) -> Counted:
    """The better one: what was recomputed outside, or the share `unproven` of what was not.

    `own` and `proven` are shares of the points; `proven` is None where nothing was recomputed.
    """
    if proven is None or unproven * own > proven:
        return Counted(fraction=unproven * own, proven=False)
    return Counted(fraction=proven, proven=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Score:
    """The shares of pictures that are classified rightly, and how they are said."""

    own: float
    """By the student's own network."""
    silent: bool
    """True where that gave no answers at all."""
    proven: float | None
    """By the brief's network with the student's weights."""
    target: float
    """By the reference."""
    images: int
    why_not: str
    """Why nothing could be proven."""
    unproven: float
    """Most that the student's own network earns."""
    called: str
    """What the pictures are called."""

    @classmethod
    def measure(
        cls, student: Logits, reference: Logits, truth: Array, *, unproven: float, called: str
    ) -> Self:
        """The shares of these answers; `truth` (N,) are the right classes."""
        proven = None if student.proven is None else measure_accuracy(student.proven, truth)
        return cls(
            own=measure_accuracy(student.own, truth),
            silent=student.own is None,
            proven=proven,
            target=measure_accuracy(reference.own, truth),
            images=len(truth),
            why_not=student.why_not,
            unproven=unproven,
            called=called,
        )

    @property
    def differs(self) -> bool:
        """True where the student's own network answers otherwise than the brief's with its
        weights: by two pictures or more, as one may lie between two classes.
        """
        if self.proven is None:
            return False
        if self.silent:
            return True
        one_picture = Tolerance(rtol=1.5 / max(1, self.images), of="one")
        return not one_picture.allows(self.own, self.proven)

    def grade(self, full: float, zero: float) -> Counted:
        """What is earned where `full` and `zero` are differences to the reference."""
        proof = None
        if self.proven is not None:
            proof = grade_between(self.proven - self.target, full, zero)
        return count_proof(grade_between(self.own - self.target, full, zero), proof, self.unproven)

    def _grade_weights(self, full: float, zero: float) -> Json:
        """The accuracy of the student's weights in the brief's network, and the share of the points
        that it gives; None where they could not be tried there.
        """
        if self.proven is None:
            return None
        share = grade_between(self.proven - self.target, full, zero)
        return {"accuracy": self.proven, "fraction": share, "most": 1.0}

    def _grade_network(self, full: float, zero: float) -> Json:
        """The same of the student's own network, which earns at most a part; None where it gave no
        answers.
        """
        if self.silent:
            return None
        share = grade_between(self.own - self.target, full, zero)
        return {"accuracy": self.own, "fraction": self.unproven * share, "most": self.unproven}

    def to_json(self, counted: Counted, full: float, zero: float) -> dict[str, Json]:
        """For the report: `student` is the accuracy that was scored, `scored` says which it is."""
        return {
            "student": self.proven if counted.proven else self.own,
            "scored": "weights" if counted.proven else "network",
            "weights": self._grade_weights(full, zero),
            "own": self._grade_network(full, zero),
            "reference": self.target,
            "full": self.target + full,
            "zero": self.target + zero,
            "images": self.images,
        }

    def messages(self) -> tuple[Message, ...]:
        """What was counted, beside ours."""
        facts = {"n": self.images, "called": self.called, "ours": self.target}
        facts |= {"own": self.own, "proven": self.proven, "most": self.unproven}
        if self.proven is None:
            because = f": {self.why_not}" if self.why_not else ""
            return (
                Message("accuracy-own", facts),
                Message("accuracy-not-tried", {**facts, "because": because}),
            )
        if self.silent:
            return (Message("accuracy-silent", {**facts, "why": self.why_not.rstrip(".")}),)
        return (Message("accuracy-other" if self.differs else "accuracy-proven", facts),)

    def name_loss(self, full: float, *, guesses: bool, idle: bool) -> Message:
        """Why points are lost, with what to do next."""
        facts = {"full": self.target + full}
        if self.proven is None or self.differs:
            return Message("accuracy-unproven", facts)
        found = "below" if not guesses else "unchanged" if idle else "guessing"
        return Message(f"accuracy-{found}", facts)


def _show_errors(answers: Array | None, labels: Secret[Array]) -> dict[str, Json]:
    if answers is None or answers.shape[0] != len(labels.reveal()):
        return {}
    return show_errors(_guess(answers), answers, labels)


def curve(student: Logits, reference: Logits | None = None) -> dict[str, Json]:
    """The losses of a training under a budget, thinned to what a picture can show; beside them
    those of the reference, where it reports some.
    """
    if not isinstance(student, Trained) or not student.losses.size:
        return {}
    steps = _thin(student.losses)
    ours = reference.losses if isinstance(reference, Trained) else student.losses[:0]
    beside: list[Json] = [float(f"{v:.4g}") for v in ours[_thin(ours)]]
    return {
        "curve": {
            "steps": [int(s) + 1 for s in steps],
            "losses": [float(f"{v:.6g}") for v in student.losses[steps]],
            "of": int(student.losses.size),
            "spent": student.spent,
            **({"ours": beside, "of_ours": int(ours.size)} if beside else {}),
        }
    }


def _thin(losses: Array) -> Array:
    """The places of at most CURVE losses, the first and the last among them."""
    return np.unique(np.linspace(0, max(0, losses.size - 1), min(CURVE, losses.size)).astype(int))


# ---------------------------------------------------------------------- epochs


def _pair_epochs(student: Logits, reference: Logits, truth: Array) -> Epochs:
    own, ours = (_measure_epochs(side, truth) for side in (student, reference))
    return list(zip_longest(own, ours)) if own else []


def _measure_epochs(side: Logits, truth: Array) -> list[float]:
    """Its accuracy after each epoch; nothing where that was not asked for."""
    guesses = side.epochs if isinstance(side, Trained) else None
    if guesses is None or guesses.shape[1:] != truth.shape:
        return []
    return [float(np.mean(g == truth)) for g in guesses]


def _is_idle(answers: Array | None, epochs: Epochs) -> bool:
    """True where several epochs left the same accuracy, to a network that does not give one class
    for all pictures, as one does that diverged.
    """
    own = [share for share, _ in epochs if share is not None]
    if answers is None or len(own) < 2 or len(set(own)) > 1:
        return False
    return len(np.unique(_guess(answers))) > 1


def _describe_epochs(epochs: Epochs) -> tuple[Message, ...]:
    """The first epochs in a sentence, where there are any."""
    own = [f"{a:.1%}" for a, _ in epochs if a is not None]
    shares = ", ".join(own[:SAID]) + (" …" if len(own) > SAID else ".")
    return (Message("accuracy-epochs", {"shares": shares}),) if own else ()


def _list_epochs(epochs: Epochs) -> dict[str, Json]:
    """A table of all, for the report."""
    rows: list[Json] = [
        [n, *("–" if share is None else f"{share:.1%}" for share in pair)]
        for n, pair in enumerate(epochs, 1)
    ]
    return {"table": {"columns": ["epoch", "yours", "ours"], "rows": rows}} if rows else {}


# ---------------------------------------------------------------------- shares


def measure_accuracy(answers: Array | None, truth: Array) -> float:
    """Share of pictures that are classified rightly; 0 where there are other numbers of answers."""
    if answers is None or answers.shape[0] != truth.shape[0]:
        return 0.0
    return float(np.mean(_guess(answers) == truth))


def is_guessing(answers: Array | None, truth: Array) -> bool:
    """True where no more is right than whoever guesses may get right by chance."""
    if answers is None or not truth.size:
        return False
    chance = 1 / (int(truth.max()) + 1)
    error = math.sqrt(chance * (1 - chance) / len(truth))
    return measure_accuracy(answers, truth) <= chance + LUCK * error


def _guess(answers: Array) -> Array:
    """(N,) the class with the greatest score."""
    guessed: Array = np.argmax(np.nan_to_num(answers, nan=-np.inf), axis=1)
    return guessed


def grade_between(difference: float, full: float, zero: float) -> float:
    """1 from `full` on, 0 from `zero` on, a straight line between; either may be the greater."""
    if full == zero:
        return 1.0 if difference >= full else 0.0
    share = (difference - zero) / (full - zero)
    return 1.0 if share > 1.0 or ROUNDED.allows(share, 1.0) else max(0.0, share)


def split_by_class(answers: Array | None, truth: Array) -> dict[str, Json]:
    """Accuracy of each class, and the confusion matrix: rows are the truth."""
    if answers is None or answers.shape[0] != truth.shape[0] or not truth.size:
        return {}
    classes = int(truth.max()) + 1
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (truth, np.minimum(_guess(answers), classes - 1)), 1)
    return {
        "per_class": list(measure_classes(answers, truth)),
        "confusion": [[int(v) for v in row] for row in matrix],
    }


def measure_classes(answers: Array | None, truth: Array) -> list[float]:
    """Which share of each class's pictures is recognised; nothing where the numbers differ."""
    if answers is None or answers.shape[0] != truth.shape[0] or not truth.size:
        return []
    total = np.bincount(truth)
    right = np.bincount(truth[_guess(answers) == truth], minlength=total.size)
    return [float(v) for v in right / np.maximum(total, 1)]
