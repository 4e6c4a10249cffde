"""Each wrong backward pass of `backprop.py`, and the sentence that it gets."""

from __future__ import annotations

from collections.abc import Callable

from kit import backprop as made
from kit.backprop import Array, Gradients, Kept

BOTH = "Each of your gradients (`w1`, `w2`)"
ONE = "Your gradient of `w1`"
TWO = "Your gradient of `w2`"
GRADIENTS: dict[Callable[[Kept, Array], Gradients], tuple[str, str]] = {
    made.difference_turned: ("sign", f"{BOTH} has its sign turned, in every number."),
    made.not_divided: (
        "sum-not-mean",
        f"{BOTH} is 16 times too large: you sum over the 16 samples of the batch where the mean is asked for.",
    ),
    made.divided_twice: (
        "mean-twice",
        f"{BOTH} is 16 times too small: you divide by the batch size 16 once too often.",
    ),
    made.divided_by_all: (
        "mean-over-classes",
        f"{BOTH} is 10 times too small: you take the mean over the 10 classes too.",
    ),
    made.divided_once_only: (
        "sum-not-mean",
        f"{ONE} is 16 times too large: you sum over the 16 samples of the batch where the mean is asked for.",
    ),
    made.turned_and_not_divided: (
        "sum-not-mean+sign",
        f"{BOTH} is 16 times too large: you sum over the 16 samples of the batch where the mean is asked for. "
        "Besides, its sign is turned.",
    ),
    made.doubled: ("doubled", f"{BOTH} is twice ours, every number of it."),
    made.halved: ("halved", f"{BOTH} is half of ours, every number of it."),
    made.tripled: ("scaled", f"{BOTH} is 3 times ours, every number of it."),
    made.rate_inside: (
        "rate-inside",
        f"{BOTH} is 0.05 times ours: the learning rate is in it already.",
    ),
    made.transposed: (
        "transposed",
        f"{BOTH} is transposed: what belongs into row i and column j stands in row j and column i.",
    ),
    made.reshaped: (
        "reshaped",
        f"{BOTH} was brought into its shape with reshape, where it has to be transposed: the numbers are right, "
        "their places are not.",
    ),
    made.without_ones: (
        "bias-missing",
        f"{BOTH} lacks its last row, which belongs to the bias; the others are right.",
    ),
    made.ones_in_front: (
        "bias-first",
        f"{BOTH} has the bias in its first row, it belongs in the last: every other row stands one too low.",
    ),
    made.bias_forgotten: (
        "bias-zero",
        f"{BOTH} is zero in its last row, which belongs to the bias; the others are right.",
    ),
    made.bias_summed_anew: (
        "bias-scaled",
        f"{BOTH} is right but for its last row, which belongs to the bias: that is 16 times ours.",
    ),
    made.no_relu: (
        "relu-missing",
        f"{ONE} leaves out the derivative of ReLU: the gradient also flows where the value before ReLU is negative.",
    ),
    made.mask_inverted: (
        "relu-inverted",
        f"{ONE} has the mask of ReLU turned round: the gradient flows where the value before ReLU is negative, "
        "and stops where it is positive.",
    ),
    made.mask_of_gradient: (
        "relu-from-upstream",
        f"{ONE} takes the mask of ReLU from the sign of the gradient; what counts is the sign of the value before "
        "ReLU.",
    ),
    made.times_activation: (
        "relu-value",
        f"{ONE} multiplies the gradient by the output of ReLU, where its derivative belongs, which is 0 or 1.",
    ),
    made.label_forgotten: (
        "label-missing",
        f"{BOTH} starts from y_pred alone: y_real is not subtracted.",
    ),
    made.prediction_forgotten: (
        "prediction-missing",
        f"{BOTH} starts from -y_real alone: y_pred is missing.",
    ),
    made.softmax_forgotten: (
        "softmax-missing",
        f"{BOTH} starts from -y_real / y_pred, the derivative of the logarithm: that of softmax is missing.",
    ),
    made.softmax_by_its_diagonal: (
        "softmax-diagonal",
        f"{BOTH} uses only the diagonal of softmax's derivative; each score changes the probabilities of all "
        "classes.",
    ),
    made.softmax_again: (
        "softmax-twice",
        f"{BOTH} carries the factor y_pred * (1 - y_pred), which is too much: y_pred - y_real is already the "
        "derivative by the scores.",
    ),
    made.scores_taken: (
        "scores-for-probabilities",
        f"{BOTH} starts from the scores minus y_real: softmax has not been applied to them.",
    ),
    made.classes_taken: (
        "classes-for-probabilities",
        f"{BOTH} starts from the predicted classes, 0 or 1, where the probabilities belong.",
    ),
    made.labels_from_one: (
        "labels-shifted",
        f"{BOTH} belongs to labels that are off by one: class k is counted as class k + 1.",
    ),
    made.returned_in_the_loop: (
        "first-sample",
        f"{BOTH} counts only the first of the 16 samples.",
    ),
    made.assigned_in_the_loop: (
        "last-sample",
        f"{BOTH} counts only the last of the 16 samples.",
    ),
    made.loop_too_short: ("without-last", f"{BOTH} leaves out the last of the 16 samples."),
    made.loop_from_one: ("without-first", f"{BOTH} leaves out the first of the 16 samples."),
    made.first_column_cut: (
        "wrong-column",
        f"{ONE} uses a gradient of which the first column was cut off; the column of ones is the last.",
    ),
    made.updated_too_early: (
        "weights-updated",
        f"{ONE} uses weights of the next layer that had been updated already.",
    ),
    made.values_before_relu: (
        "before-relu",
        f"{TWO} uses the values before ReLU, where those after it belong.",
    ),
    made.never_filled: ("zero", f"{ONE} is zero everywhere."),
    made.some_units_left_out: (
        "part-zero",
        f"{ONE} is zero in columns 9 to 11, where ours is not; all other numbers are right.",
    ),
    made.index_off_by_one: (
        "shifted",
        f"{TWO} is off by one along axis 1: what belongs at index i stands at index i + 1.",
    ),
    made.units_backwards: (
        "columns-reversed",
        f"{ONE} has the right columns from last to first.",
    ),
    made.units_sorted: (
        "columns-permuted",
        f"{ONE} has the right columns in another order: your column 0 is our column 9.",
    ),
    made.inputs_sorted: (
        "rows-permuted",
        f"{TWO} has the right rows in another order: your row 0 is our row 10.",
    ),
    made.inputs_backwards: ("rows-reversed", f"{TWO} has the right rows from last to first."),
    made.all_sorted: ("reordered", f"{TWO} has the right numbers, but in other places."),
    made.inverted_and_turned: (
        "relu-inverted+sign",
        f"{BOTH} has the mask of ReLU turned round: the gradient flows where the value before ReLU is negative, "
        "and stops where it is positive. Besides, its sign is turned.",
    ),
    made.transposed_and_not_divided: (
        "transposed+sum-not-mean",
        f"{BOTH} is transposed: what belongs into row i and column j stands in row j and column i. Besides, it is "
        "16 times too large: a sum where the mean is asked for.",
    ),
    made.tripled_and_turned: (
        "scaled+sign",
        f"{BOTH} is 3 times ours, every number of it. Besides, its sign is turned.",
    ),
}
