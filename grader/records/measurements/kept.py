"""What is kept of an answer's numbers: those that are judged, in the form in which they are."""

from __future__ import annotations

import numpy as np

from grader.records.untrusted import ORDER

SCORES = 10_000
"""Class scores up to which each number is kept."""


def drop_weights(answer: object) -> object:
    """The answer of a trained network, if it is one, without its weights: only a proof takes them.
    Its scores are in the form in which they are judged.
    """
    if not isinstance(answer, dict) or answer.get("logits") is None:
        return answer
    weights: dict[str, object] = {n: [] for n in ("operands", "state") if n in answer}
    return {**answer, **weights, "logits": order_scores(answer["logits"])}


def order_scores(scores: object) -> object:
    """Of more than 10,000 class scores (N, classes), int8: 1 for the greatest of a row, -1 for the
    least, 0 for the others. Anything else as it is.
    """
    if not isinstance(scores, np.ndarray) or scores.ndim < 2 or scores.size <= SCORES:
        return scores
    if scores.dtype.kind not in "fi" or scores.dtype.str == ORDER:
        return scores
    rows = scores.reshape(len(scores), -1)
    every, order = np.arange(len(rows)), np.zeros(rows.shape, ORDER)
    order[every, np.argmin(np.nan_to_num(rows, nan=np.inf), axis=1)] = -1
    order[every, np.argmax(np.nan_to_num(rows, nan=-np.inf), axis=1)] = 1
    return order
