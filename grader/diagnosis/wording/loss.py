"""What is said of losses and updates."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

WORDINGS: Mapping[str, Wording] = {
    "eps-missing": Wording(
        sentence=(
            "{it} does not add eps to the probability inside the logarithm, or adds much less."
        ),
        hint="Add eps to the probability inside the logarithm.",
        fraction=0.8,
    ),
    "eps-outside": Wording(
        sentence="{it} adds eps to the logarithm; it belongs inside, to the probability.",
        hint="Add eps to the probability inside the logarithm.",
        fraction=0.8,
    ),
    "eps-clipped": Wording(
        sentence="{it} uses eps as a lower bound of the probability; it is to be added to it.",
        hint="Add eps to the probability inside the logarithm.",
        fraction=0.9,
    ),
    "eps-added": Wording(
        sentence="{it} adds {eps:g} to the probability, which nobody asked for.",
        hint="Leave eps out.",
        fraction=0.8,
    ),
    "eps-other": Wording(
        sentence="{it} adds {eps:g} to the probability, eps is {asked:g}.",
        hint="Use the eps that is passed to the function.",
        fraction=0.9,
    ),
    "log2": Wording(
        sentence="{it} uses the logarithm to base 2.",
        hint="Use the natural logarithm, np.log.",
        fraction=0.7,
    ),
    "log10": Wording(
        sentence="{it} uses the logarithm to base 10.",
        hint="Use the natural logarithm, np.log.",
        fraction=0.7,
    ),
    "all-classes": Wording(
        sentence="{it} takes the logarithm for all classes, without y_real.",
        hint="Multiply by y_real, so that only the real class counts.",
        fraction=0.4,
    ),
    "binary": Wording(
        sentence=(
            "{it} adds the term (1 - y_real) * log(1 - y_pred), which belongs to two classes only."
        ),
        hint="Sum y_real * log(y_pred) over the classes, and no more.",
        fraction=0.5,
    ),
    "swapped": Wording(
        sentence="{it} has y_pred and y_real exchanged: the logarithm is taken of y_real.",
        hint="Take the logarithm of y_pred, and multiply by y_real.",
        fraction=0.4,
    ),
    "no-logarithm": Wording(
        sentence="{it} has no logarithm: it is the probability of the real class.",
        hint="Take the logarithm of the probability.",
        fraction=0.4,
    ),
    "entropy": Wording(
        sentence="{it} is the entropy of y_pred: y_real does not occur in it.",
        hint="Multiply the logarithm by y_real.",
        fraction=0.4,
    ),
    "squared": Wording(
        sentence="{it} is the squared error, the brief asks for cross-entropy.",
        hint="Sum -y_real * log(y_pred) over the classes.",
        fraction=0.2,
    ),
    "softmax-applied-twice": Wording(
        sentence="{it} applies softmax to y_pred, which has passed it already.",
        hint="Apply softmax once, in `forward` or in the loss.",
        fraction=0.6,
    ),
    "not-updated": Wording(
        sentence="{it} did not change.",
        hint="Write the new weights back into the list, params[i] = ..., or change them in place.",
        fraction=0.0,
    ),
    "added": Wording(
        sentence=(
            "{it} moved along the gradient, not against it: you add where the update subtracts."
        ),
        hint="Subtract the learning rate times the gradient.",
        fraction=0.5,
    ),
    "updated-twice": Wording(
        sentence="{it} was updated twice.",
        hint="Call the update once for each batch.",
        fraction=0.6,
    ),
    "without-rate": Wording(
        sentence="{it} moved by the whole gradient: the learning rate is missing.",
        hint="Multiply the gradient by the learning rate.",
        fraction=0.6,
    ),
    "updated-with-sum": Wording(
        sentence="{it} moved {n} times too far: the gradient is a sum over the batch, not a mean.",
        hint="Divide the gradient by the batch size, once.",
        fraction=0.7,
    ),
    "updated-with-mean-twice": Wording(
        sentence=(
            "{it} moved {n} times too little: the gradient was divided by the batch size twice."
        ),
        hint="Divide the gradient by the batch size, once.",
        fraction=0.7,
    ),
    "other-rate": Wording(
        sentence="{it} moved as with the learning rate {moved:.6g}, asked for is {rate:g}.",
        hint="Use the learning rate that is passed to the function.",
        fraction=0.7,
    ),
    "saved-replaced": Wording(
        sentence=(
            "{it} was replaced by {sign}learning rate times gradient: the old weights are gone."
        ),
        hint="Subtract that from the old weights.",
        fraction=0.3,
    ),
}
