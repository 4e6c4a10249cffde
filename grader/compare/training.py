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
from grader.records.result import Verdict


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
    shown = "no number" if loss is None else f"{loss:.2f}"
    if not is_proven:
        shown += f" in your own network, which differs from the brief's: at most {unproven:.0%}"
    curve_text, falls = _describe_curve(student.losses)
    stopped = " Your function was stopped at its time limit." if student.spent else ""
    hint = ""
    if counted.fraction < 1:
        hint = f"More passes, smaller batches, or a larger learning rate: {full:g} is enough."
    elif not falls:
        hint = "Yield the mean loss of each batch, as a number."
    return Verdict(
        fraction=counted.fraction * (1.0 if falls else 0.5),
        feedback=f"After your training the loss on these {len(truth)} pictures is {shown}; "
        f"guessing gives {math.log(student.own.shape[1]):.2f}. {curve_text}{stopped}",
        hint=hint,
        evidence=curve(student),
        trust="proof" if is_proven else "evidence",
    )


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


def _describe_curve(losses: Array) -> tuple[str, bool]:
    """A sentence about the losses, and whether they fall from the first tenth to the last."""
    if losses.size < 2:
        return "Your function reported no curve: yield the loss of every step.", False
    if not np.isfinite(losses).all():
        return "Among the losses you report are some that are no finite numbers.", False
    part = max(1, losses.size // 10)
    first, last = float(losses[:part].mean()), float(losses[-part:].mean())
    falls = last < first
    verb = "fall" if falls else "do not fall: they go"
    return f"Your {losses.size:,} losses {verb} from {first:.2f} to {last:.2f}.", falls


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
    text = f"The weakest class is recognised in {min(shares, default=0.0):.0%} of its pictures"
    more = f". Below {least:.0%} are: {', '.join(weak)}" if weak else ""
    if not counted.proven:
        more += f". Your own network was counted, which earns at most {unproven:.0%}"
    hint = "Train longer, and shuffle the pictures, so that each batch holds several classes."
    rows: list[Json] = [[str(k), f"{share:.1%}"] for k, share in enumerate(shares)]
    return Verdict(
        fraction=counted.fraction,
        feedback=f"{text}{more}.",
        hint=hint if weak else "",
        evidence={"table": {"columns": ["class", "recognised"], "rows": rows}},
        trust="proof" if counted.proven else "evidence",
    )


def _count_enough(shares: list[float], least: float) -> float:
    """Share of the classes of which enough is recognised."""
    return sum(share >= least for share in shares) / len(shares) if shares else 0.0
