"""Which message says a mistake, and what a mistake is worth.

The sentences stand in `grader/report/messages`. `{it}` in them is the array, as "Your gradient of
`w1`"; the other blanks are filled by the facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Diagnosis, Facts, Wording
from grader.records.messages import Message

MESSAGES: Mapping[str, str] = {
    "nan": "array-nan",
    "overflow": "array-overflow",
    "log-of-zero": "array-log-of-zero",
    "rounding": "array-rounding",
    "sign": "array-sign",
    "sum-not-mean": "array-sum-not-mean",
    "mean-twice": "array-mean-twice",
    "mean-over-classes": "array-mean-over-classes",
    "rate-inside": "array-rate-inside",
    "negative": "array-negative",
    "doubled": "array-doubled",
    "halved": "array-halved",
    "scaled": "array-scaled",
    "transposed": "array-transposed",
    "reshaped": "array-reshaped",
    "shape": "array-shape",
    "rows-permuted": "array-rows-permuted",
    "columns-permuted": "array-columns-permuted",
    "rows-reversed": "array-rows-reversed",
    "columns-reversed": "array-columns-reversed",
    "reversed": "array-reversed",
    "reordered": "array-reordered",
    "shifted": "array-shifted",
    "zero": "array-zero",
    "part-zero": "array-part-zero",
    "row-missing": "array-row-missing",
    "bias-missing": "array-bias-missing",
    "bias-first": "array-bias-first",
    "bias-zero": "array-bias-zero",
    "bias-scaled": "array-bias-scaled",
    "bias-not-summed": "array-bias-not-summed",
    "not-averaged": "array-not-averaged",
    "relu-missing": "backward-relu-missing",
    "relu-inverted": "backward-relu-inverted",
    "relu-from-upstream": "backward-relu-from-upstream",
    "relu-from-input": "backward-relu-from-input",
    "relu-value": "backward-relu-value",
    "label-missing": "backward-label-missing",
    "prediction-missing": "backward-prediction-missing",
    "softmax-missing": "backward-softmax-missing",
    "softmax-diagonal": "backward-softmax-diagonal",
    "softmax-twice": "backward-softmax-twice",
    "scores-for-probabilities": "backward-scores-for-probabilities",
    "classes-for-probabilities": "backward-classes-for-probabilities",
    "labels-shifted": "backward-labels-shifted",
    "first-sample": "backward-first-sample",
    "last-sample": "backward-last-sample",
    "without-first": "backward-without-first",
    "without-last": "backward-without-last",
    "wrong-column": "backward-wrong-column",
    "weights-not-transposed": "backward-weights-not-transposed",
    "weights-updated": "backward-weights-updated",
    "before-relu": "backward-before-relu",
    "accumulated": "backward-accumulated",
    "stale": "backward-stale",
    "eps-missing": "loss-eps-missing",
    "eps-outside": "loss-eps-outside",
    "eps-clipped": "loss-eps-clipped",
    "eps-added": "loss-eps-added",
    "eps-other": "loss-eps-other",
    "impossible-left-out": "loss-impossible-left-out",
    "log2": "loss-log2",
    "log10": "loss-log10",
    "all-classes": "loss-all-classes",
    "binary": "loss-binary",
    "swapped": "loss-swapped",
    "no-logarithm": "loss-no-logarithm",
    "entropy": "loss-entropy",
    "squared": "loss-squared",
    "softmax-applied-twice": "loss-softmax-twice",
    "not-updated": "update-missing",
    "added": "update-uphill",
    "updated-twice": "update-twice",
    "without-rate": "update-without-rate",
    "updated-with-sum": "update-sum-not-mean",
    "updated-with-mean-twice": "update-mean-twice",
    "other-rate": "update-other-rate",
    "weights-replaced": "update-replaces",
}
"""Mistake of an array → code of its message; what is not here has the code of its message."""
FRACTIONS: Mapping[str, float] = {
    "array-nan": 0.0,
    "array-overflow": 0.7,
    "array-log-of-zero": 0.7,
    "array-rounding": 1.0,
    "array-sum-not-mean": 0.7,
    "array-mean-twice": 0.7,
    "array-mean-over-classes": 0.7,
    "array-rate-inside": 0.7,
    "array-doubled": 0.7,
    "array-halved": 0.7,
    "array-scaled": 0.6,
    "array-transposed": 0.7,
    "array-reshaped": 0.6,
    "array-shape": 0.8,
    "array-zero": 0.0,
    "array-row-missing": 0.6,
    "array-bias-missing": 0.7,
    "array-bias-first": 0.7,
    "array-bias-zero": 0.7,
    "array-bias-scaled": 0.7,
    "array-bias-not-summed": 0.6,
    "array-not-averaged": 0.7,
    "backward-relu-inverted": 0.6,
    "backward-label-missing": 0.4,
    "backward-prediction-missing": 0.4,
    "backward-softmax-missing": 0.4,
    "backward-softmax-diagonal": 0.4,
    "backward-scores-for-probabilities": 0.4,
    "backward-classes-for-probabilities": 0.4,
    "backward-first-sample": 0.4,
    "backward-last-sample": 0.4,
    "backward-without-first": 0.6,
    "backward-without-last": 0.6,
    "backward-wrong-column": 0.6,
    "backward-weights-not-transposed": 0.6,
    "backward-weights-updated": 0.6,
    "backward-before-relu": 0.6,
    "backward-accumulated": 0.6,
    "backward-stale": 0.4,
    "loss-eps-missing": 0.8,
    "loss-eps-outside": 0.8,
    "loss-eps-clipped": 0.9,
    "loss-eps-added": 0.8,
    "loss-eps-other": 0.9,
    "loss-impossible-left-out": 0.0,
    "loss-log2": 0.7,
    "loss-log10": 0.7,
    "loss-all-classes": 0.4,
    "loss-swapped": 0.4,
    "loss-no-logarithm": 0.4,
    "loss-entropy": 0.4,
    "loss-squared": 0.2,
    "loss-softmax-twice": 0.6,
    "update-missing": 0.0,
    "update-twice": 0.6,
    "update-without-rate": 0.6,
    "update-sum-not-mean": 0.7,
    "update-mean-twice": 0.7,
    "update-other-rate": 0.7,
    "update-replaces": 0.3,
    "step-not-taken": 0.0,
    "step-uphill": 0.0,
}
"""Code of a message → partial credit, where it is not the half."""
_HALF = 0.5


def word(code: str, facts: Facts | None = None, wording: Wording | None = None) -> Diagnosis:
    """The diagnosis of this code, its blanks filled by the facts.

    `transposed+sign` is two mistakes: the second is said after the first. `wording` is that of a
    mistake which only one assignment knows.

    Raises LookupError where a code has no message, or a blank no fact.
    """
    facts = facts or {}
    first, _, second = code.partition("+")
    message = Message(MESSAGES.get(first, first), facts)
    if wording is None:
        sentence, hint = message.text(), message.hint()
        fraction = FRACTIONS.get(message.code, _HALF)
    else:
        sentence, hint = (t.format(**facts) for t in (wording.sentence, wording.hint))
        fraction = wording.fraction
    if second:
        besides = Message(MESSAGES[second], facts)
        sentence += f" {Message(f'array-besides-{second}', facts).text()}"
        hint = f"{hint} {besides.hint()}"
        fraction *= FRACTIONS.get(besides.code, _HALF)
    return Diagnosis(
        code=code,
        sentence=sentence,
        hint=hint,
        fraction=round(fraction, 3),
        message=message,
    )
