"""What is said of an array as such: for each kind (sentence, what to do next, partial credit)."""

from __future__ import annotations

from collections.abc import Mapping

WORDINGS: Mapping[str, tuple[str, str, float]] = {
    "nan": (
        "{it} is NaN or infinite{where}.",
        "Look for 0/0, for log(0) and for exp of a large number.",
        0.0,
    ),
    "overflow": (
        "{it} is NaN or infinite{where}: exp overflows, as the greatest score is {greatest:.0f}.",
        "Subtract each row's maximum from the scores before exp: softmax stays the same.",
        0.7,
    ),
    "log-of-zero": (
        "{it} is NaN or infinite{where}: you take the logarithm of a probability that is 0.",
        "Add eps to the probability inside the logarithm, or compute log-softmax from the scores.",
        0.7,
    ),
    "rounding": (
        "{it} was computed in {dtype}: the differences are rounding, not a mistake.",
        "Compute in float64, where the brief asks for it.",
        1.0,
    ),
    "sign": (
        "{it} has its sign turned, in every number.",
        "Look for a difference taken the wrong way round, such as y_real - y_pred, or for a minus "
        "too many or too few.",
        0.5,
    ),
    "sum-not-mean": (
        "{it} is {n} times too large: you sum over the {n} samples of the batch where the mean is "
        "asked for.",
        "Divide by the batch size, once.",
        0.7,
    ),
    "mean-twice": (
        "{it} is {n} times too small: you divide by the batch size {n} once too often.",
        "Divide by the batch size, once.",
        0.7,
    ),
    "mean-over-classes": (
        "{it} is {c} times too small: you take the mean over the {c} classes too.",
        "Sum over the classes, and take the mean over the samples only.",
        0.7,
    ),
    "rate-inside": (
        "{it} is {rate:g} times ours: the learning rate is in it already.",
        "Multiply by the learning rate in the update only.",
        0.7,
    ),
    "negative": (
        "{it} is the negative of ours, every number of it.",
        "Compare a small example by hand, sign by sign.",
        0.5,
    ),
    "doubled": (
        "{it} is twice ours, every number of it.",
        "Look for a factor 2, and for something that is added twice.",
        0.7,
    ),
    "halved": (
        "{it} is half of ours, every number of it.",
        "Look for a factor 1/2, and for a mean that is taken of two halves.",
        0.7,
    ),
    "scaled": (
        "{it} is {factor} times ours, every number of it.",
        "Look for the factor {factor}.",
        0.6,
    ),
    "transposed": (
        "{it} is transposed: what belongs into row i and column j stands in row j and column i.",
        "Turn it with .T, or exchange the two sides of the product.",
        0.7,
    ),
    "reshaped": (
        "{it} was brought into its shape with reshape, where it has to be transposed: the numbers "
        "are right, their places are not.",
        "Turn it with .T: reshape keeps the order of the numbers.",
        0.6,
    ),
    "shape": (
        "{it} has the right numbers in the shape {seen}, expected is {expected}.",
        "Bring it into the shape {expected}, and look whether keepdims or a squeeze is in the way.",
        0.8,
    ),
    "rows-permuted": (
        "{it} has the right rows in another order: your row {seen} is our row {expected}.",
        "Keep the order of the rows: look where they are sorted, shuffled or stacked.",
        0.5,
    ),
    "columns-permuted": (
        "{it} has the right columns in another order: your column {seen} is our column {expected}.",
        "Keep the order of the columns: look where they are sorted, shuffled or stacked.",
        0.5,
    ),
    "rows-reversed": (
        "{it} has the right rows from last to first.",
        "Look for a [::-1], or for a loop that runs backwards and appends.",
        0.5,
    ),
    "columns-reversed": (
        "{it} has the right columns from last to first.",
        "Look for a [..., ::-1], or for a loop that runs backwards and appends.",
        0.5,
    ),
    "reversed": (
        "{it} has the right numbers from last to first.",
        "Look for a [::-1], or for a loop that runs backwards and appends.",
        0.5,
    ),
    "reordered": (
        "{it} has the right numbers, but in other places.",
        "Compare by hand where each number of a small example ends up.",
        0.5,
    ),
    "shifted": (
        "{it} is off by one along axis {axis}: what belongs at index {right} stands at index "
        "{wrong}.",
        "Look for an index that starts at 1 in place of 0, and for a np.roll.",
        0.5,
    ),
    "zero": (
        "{it} is zero everywhere.",
        "Look for an array of zeros that is never filled, for .detach(), .data or no_grad(), and "
        "for a mask that lets nothing through.",
        0.0,
    ),
    "part-zero": (
        "{it} is zero {where}, where ours is not; all other numbers are right.",
        "Fill every part: look for a loop that ends too early, and for a slice.",
        0.5,
    ),
    "row-missing": (
        "{it} lacks the {which} row; all others are right.",
        "Look for a slice that leaves out a row.",
        0.6,
    ),
    "bias-missing": (
        "{it} lacks its last row, which belongs to the bias; the others are right.",
        "Multiply with the inputs that carry the column of ones.",
        0.7,
    ),
    "bias-first": (
        "{it} has the bias in its first row, it belongs in the last: every other row stands one "
        "too low.",
        "Append the column of ones behind the inputs, as the brief does, not before them.",
        0.7,
    ),
    "bias-zero": (
        "{it} is zero in its last row, which belongs to the bias; the others are right.",
        "The gradient of the bias is the sum over the samples of the gradient by the scores.",
        0.7,
    ),
    "bias-scaled": (
        "{it} is right but for its last row, which belongs to the bias: that is {factor} times "
        "ours.",
        "Treat the bias as every other weight: one sum over the samples, the same mean.",
        0.7,
    ),
    "bias-not-summed": (
        "{it} has one row for each of the {n} samples: they have to be summed.",
        "Sum over the samples, axis 0.",
        0.6,
    ),
    "not-averaged": (
        "{it} has one number for each of the {n} samples: their mean is missing.",
        "Take the mean over the samples.",
        0.7,
    ),
}
