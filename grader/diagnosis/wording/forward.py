"""What is said of predictions, and of steps along the gradient of a wrong pass."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

_RELU = "Between the layers set negative values to 0, and leave the others as they are."
_SOFTMAX = "Exponentiate the scores, and divide each row by its sum: axis 1, with keepdims."

WORDINGS: Mapping[str, Wording] = {
    "forward-relu-missing": Wording(
        sentence="{it} leaves out ReLU: negative values of the hidden layer go on.",
        hint=_RELU,
    ),
    "forward-relu-inverted": Wording(
        sentence="{it} has ReLU turned round: positive values of the hidden layer become 0.",
        hint=_RELU,
    ),
    "forward-tanh": Wording(
        sentence="{it} applies tanh where ReLU belongs.",
        hint=_RELU,
    ),
    "forward-sigmoid": Wording(
        sentence="{it} applies the sigmoid function where ReLU belongs.",
        hint=_RELU,
    ),
    "forward-absolute": Wording(
        sentence="{it} takes the absolute value where ReLU belongs.",
        hint=_RELU,
    ),
    "forward-softmax-missing": Wording(
        sentence="{it} leaves out softmax: it returns the scores.",
        hint=_SOFTMAX,
    ),
    "forward-softmax-over-samples": Wording(
        sentence="{it} takes softmax over axis 0, so that each column sums to 1, not each row.",
        hint=_SOFTMAX,
    ),
    "forward-softmax-over-all": Wording(
        sentence=(
            "{it} divides by the sum over the whole batch, so that all rows together sum to 1."
        ),
        hint=_SOFTMAX,
    ),
    "forward-not-normalised": Wording(
        sentence="{it} exponentiates the scores, but does not divide by their sum.",
        hint=_SOFTMAX,
    ),
    "forward-not-exponentiated": Wording(
        sentence="{it} divides the scores by their sum, but does not exponentiate them.",
        hint=_SOFTMAX,
    ),
    "forward-logarithms": Wording(
        sentence="{it} returns logarithms of the probabilities.",
        hint=_SOFTMAX,
    ),
    "forward-softmax-twice": Wording(
        sentence="{it} applies softmax twice.",
        hint=_SOFTMAX,
    ),
    "forward-sigmoid-at-end": Wording(
        sentence="{it} applies the sigmoid function where softmax belongs.",
        hint=_SOFTMAX,
    ),
    "forward-relu-at-end": Wording(
        sentence="{it} applies ReLU to the last scores too, before softmax.",
        hint=_SOFTMAX,
    ),
    "forward-ones-first": Wording(
        sentence="{it} has the column of ones before the other inputs of {which}.",
        hint=(
            "Append the column of ones behind the others: the last row of the weights is the bias."
        ),
    ),
    "forward-bias-missing": Wording(
        sentence="{it} leaves out the bias.",
        hint="Add the bias in every layer.",
    ),
    "step-without-relu": Wording(
        sentence="{it} moved along the gradient of a network without ReLU.",
        hint=_RELU,
    ),
}
