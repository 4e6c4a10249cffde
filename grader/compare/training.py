"""What a training function achieved under its budget, and whether any class was left behind. Pure.

Losses that student code reports are a claim. What counts is the cross-entropy that the trained
weights give in the reference's network, recomputed outside.
"""

from __future__ import annotations

import math

import numpy as np

from grader.compare import differences
from grader.compare.predictions import between, curve, shares_of_classes
from grader.data.secret import Secret
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
    own, proven = _cross_entropy(student.own, truth), _cross_entropy(student.proven, truth)
    by_own = 0.0 if own is None else unproven * between(own, full, zero)
    by_proof = 0.0 if proven is None else between(proven, full, zero)
    after = own if proven is None or by_own > by_proof else proven
    told, falls = _reported(student.losses)
    stopped = " Your function was stopped at its time limit." if student.spent else ""
    where = ""
    if after is not proven:
        where = f" in your own network, which differs from the brief's: at most {unproven:.0%}"
    start = math.log(student.own.shape[1])
    found = "no number" if after is None else f"{after:.2f}"
    hint = ""
    if max(by_own, by_proof) < 1:
        hint = f"More passes, smaller batches, or a larger learning rate: {full:g} is enough."
    elif not falls:
        hint = "Yield the mean loss of each batch, as a number."
    return Verdict(
        fraction=max(by_own, by_proof) * (1.0 if falls else 0.5),
        feedback=f"After your training the loss on these {len(truth)} pictures is {found}{where}; "
        f"guessing gives {start:.2f}. {told}{stopped}",
        hint=hint,
        evidence=curve(student),
        trust="proof" if after is proven else "evidence",
    )


def _cross_entropy(answers: Array | None, truth: Array) -> float | None:
    """Its mean; None where there are no answers, or other than numbers."""
    if answers is None or len(answers) != len(truth) or answers.shape[1] <= int(truth.max()):
        return None
    with np.errstate(all="ignore"):
        found = -float(differences.log_softmax(answers)[np.arange(len(truth)), truth].mean())
    return found if math.isfinite(found) else None


def _reported(losses: Array) -> tuple[str, bool]:
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
    own = shares_of_classes(student.own, truth)
    proven = [] if student.proven is None else shares_of_classes(student.proven, truth)
    by_own, by_proof = unproven * _enough(own, least), _enough(proven, least)
    counted = own if by_own > by_proof or not proven else proven
    weak = [f"{k} ({share:.0%})" for k, share in enumerate(counted) if share < least]
    said = f"The weakest class is recognised in {min(counted, default=0.0):.0%} of its pictures"
    rows: list[Json] = [[str(k), f"{share:.1%}"] for k, share in enumerate(counted)]
    more = f". Below {least:.0%} are: {', '.join(weak)}" if weak else ""
    if counted is not proven:
        more += f". Your own network was counted, which earns at most {unproven:.0%}"
    return Verdict(
        fraction=max(by_own, by_proof),
        feedback=f"{said}{more}.",
        hint="Train longer, and shuffle the pictures, so that each batch holds several classes."
        if weak
        else "",
        evidence={"table": {"columns": ["class", "recognised"], "rows": rows}},
        trust="proof" if counted is proven else "evidence",
    )


def _enough(shares: list[float], least: float) -> float:
    return sum(share >= least for share in shares) / len(shares) if shares else 0.0
