"""What is said of losses and updates: for each kind (sentence, what to do next, partial credit)."""

from __future__ import annotations

from collections.abc import Mapping

WORDINGS: Mapping[str, tuple[str, str, float]] = {
    "eps-missing": (
        "{it} does not add eps to the probability inside the logarithm, or adds much less.",
        "Add eps to the probability inside the logarithm.",
        0.8,
    ),
    "eps-outside": (
        "{it} adds eps to the logarithm; it belongs inside, to the probability.",
        "Add eps to the probability inside the logarithm.",
        0.8,
    ),
    "eps-clipped": (
        "{it} uses eps as a lower bound of the probability; it is to be added to it.",
        "Add eps to the probability inside the logarithm.",
        0.9,
    ),
    "eps-added": (
        "{it} adds {eps:g} to the probability, which nobody asked for.",
        "Leave eps out.",
        0.8,
    ),
    "eps-other": (
        "{it} adds {eps:g} to the probability, eps is {asked:g}.",
        "Use the eps that is passed to the function.",
        0.9,
    ),
    "log2": (
        "{it} uses the logarithm to base 2.",
        "Use the natural logarithm, np.log.",
        0.7,
    ),
    "log10": (
        "{it} uses the logarithm to base 10.",
        "Use the natural logarithm, np.log.",
        0.7,
    ),
    "all-classes": (
        "{it} takes the logarithm for all classes, without y_real.",
        "Multiply by y_real, so that only the real class counts.",
        0.4,
    ),
    "binary": (
        "{it} adds the term (1 - y_real) * log(1 - y_pred), which belongs to two classes only.",
        "Sum y_real * log(y_pred) over the classes, and no more.",
        0.5,
    ),
    "swapped": (
        "{it} has y_pred and y_real exchanged: the logarithm is taken of y_real.",
        "Take the logarithm of y_pred, and multiply by y_real.",
        0.4,
    ),
    "no-logarithm": (
        "{it} has no logarithm: it is the probability of the real class.",
        "Take the logarithm of the probability.",
        0.4,
    ),
    "entropy": (
        "{it} is the entropy of y_pred: y_real does not occur in it.",
        "Multiply the logarithm by y_real.",
        0.4,
    ),
    "squared": (
        "{it} is the squared error, the brief asks for cross-entropy.",
        "Sum -y_real * log(y_pred) over the classes.",
        0.2,
    ),
    "softmax-applied-twice": (
        "{it} applies softmax to y_pred, which has passed it already.",
        "Apply softmax once, in `forward` or in the loss.",
        0.6,
    ),
    "not-updated": (
        "{it} did not change.",
        "Write the new weights back into the list, params[i] = ..., or change them in place.",
        0.0,
    ),
    "added": (
        "{it} moved along the gradient, not against it: you add where the update subtracts.",
        "Subtract the learning rate times the gradient.",
        0.5,
    ),
    "updated-twice": (
        "{it} was updated twice.",
        "Call the update once for each batch.",
        0.6,
    ),
    "without-rate": (
        "{it} moved by the whole gradient: the learning rate is missing.",
        "Multiply the gradient by the learning rate.",
        0.6,
    ),
    "updated-with-sum": (
        "{it} moved {n} times too far: the gradient is a sum over the batch, not a mean.",
        "Divide the gradient by the batch size, once.",
        0.7,
    ),
    "updated-with-mean-twice": (
        "{it} moved {n} times too little: the gradient was divided by the batch size twice.",
        "Divide the gradient by the batch size, once.",
        0.7,
    ),
    "other-rate": (
        "{it} moved as with the learning rate {moved:.6g}, asked for is {rate:g}.",
        "Use the learning rate that is passed to the function.",
        0.7,
    ),
    "weights-replaced": (
        "{it} was replaced by {sign}learning rate times gradient: the old weights are gone.",
        "Subtract that from the old weights.",
        0.3,
    ),
}
