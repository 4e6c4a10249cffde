"""What is kept of an answer's numbers: those that are judged, in the form in which they are."""

from __future__ import annotations

import numpy as np

from grader.records.untrusted import ORDER, Array

SCORES = 10_000
"""Class scores up to which each number is kept."""
CLOSE = 1e-4
"""Of a sum of shares to 1."""


def drop_weights(answer: object) -> object:
    """The answer of a trained network, if it is one, without its weights: only a proof takes them.
    Its scores are in the form in which they are judged.
    """
    if not isinstance(answer, dict) or answer.get("logits") is None:
        return answer
    weights: dict[str, object] = {n: [] for n in ("operands", "state") if n in answer}
    return {**answer, **weights, "logits": order_scores(answer["logits"])}


def order_scores(scores: object) -> object:
    """Of more than 10,000 class scores (N, classes), int8: 1 to 100 for the greatest of a row, -1
    for the least, 0 for the others. Anything else as it is.

    The greatest says how sure the network is of it, in percent.
    """
    if not isinstance(scores, np.ndarray) or scores.ndim < 2 or scores.size <= SCORES:
        return scores
    if scores.dtype.kind not in "fi" or scores.dtype.str == ORDER:
        return scores
    rows = scores.reshape(len(scores), -1)
    every, order = np.arange(len(rows)), np.zeros(rows.shape, ORDER)
    order[every, np.argmin(np.nan_to_num(rows, nan=np.inf), axis=1)] = -1
    sure = np.floor(100 * measure_confidence(rows))
    order[every, np.argmax(np.nan_to_num(rows, nan=-np.inf), axis=1)] = np.clip(sure, 1, 100)
    return order


def measure_confidence(rows: Array) -> Array:
    """(N,) the share of 1 that a network gives to its answer: scores (N, classes) are taken through
    softmax unless they are shares already. 0 where there is no number. Of an order, what it says;
    NaN for 1, which orders of earlier versions have for every answer.
    """
    if rows.dtype.str == ORDER:
        marks = np.max(rows, axis=1).astype(np.float64)
        shares: Array = np.where(marks > 1, marks / 100, np.nan)
        return shares
    numbers = rows.astype(np.float64)
    with np.errstate(all="ignore"):
        are_shares = (numbers >= 0).all(axis=1) & (abs(numbers.sum(axis=1) - 1) < CLOSE)
        best = numbers.max(axis=1)
        soft = 1 / np.exp(numbers - best[:, None]).sum(axis=1)
    known: Array = np.nan_to_num(np.where(are_shares, best, soft), nan=0.0, posinf=0.0, neginf=0.0)
    return known
