"""What is said of a backward pass."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

WORDINGS: Mapping[str, Wording] = {
    "relu-missing": Wording(
        sentence=(
            "{it} leaves out the derivative of ReLU: the gradient also flows where the value "
            "before ReLU is negative."
        ),
        hint="Set the gradient to 0 where the value before ReLU is negative.",
        fraction=0.5,
    ),
    "relu-inverted": Wording(
        sentence=(
            "{it} has the mask of ReLU turned round: the gradient flows where the value before "
            "ReLU is negative, and stops where it is positive."
        ),
        hint="Let the gradient through where the value before ReLU is positive.",
        fraction=0.6,
    ),
    "relu-from-upstream": Wording(
        sentence=(
            "{it} takes the mask of ReLU from the sign of the gradient; what counts is the sign of "
            "the value before ReLU."
        ),
        hint="Make the mask from the values before ReLU that `forward` kept.",
        fraction=0.5,
    ),
    "relu-from-input": Wording(
        sentence=(
            "{it} takes the mask of ReLU from the inputs of the layer; what counts is the sign of "
            "its outputs before ReLU."
        ),
        hint="Make the mask from the values before ReLU that `forward` kept.",
        fraction=0.5,
    ),
    "relu-value": Wording(
        sentence=(
            "{it} multiplies the gradient by the output of ReLU, where its derivative belongs, "
            "which is 0 or 1."
        ),
        hint="Multiply by 1 where the value before ReLU is positive, else by 0.",
        fraction=0.5,
    ),
    "label-missing": Wording(
        sentence="{it} starts from y_pred alone: y_real is not subtracted.",
        hint="The derivative of cross-entropy by the scores is y_pred - y_real, divided by N.",
        fraction=0.4,
    ),
    "prediction-missing": Wording(
        sentence="{it} starts from -y_real alone: y_pred is missing.",
        hint="The derivative of cross-entropy by the scores is y_pred - y_real, divided by N.",
        fraction=0.4,
    ),
    "softmax-missing": Wording(
        sentence=(
            "{it} starts from -y_real / y_pred, the derivative of the logarithm: that of softmax "
            "is missing."
        ),
        hint="Go on through softmax; together both give y_pred - y_real, divided by N.",
        fraction=0.4,
    ),
    "softmax-diagonal": Wording(
        sentence=(
            "{it} uses only the diagonal of softmax's derivative; each score changes the "
            "probabilities of all classes."
        ),
        hint="Sum over all classes; together with the logarithm this gives y_pred - y_real.",
        fraction=0.4,
    ),
    "softmax-twice": Wording(
        sentence=(
            "{it} carries the factor y_pred * (1 - y_pred), which is too much: y_pred - y_real is "
            "already the derivative by the scores."
        ),
        hint="Leave that factor out.",
        fraction=0.5,
    ),
    "scores-for-probabilities": Wording(
        sentence="{it} starts from the scores minus y_real: softmax has not been applied to them.",
        hint="Use the probabilities that `forward` returns.",
        fraction=0.4,
    ),
    "classes-for-probabilities": Wording(
        sentence="{it} starts from the predicted classes, 0 or 1, where the probabilities belong.",
        hint="Leave argmax to the accuracy; the gradient needs y_pred itself.",
        fraction=0.4,
    ),
    "labels-shifted": Wording(
        sentence=(
            "{it} belongs to labels that are off by one: class {label} is counted as class "
            "{counted}."
        ),
        hint="Class k stands in column k of the one-hot labels, from 0 on.",
        fraction=0.5,
    ),
    "first-sample": Wording(
        sentence="{it} counts only the first of the {n} samples.",
        hint="Add up over all samples: look for a return or an index 0 within the loop.",
        fraction=0.4,
    ),
    "last-sample": Wording(
        sentence="{it} counts only the last of the {n} samples.",
        hint="Add up over all samples: look for = where += belongs.",
        fraction=0.4,
    ),
    "without-first": Wording(
        sentence="{it} leaves out the first of the {n} samples.",
        hint="Look for a range or a slice that starts at 1.",
        fraction=0.6,
    ),
    "without-last": Wording(
        sentence="{it} leaves out the last of the {n} samples.",
        hint="Look for a range or a slice that ends one too early.",
        fraction=0.6,
    ),
    "wrong-column": Wording(
        sentence=(
            "{it} uses a gradient of which the first column was cut off; the column of ones is the "
            "last."
        ),
        hint="Cut off the last column, [:, :-1].",
        fraction=0.6,
    ),
    "saved-not-transposed": Wording(
        sentence=(
            "{it} uses a gradient that came back through the weights themselves, not through their "
            "transpose."
        ),
        hint="Multiply by the transposed weights on the way back.",
        fraction=0.6,
    ),
    "saved-updated": Wording(
        sentence="{it} uses weights of the next layer that had been updated already.",
        hint="Compute all gradients first, then update all weights.",
        fraction=0.6,
    ),
    "before-relu": Wording(
        sentence="{it} uses the values before ReLU, where those after it belong.",
        hint="What the weights were multiplied with in `forward` belongs here: the output of ReLU.",
        fraction=0.6,
    ),
    "accumulated": Wording(
        sentence="{it} is the gradient of this pass plus that of the pass before.",
        hint="Set the gradients to zero before each backward pass.",
        fraction=0.6,
    ),
    "stale": Wording(
        sentence="{it} is the gradient of the pass before.",
        hint="Compute it anew in each backward pass.",
        fraction=0.4,
    ),
}
