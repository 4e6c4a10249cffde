"""What a training function achieved under its budget, and whether any class was left behind. Pure.

Losses that student code reports are a claim. What counts is the cross-entropy that the trained
weights give in the reference's network, recomputed outside.
"""

from __future__ import annotations

import math

import numpy as np

from grader.compare.predictions import (
    count_proof,
    curve,
    grade_between,
    measure_classes,
)
from grader.data.secret import Secret
from grader.diagnosis.numerics import cross_entropy
from grader.records.json_values import Json
from grader.records.measurements import Array, Logits, Trained
from grader.records.messages import Message
from grader.records.result import Verdict

DIVERGED = 1.1
"""A loss of more than so many times that of guessing is that of a training that diverges."""
STEADY = 0.05
"""Losses that change by no more than this share of the first ones neither fell nor grew."""
LEARNT = 0.97
"""A loss of more than this share of that of guessing shows that nothing was learnt."""


def training_loss(
    student: Trained, labels: Secret[Array], *, full: float, zero: float, unproven: float = 0.5
) -> Verdict:
    """The network learnt the pictures it was trained on, and the losses that were reported fall.

    `full` and `zero` are the mean cross-entropies at which all and none of the points are given,
    with a straight line between. Where the reported losses do not fall, half of that is left.
    """
    truth = np.asarray(labels.reveal())
    own, proven = _measure_loss(student.own, truth), _measure_loss(student.proven, truth)
    counted = count_proof(
        0.0 if own is None else grade_between(own, full, zero),
        None if proven is None else grade_between(proven, full, zero),
        unproven,
    )
    is_proven = counted.proven or own is None  # where there is no number, no network was counted
    loss = proven if counted.proven else own
    curve_message, falls = _describe_curve(student.losses)
    lost = counted.fraction < 1 or not falls
    guess = math.log(student.own.shape[1])
    facts = {
        "n": len(truth),
        "loss": "no number" if loss is None else f"{loss:.2f}",
        "own": "" if is_proven else Message("training-own", {"most": unproven}).text(),
        "guess": guess,
        "full": full,
    }
    said = Message("training-loss", facts)
    cause = _name_loss(loss, guess, falls=falls, taught=counted.fraction >= 1)
    return Verdict.say(
        said,
        curve_message,
        *([Message("training-stopped")] if student.spent else []),
        fraction=counted.fraction * (1.0 if falls else 0.5),
        hint=Message(_choose_advice(cause, student.losses), facts).hint() if lost else "",
        evidence=curve(student),
        trust="proof" if is_proven else "evidence",
        cause=Message(cause, facts) if lost else None,
    )


def _name_loss(loss: float | None, guess: float, *, falls: bool, taught: bool) -> str:
    """The code of what is wrong with a training that loses points."""
    if taught:
        return "training-no-curve"
    if loss is None or loss > DIVERGED * guess:
        return "training-diverges"
    if falls and loss > LEARNT * guess:
        return "training-another-network"
    return "training-learns-little"


def _choose_advice(cause: str, losses: Array) -> str:
    """The code of what to do next: a larger learning rate helps only where the losses neither fell
    nor grew.
    """
    if cause != "training-learns-little" or losses.size < 2:
        return cause
    first, last = _find_ends(losses)
    if not math.isfinite(first + last) or last > first * (1 + STEADY):
        return "training-diverges"
    return cause if last < first * (1 - STEADY) else "training-flat"


def _measure_loss(answers: Array | None, truth: Array) -> float | None:
    """The mean cross-entropy; None where there are no answers, or other than numbers.

    Raises ValueError where only the order of the scores is known.
    """
    if answers is None or len(answers) != len(truth) or answers.shape[1] <= int(truth.max()):
        return None
    if answers.dtype == np.int8:
        raise ValueError(
            "a loss takes the scores themselves, which are kept of at most 10,000: give the "
            "pictures a `limit`"
        )
    with np.errstate(all="ignore"):
        loss = cross_entropy(answers, truth)
    return loss if math.isfinite(loss) else None


def _describe_curve(losses: Array) -> tuple[Message, bool]:
    """What the losses do, and whether they fall from the first tenth to the last."""
    if losses.size < 2:
        return Message("training-no-losses"), False
    if not np.isfinite(losses).all():
        return Message("training-odd-losses"), False
    first, last = _find_ends(losses)
    falls = last < first
    facts = {"n": losses.size, "first": first, "last": last}
    return Message(f"training-losses-{'fall' if falls else 'rise'}", facts), falls


def _find_ends(losses: Array) -> tuple[float, float]:
    """The mean of the first tenth, and of the last."""
    part = max(1, losses.size // 10)
    return float(losses[:part].mean()), float(losses[-part:].mean())


def every_class(
    student: Logits, labels: Secret[Array], *, least: float, unproven: float = 0.5
) -> Verdict:
    """In each class at least the share `least` of the test pictures is recognised.

    Each class earns an equal part. As for `accuracy`, the weights count in the reference's network;
    what the student's own network answers earns at most the share `unproven`.
    """
    truth = np.asarray(labels.reveal())
    own = measure_classes(student.own, truth)
    proven = measure_classes(student.proven, truth)
    counted = count_proof(
        _count_enough(own, least), _count_enough(proven, least) if proven else None, unproven
    )
    shares = proven if counted.proven else own
    weak = [f"{k} ({share:.0%})" for k, share in enumerate(shares) if share < least]
    own_text = f". Your own network was counted, which earns at most {unproven:.0%}"
    facts = {
        "least": min(shares, default=0.0),
        "weak": f". Below {least:.0%} are: {', '.join(weak)}",
        "own": "" if counted.proven else own_text,
    }
    rows: list[Json] = [[str(k), f"{share:.1%}"] for k, share in enumerate(shares)]
    return Verdict.say(
        Message("accuracy-classes" if weak else "accuracy-every-class", facts),
        fraction=counted.fraction,
        evidence={"table": {"columns": ["class", "recognised"], "rows": rows}},
        trust="proof" if counted.proven else "evidence",
    )


def _count_enough(shares: list[float], least: float) -> float:
    """Share of the classes of which enough is recognised."""
    return sum(share >= least for share in shares) / len(shares) if shares else 0.0
