"""What is said of a backward pass: for each kind (sentence, what to do next, partial credit)."""

from __future__ import annotations

from collections.abc import Mapping

WORDINGS: Mapping[str, tuple[str, str, float]] = {
    "relu-missing": (
        "{it} leaves out the derivative of ReLU: the gradient also flows where the value before "
        "ReLU is negative.",
        "Set the gradient to 0 where the value before ReLU is negative.",
        0.5,
    ),
    "relu-inverted": (
        "{it} has the mask of ReLU turned round: the gradient flows where the value before ReLU is "
        "negative, and stops where it is positive.",
        "Let the gradient through where the value before ReLU is positive.",
        0.6,
    ),
    "relu-from-upstream": (
        "{it} takes the mask of ReLU from the sign of the gradient; what counts is the sign of the "
        "value before ReLU.",
        "Make the mask from the values before ReLU that `forward` kept.",
        0.5,
    ),
    "relu-from-input": (
        "{it} takes the mask of ReLU from the inputs of the layer; what counts is the sign of its "
        "outputs before ReLU.",
        "Make the mask from the values before ReLU that `forward` kept.",
        0.5,
    ),
    "relu-value": (
        "{it} multiplies the gradient by the output of ReLU, where its derivative belongs, which "
        "is 0 or 1.",
        "Multiply by 1 where the value before ReLU is positive, else by 0.",
        0.5,
    ),
    "label-missing": (
        "{it} starts from y_pred alone: y_real is not subtracted.",
        "The derivative of cross-entropy by the scores is y_pred - y_real, divided by N.",
        0.4,
    ),
    "prediction-missing": (
        "{it} starts from -y_real alone: y_pred is missing.",
        "The derivative of cross-entropy by the scores is y_pred - y_real, divided by N.",
        0.4,
    ),
    "softmax-missing": (
        "{it} starts from -y_real / y_pred, the derivative of the logarithm: that of softmax is "
        "missing.",
        "Go on through softmax; together both give y_pred - y_real, divided by N.",
        0.4,
    ),
    "softmax-diagonal": (
        "{it} uses only the diagonal of softmax's derivative; each score changes the probabilities "
        "of all classes.",
        "Sum over all classes; together with the logarithm this gives y_pred - y_real.",
        0.4,
    ),
    "softmax-twice": (
        "{it} carries the factor y_pred * (1 - y_pred), which is too much: y_pred - y_real is "
        "already the derivative by the scores.",
        "Leave that factor out.",
        0.5,
    ),
    "scores-for-probabilities": (
        "{it} starts from the scores minus y_real: softmax has not been applied to them.",
        "Use the probabilities that `forward` returns.",
        0.4,
    ),
    "classes-for-probabilities": (
        "{it} starts from the predicted classes, 0 or 1, where the probabilities belong.",
        "Leave argmax to the accuracy; the gradient needs y_pred itself.",
        0.4,
    ),
    "labels-shifted": (
        "{it} belongs to labels that are off by one: class {label} is counted as class {counted}.",
        "Class k stands in column k of the one-hot labels, from 0 on.",
        0.5,
    ),
    "first-sample": (
        "{it} counts only the first of the {n} samples.",
        "Add up over all samples: look for a return or an index 0 within the loop.",
        0.4,
    ),
    "last-sample": (
        "{it} counts only the last of the {n} samples.",
        "Add up over all samples: look for = where += belongs.",
        0.4,
    ),
    "without-first": (
        "{it} leaves out the first of the {n} samples.",
        "Look for a range or a slice that starts at 1.",
        0.6,
    ),
    "without-last": (
        "{it} leaves out the last of the {n} samples.",
        "Look for a range or a slice that ends one too early.",
        0.6,
    ),
    "wrong-column": (
        "{it} uses a gradient of which the first column was cut off; the column of ones is the "
        "last.",
        "Cut off the last column, [:, :-1].",
        0.6,
    ),
    "weights-not-transposed": (
        "{it} uses a gradient that came back through the weights themselves, not through their "
        "transpose.",
        "Multiply by the transposed weights on the way back.",
        0.6,
    ),
    "weights-updated": (
        "{it} uses weights of the next layer that had been updated already.",
        "Compute all gradients first, then update all weights.",
        0.6,
    ),
    "before-relu": (
        "{it} uses the values before ReLU, where those after it belong.",
        "What the weights were multiplied with in `forward` belongs here: the output of ReLU.",
        0.6,
    ),
    "accumulated": (
        "{it} is the gradient of this pass plus that of the pass before.",
        "Set the gradients to zero before each backward pass.",
        0.6,
    ),
    "stale": (
        "{it} is the gradient of the pass before.",
        "Compute it anew in each backward pass.",
        0.4,
    ),
}
