"""How well a network of the student's own reads pictures, within a budget. Pure.

Nothing can be recomputed here, for there is no network of the brief. What protects the figure is
what the network is shown: pictures in a secret order, altered by a secret draw, without labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.compare.parameters import list_rows
from grader.compare.predictions import (
    grade_between,
    is_guessing,
    measure_accuracy,
    split_by_class,
)
from grader.data.secret import Secret
from grader.records.json_values import Json
from grader.records.measurements import Array, Logits, Parameter, Parameters
from grader.records.messages import Message
from grader.records.result import Verdict

BY_HEART = 0.15
"""By so much more of the training pictures are read by a network that has learned them by heart."""
UNTRAINED_FOR = 0.05
"""By so much more of the test pictures no network reads that was trained on the others."""
CLEARLY = 0.2
"""By so much more a network reads of pictures that are normalised, where it needs them so."""
ERRORS = 4.0
"""And by so many standard errors, where the pictures are few."""
LARGEST = 4
"""Parameters that a sentence names."""


def own_accuracy(
    student: Logits,
    reference: Logits,
    labels: Secret[Array],
    *,
    full: float,
    zero: float,
    training: tuple[Logits, Secret[Array]] | None = None,
    normalised: tuple[Logits, Secret[Array]] | None = None,
    parameters: Parameters | None = None,
    called: str = "test pictures",
) -> Verdict:
    """Share of pictures that the student's own network classifies rightly.

    From the accuracy `full` on all points are given, up to `zero` none, with a straight line
    between. `training` are the answers to training pictures, altered in the same way, and their
    labels: a network that reads those much better has learned them by heart and is told so; one
    that reads them clearly worse knows the others from elsewhere, so what it reads of these counts,
    and it is given to a person. `normalised` are the answers to pictures that were normalised: who
    reads those much better forgot to normalise the others. `parameters` go to the leaderboard.
    """
    truth = np.asarray(labels.reveal())
    share, ours = (measure_accuracy(side.own, truth) for side in (student, reference))
    seen = _Seen.measure(training, share, len(truth)) if training else None
    counted = seen.share if seen and seen.odd else share
    fraction = grade_between(counted, full, zero)
    read = {"share": share, "n": len(truth), "called": called, "ours": ours}
    order = _name_order(student.own, truth, share) or _name_scale(normalised, share)
    points = Message("own-points", {"zero": zero, "full": full}) if fraction < 1 else None
    said = [Message("own-accuracy", read), points, order, seen.message if seen else None]
    guesses = is_guessing(student.own, truth)
    board: dict[str, Json] = {"accuracy": counted}
    if parameters is not None:
        board["parameters"] = parameters.total
    return Verdict.say(
        *(m for m in said if m),
        fraction=fraction,
        hint=(order.hint() if order else "") or _advise(fraction, seen),
        cause=order or _name_cause(seen, guesses=guesses, lost=fraction < 1),
        evidence={
            "accuracy": {
                "student": share,
                "reference": ours,
                "full": full,
                "zero": zero,
                "images": len(truth),
                **split_by_class(student.own, truth),
            },
            "leaderboard": board,
        },
        needs_review=bool(seen and seen.odd),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a network makes of the pictures that it could be trained on."""

    share: float
    """Of them that it reads rightly."""
    ahead: float
    """By how much that is more than of the test pictures."""
    error: float
    """Standard error of that difference."""
    images: int

    @classmethod
    def measure(cls, training: tuple[Logits, Secret[Array]], other: float, images: int) -> _Seen:
        """Beside the share `other` of so many test pictures."""
        truth = np.asarray(training[1].reveal())
        share = measure_accuracy(training[0].own, truth)
        spread = share * (1 - share) / max(1, len(truth)) + other * (1 - other) / max(1, images)
        return cls(share=share, ahead=share - other, error=math.sqrt(spread), images=len(truth))

    @property
    def odd(self) -> bool:
        """True where no training on these pictures explains the others' share."""
        return -self.ahead > max(UNTRAINED_FOR, ERRORS * self.error)

    @property
    def by_heart(self) -> bool:
        """True where it knows these pictures, and not what they show."""
        return self.ahead > max(BY_HEART, ERRORS * self.error)

    @property
    def message(self) -> Message:
        """Their share, and what follows from it."""
        kind = "-odd" if self.odd else "-by-heart" if self.by_heart else ""
        return Message(f"own-training{kind}", {"n": self.images, "share": self.share})


def _name_cause(seen: _Seen | None, *, guesses: bool, lost: bool) -> Message | None:
    """What is to blame for a share that is too small; None where nothing special is."""
    if seen and (seen.odd or seen.by_heart):
        return seen.message
    if lost and guesses:
        return Message("accuracy-guessing")
    return Message("accuracy-below") if lost else None


def _name_order(answers: Array | None, truth: Array, share: float) -> Message | None:
    """Where scores are the wrong way round, or belong to classes in another order."""
    if answers is None or len(answers) != len(truth):
        return None
    classes = int(truth.max(initial=0)) + 1
    if answers.shape[1] < classes:
        return Message("own-classes", {"seen": answers.shape[1], "expected": classes})
    turned = measure_accuracy(-answers, truth)
    if turned > max(0.5, 2 * share):
        return Message("own-turned", {"share": turned})
    renamed = _measure_renamed(answers, truth, classes)
    if renamed > max(0.5, 2 * share):
        return Message("own-renamed", {"share": renamed})
    return None


def _name_scale(normalised: tuple[Logits, Secret[Array]] | None, share: float) -> Message | None:
    """Where numbers are expected that were normalised, and those from 0 to 1 are given."""
    if normalised is None:
        return None
    better = measure_accuracy(normalised[0].own, np.asarray(normalised[1].reveal()))
    clear = better > max(0.5, share + CLEARLY)
    return Message("own-normalisation", {"share": better}) if clear else None


def _measure_renamed(answers: Array, truth: Array, classes: int) -> float:
    """Share of right answers where each answer is taken for the class that it meets most often."""
    guesses = np.argmax(np.nan_to_num(answers, nan=-np.inf), axis=1)
    met = np.zeros((answers.shape[1], classes), dtype=np.int64)
    np.add.at(met, (guesses, truth), 1)
    return float(met.max(axis=1).sum() / max(1, len(truth)))


def _advise(fraction: float, seen: _Seen | None) -> str:
    if seen and (seen.odd or seen.by_heart):
        return seen.message.hint()
    return Message("own-points").hint() if fraction < 1 else ""


def within(student: Parameters, *, most: int) -> Verdict:
    """The network holds some numbers to train, and no more in all than it may: parameters, buffers
    and all other tensors that it holds or computes with.
    """
    rows = student.rows
    held = sum(row.count for row in rows)
    if not student.total:
        return Verdict.say(Message("parameters-none"), trust="claim")
    evidence: dict[str, Json] = {
        "parameters": {
            "rows": list_rows(student),
            "total": student.total,
        }
    }
    facts = {"seen": held, "most": most}
    if held <= most:
        right = Message("parameters-within", facts)
        return Verdict.say(right, fraction=1.0, evidence=evidence, trust="claim")
    largest = sorted(rows, key=lambda row: -row.count)[:LARGEST]
    named: Sequence[str] = [f"{_name_row(row)} {row.count:,}" for row in largest]
    more = Message("parameters-too-many", {**facts, "names": ", ".join(named)})
    return Verdict.say(more, evidence=evidence, trust="claim")


def _name_row(row: Parameter) -> str:
    return f"`{row.name}`" if row.name else f"a tensor of shape {row.shape} outside of the network"
