"""What is said of an array as such."""

from __future__ import annotations

from collections.abc import Mapping

from grader.diagnosis.records import Wording

WORDINGS: Mapping[str, Wording] = {
    "nan": Wording(
        sentence="{it} is NaN or infinite{where}.",
        hint="Look for 0/0, for log(0) and for exp of a large number.",
        fraction=0.0,
    ),
    "overflow": Wording(
        sentence=(
            "{it} is NaN or infinite{where}: exp overflows, as the greatest score is "
            "{greatest:.0f}."
        ),
        hint="Subtract each row's maximum from the scores before exp: softmax stays the same.",
        fraction=0.7,
    ),
    "log-of-zero": Wording(
        sentence=(
            "{it} is NaN or infinite{where}: you take the logarithm of a probability that is 0."
        ),
        hint=(
            "Add eps to the probability inside the logarithm, or compute log-softmax from the "
            "scores."
        ),
        fraction=0.7,
    ),
    "rounding": Wording(
        sentence="{it} was computed in {dtype}: the differences are rounding, not a mistake.",
        hint="Compute in float64, where the brief asks for it.",
        fraction=1.0,
    ),
    "sign": Wording(
        sentence="{it} has its sign turned, in every number.",
        hint=(
            "Look for a difference taken the wrong way round, such as y_real - y_pred, or for a "
            "minus too many or too few."
        ),
        fraction=0.5,
    ),
    "sum-not-mean": Wording(
        sentence=(
            "{it} is {n} times too large: you sum over the {n} samples of the batch where the mean "
            "is asked for."
        ),
        hint="Divide by the batch size, once.",
        fraction=0.7,
    ),
    "mean-twice": Wording(
        sentence="{it} is {n} times too small: you divide by the batch size {n} once too often.",
        hint="Divide by the batch size, once.",
        fraction=0.7,
    ),
    "mean-over-classes": Wording(
        sentence="{it} is {c} times too small: you take the mean over the {c} classes too.",
        hint="Sum over the classes, and take the mean over the samples only.",
        fraction=0.7,
    ),
    "rate-inside": Wording(
        sentence="{it} is {rate:g} times ours: the learning rate is in it already.",
        hint="Multiply by the learning rate in the update only.",
        fraction=0.7,
    ),
    "negative": Wording(
        sentence="{it} is the negative of ours, every number of it.",
        hint="Compare a small example by hand, sign by sign.",
        fraction=0.5,
    ),
    "doubled": Wording(
        sentence="{it} is twice ours, every number of it.",
        hint="Look for a factor 2, and for something that is added twice.",
        fraction=0.7,
    ),
    "halved": Wording(
        sentence="{it} is half of ours, every number of it.",
        hint="Look for a factor 1/2, and for a mean that is taken of two halves.",
        fraction=0.7,
    ),
    "scaled": Wording(
        sentence="{it} is {factor} times ours, every number of it.",
        hint="Look for the factor {factor}.",
        fraction=0.6,
    ),
    "transposed": Wording(
        sentence=(
            "{it} is transposed: what belongs into row i and column j stands in row j and column i."
        ),
        hint="Turn it with .T, or exchange the two sides of the product.",
        fraction=0.7,
    ),
    "reshaped": Wording(
        sentence=(
            "{it} was brought into its shape with reshape, where it has to be transposed: the "
            "numbers are right, their places are not."
        ),
        hint="Turn it with .T: reshape keeps the order of the numbers.",
        fraction=0.6,
    ),
    "shape": Wording(
        sentence="{it} has the right numbers in the shape {seen}, expected is {expected}.",
        hint=(
            "Bring it into the shape {expected}, and look whether keepdims or a squeeze is in the "
            "way."
        ),
        fraction=0.8,
    ),
    "rows-permuted": Wording(
        sentence="{it} has the right rows in another order: your row {seen} is our row {expected}.",
        hint="Keep the order of the rows: look where they are sorted, shuffled or stacked.",
        fraction=0.5,
    ),
    "columns-permuted": Wording(
        sentence=(
            "{it} has the right columns in another order: your column {seen} is our column "
            "{expected}."
        ),
        hint="Keep the order of the columns: look where they are sorted, shuffled or stacked.",
        fraction=0.5,
    ),
    "rows-reversed": Wording(
        sentence="{it} has the right rows from last to first.",
        hint="Look for a [::-1], or for a loop that runs backwards and appends.",
        fraction=0.5,
    ),
    "columns-reversed": Wording(
        sentence="{it} has the right columns from last to first.",
        hint="Look for a [..., ::-1], or for a loop that runs backwards and appends.",
        fraction=0.5,
    ),
    "reversed": Wording(
        sentence="{it} has the right numbers from last to first.",
        hint="Look for a [::-1], or for a loop that runs backwards and appends.",
        fraction=0.5,
    ),
    "reordered": Wording(
        sentence="{it} has the right numbers, but in other places.",
        hint="Compare by hand where each number of a small example ends up.",
        fraction=0.5,
    ),
    "shifted": Wording(
        sentence=(
            "{it} is off by one along axis {axis}: what belongs at index {right} stands at index "
            "{wrong}."
        ),
        hint="Look for an index that starts at 1 in place of 0, and for a np.roll.",
        fraction=0.5,
    ),
    "zero": Wording(
        sentence="{it} is zero everywhere.",
        hint=(
            "Look for an array of zeros that is never filled, for .detach(), .data or no_grad(), "
            "and for a mask that lets nothing through."
        ),
        fraction=0.0,
    ),
    "part-zero": Wording(
        sentence="{it} is zero {where}, where ours is not; all other numbers are right.",
        hint="Fill every part: look for a loop that ends too early, and for a slice.",
        fraction=0.5,
    ),
    "row-missing": Wording(
        sentence="{it} lacks the {which} row; all others are right.",
        hint="Look for a slice that leaves out a row.",
        fraction=0.6,
    ),
    "bias-missing": Wording(
        sentence="{it} lacks its last row, which belongs to the bias; the others are right.",
        hint="Multiply with the inputs that carry the column of ones.",
        fraction=0.7,
    ),
    "bias-first": Wording(
        sentence=(
            "{it} has the bias in its first row, it belongs in the last: every other row stands "
            "one too low."
        ),
        hint="Append the column of ones behind the inputs, as the brief does, not before them.",
        fraction=0.7,
    ),
    "bias-zero": Wording(
        sentence="{it} is zero in its last row, which belongs to the bias; the others are right.",
        hint="The gradient of the bias is the sum over the samples of the gradient by the scores.",
        fraction=0.7,
    ),
    "bias-scaled": Wording(
        sentence=(
            "{it} is right but for its last row, which belongs to the bias: that is {factor} times "
            "ours."
        ),
        hint="Treat the bias as every other weight: one sum over the samples, the same mean.",
        fraction=0.7,
    ),
    "bias-not-summed": Wording(
        sentence="{it} has one row for each of the {n} samples: they have to be summed.",
        hint="Sum over the samples, axis 0.",
        fraction=0.6,
    ),
    "not-averaged": Wording(
        sentence="{it} has one number for each of the {n} samples: their mean is missing.",
        hint="Take the mean over the samples.",
        fraction=0.7,
    ),
}
