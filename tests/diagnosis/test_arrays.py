"""Single wrong arrays, losses and updates: each mistake gets its sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grader import diagnosis
from grader.diagnosis import Candidate, Context, Wording
from grader.diagnosis.wording import MESSAGES
from grader.records import messages
from kit import backprop as made
from kit.arrays import D2, EPS, G1, G2, LOGS, MATRIX, STEP, VECTOR, P, W, Y
from kit.backprop import DIGITS, NAMES, SAMPLES, Array, around_w1, around_w2, explained
from kit.wrong_gradients import GRADIENTS

ARRAYS: dict[str, tuple[Array, Array, Context, str]] = {
    "square": (
        MATRIX.T,
        MATRIX,
        Context(),
        "Your result is transposed: what belongs into row i and column j stands in row j and column i.",
    ),
    "not-summed": (
        D2,
        D2.sum(axis=0),
        Context(),
        "Your result has one row for each of the 16 samples: they have to be summed.",
    ),
    "keepdims": (
        D2.sum(axis=0, keepdims=True),
        D2.sum(axis=0),
        Context(),
        "Your result has the right numbers in the shape (1, 10), expected is (10,).",
    ),
    "row-missing": (
        MATRIX[1:],
        MATRIX,
        Context(),
        "Your result lacks the first row; all others are right.",
    ),
    "vector backwards": (
        VECTOR[::-1],
        VECTOR,
        Context(),
        "Your result has the right numbers from last to first.",
    ),
    "rolled": (
        np.roll(MATRIX, -1, axis=1),
        MATRIX,
        Context(),
        "Your result is off by one along axis 1: what belongs at index i stands at index i - 1.",
    ),
    "turned and transposed": (
        -MATRIX.T,
        MATRIX,
        Context(),
        "Your result is transposed: what belongs into row i and column j stands in row j and column i. Besides, its "
        "sign is turned.",
    ),
    "some zero": (
        np.where(np.abs(MATRIX) > 1.5, 0.0, MATRIX),
        MATRIX,
        Context(),
        f"Your result is zero in {np.sum(np.abs(MATRIX) > 1.5)} of 36 places, where ours is not; all other numbers "
        "are right.",
    ),
    "rows 1 and 4 zero": (
        MATRIX * np.array([1, 0, 1, 1, 0, 1.0])[:, None],
        MATRIX,
        Context(),
        "Your result is zero in rows 1 and 4, where ours is not; all other numbers are right.",
    ),
    "mask by its layer": (
        DIGITS.kept.x.T @ (around_w1().upstream * (DIGITS.kept.h1 <= 0)),
        G1,
        around_w1(),
        "Your result has the mask of ReLU turned round: the gradient flows where the value before ReLU is negative, "
        "and stops where it is positive.",
    ),
    "mask, weights turned": (
        (DIGITS.kept.x.T @ around_w1().upstream).T,
        G1.T,
        replace(around_w1(), bias="none"),
        "Your result leaves out the derivative of ReLU: the gradient also flows where the value before ReLU is "
        "negative.",
    ),
    "mask at the activations": (
        around_w1().upstream,
        around_w1().upstream * (DIGITS.kept.h1 > 0),
        replace(around_w1(), bias="none"),
        "Your result leaves out the derivative of ReLU: the gradient also flows where the value before ReLU is "
        "negative.",
    ),
    "mask, bias": (
        around_w1().upstream.sum(axis=0),
        (around_w1().upstream * (DIGITS.kept.h1 > 0)).sum(axis=0),
        around_w1(),
        "Your result leaves out the derivative of ReLU: the gradient also flows where the value before ReLU is "
        "negative.",
    ),
    "labels by their layer": (
        made.label_forgotten(DIGITS.kept, DIGITS.labels)[1],
        G2,
        around_w2(),
        "Your result starts from y_pred alone: y_real is not subtracted.",
    ),
    "last sample": (
        np.outer(DIGITS.kept.h1_ext[-1], D2[-1]),
        G2,
        around_w2(),
        "Your result counts only the last of the 16 samples.",
    ),
    "accumulated": (
        G2 + MATRIX[0, 0] * np.cos(np.arange(130)).reshape(13, 10),
        G2,
        Context(previous=MATRIX[0, 0] * np.cos(np.arange(130)).reshape(13, 10)),
        "Your result is the gradient of this pass plus that of the pass before.",
    ),
    "stale": (
        np.cos(np.arange(130)).reshape(13, 10),
        G2,
        Context(previous=np.cos(np.arange(130)).reshape(13, 10)),
        "Your result is the gradient of the pass before.",
    ),
    "accumulated or doubled": (
        2 * G2,
        G2,
        Context(previous=G2),
        "Your result is twice ours, every number of it.",
    ),
    "N is 2": (2 * G2, G2, Context(batch=2), "Your result is twice ours, every number of it."),
    "rows of two": (
        MATRIX[:2][::-1],
        MATRIX[:2],
        Context(),
        "Your result has the right rows in another order: your row 0 is our row 1.",
    ),
    "own suspect": (
        np.tanh(MATRIX),
        MATRIX,
        Context(
            candidates=(
                Candidate(
                    code="tanh",
                    values=np.tanh(MATRIX),
                    wording=Wording(sentence="{it} has passed tanh.", hint="Leave it out."),
                ),
            )
        ),
        "Your result has passed tanh.",
    ),
    "float32": (
        MATRIX.astype(np.float32),
        MATRIX,
        Context(),
        "Your result was computed in float32: the differences are rounding, not a mistake.",
    ),
    "float16": (
        MATRIX.astype(np.float16).astype(np.float64),
        MATRIX,
        Context(),
        "Your result was computed in float16: the differences are rounding, not a mistake.",
    ),
    "NaN": (
        np.where(MATRIX > 1, np.nan, MATRIX),
        MATRIX,
        Context(),
        f"Your result is NaN or infinite in {np.sum(MATRIX > 1)} of 36 places.",
    ),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_one_array(case: str) -> None:
    """One array is diagnosed by itself, with what its context tells."""
    seen, expected, known, sentence = ARRAYS[case]
    fault = diagnosis.name(seen, expected, context=known, rtol=1e-9)
    assert fault is not None
    assert fault.sentence == sentence


def test_rounding_costs_nothing() -> None:
    """Fewer digits are no mistake: full credit is suggested, and none is asked at 1e-6."""
    seen = made.in_float32(DIGITS.kept, DIGITS.labels)
    found = explained(seen, rtol=1e-12)
    assert [(f.names, f.code, f.fraction) for f in found] == [(NAMES, "rounding", 1.0)]


def test_softmax_that_overflows() -> None:
    """NaN is traced to exp where the scores are that large, in the numbers' own precision."""
    scores = MATRIX * 800
    with np.errstate(all="ignore"):
        powers = np.exp(scores)
        seen = powers / powers.sum(axis=1, keepdims=True)
    p = made.softmax(scores)
    known = Context(logits=scores, probabilities=p)
    fault = diagnosis.name(seen, p, context=known)
    assert fault is not None
    assert (fault.code, fault.fraction) == ("overflow", 0.7)
    assert fault.sentence == (
        f"Your result is NaN or infinite in {np.sum(~np.isfinite(seen))} of 36 places: exp "
        f"overflows, as the greatest score is {scores.max():.0f}."
    )
    assert fault.hint == (
        "Subtract each row's maximum from the scores before exp: softmax stays the same."
    )
    assert fault.facts["greatest"] == scores.max()
    low = Context(logits=MATRIX * 100, probabilities=p)
    single = diagnosis.name(seen.astype(np.float32), p, context=low)
    double = diagnosis.name(seen, p, context=low)
    assert single is not None
    assert double is not None
    assert (single.code, double.code) == ("overflow", "nan")


# ---------------------------------------------------------------------- losses


ROUGH = 1e-2
"""An eps at which it can be told where it stands."""


LOSSES: dict[str, tuple[float | Array, float, str]] = {
    "sign": (
        np.mean(np.sum(Y * np.log(P + EPS), axis=1)),
        EPS,
        "has its sign turned, in every number.",
    ),
    "sum-not-mean": (
        LOGS.sum(),
        EPS,
        "is 16 times too large: you sum over the 16 samples of the batch where the mean is asked for.",
    ),
    "mean-twice": (
        LOGS.mean() / SAMPLES,
        EPS,
        "is 16 times too small: you divide by the batch size 16 once too often.",
    ),
    "mean-over-classes": (
        -np.mean(Y * np.log(P + EPS)),
        EPS,
        "is 10 times too small: you take the mean over the 10 classes too.",
    ),
    "log2": (-np.mean(np.sum(Y * np.log2(P + EPS), axis=1)), EPS, "uses the logarithm to base 2."),
    "log10": (
        -np.mean(np.sum(Y * np.log10(P + EPS), axis=1)),
        EPS,
        "uses the logarithm to base 10.",
    ),
    "sum-not-mean+sign": (
        -LOGS.sum(),
        EPS,
        "is 16 times too large: you sum over the 16 samples of the batch where the mean is asked for. Besides, its "
        "sign is turned.",
    ),
    "eps-missing": (
        -np.mean(np.sum(Y * np.log(P), axis=1)),
        EPS,
        "does not add eps to the probability inside the logarithm, or adds much less.",
    ),
    "eps-outside": (
        -np.mean(np.sum(Y * (np.log(P) + ROUGH), axis=1)),
        ROUGH,
        "adds eps to the logarithm; it belongs inside, to the probability.",
    ),
    "eps-clipped": (
        -np.mean(np.sum(Y * np.log(np.maximum(P, ROUGH)), axis=1)),
        ROUGH,
        "uses eps as a lower bound of the probability; it is to be added to it.",
    ),
    "eps-other": (
        -np.mean(np.sum(Y * np.log(P + 1e-5), axis=1)),
        EPS,
        "adds 1e-05 to the probability, eps is 1e-07.",
    ),
    "eps-added": (
        -np.mean(np.sum(Y * np.log(P + 1e-7), axis=1)),
        0.0,
        "adds 1e-07 to the probability, which nobody asked for.",
    ),
    "all-classes": (
        -np.mean(np.sum(np.log(P + EPS), axis=1)),
        EPS,
        "takes the logarithm for all classes, without y_real.",
    ),
    "binary": (
        -np.mean(np.sum(Y * np.log(P + EPS) + (1 - Y) * np.log(1 - P + EPS), axis=1)),
        EPS,
        "adds the term (1 - y_real) * log(1 - y_pred), which belongs to two classes only.",
    ),
    "swapped": (
        -np.mean(np.sum(P * np.log(Y + EPS), axis=1)),
        EPS,
        "has y_pred and y_real exchanged: the logarithm is taken of y_real.",
    ),
    "no-logarithm": (
        np.mean(P[Y == 1]),
        EPS,
        "has no logarithm: it is the probability of the real class.",
    ),
    "entropy": (
        -np.mean(np.sum(P * np.log(P + EPS), axis=1)),
        EPS,
        "is the entropy of y_pred: y_real does not occur in it.",
    ),
    "squared": (
        np.mean(np.sum((P - Y) ** 2, axis=1)),
        EPS,
        "is the squared error, the brief asks for cross-entropy.",
    ),
    "softmax-applied-twice": (
        -np.mean(np.sum(Y * np.log(made.softmax(P) + EPS), axis=1)),
        EPS,
        "applies softmax to y_pred, which has passed it already.",
    ),
    "labels-shifted": (
        -np.mean(np.log(P[np.arange(SAMPLES), Y.argmax(axis=1) - 1] + EPS)),
        EPS,
        "belongs to labels that are off by one: class k is counted as class k - 1.",
    ),
    "first-sample": (LOGS[0], EPS, "counts only the first of the 16 samples."),
    "last-sample": (LOGS[-1], EPS, "counts only the last of the 16 samples."),
    "not-averaged": (
        LOGS,
        EPS,
        "has one number for each of the 16 samples: their mean is missing.",
    ),
    "shape": (
        LOGS.mean(keepdims=True),
        EPS,
        "has the right numbers in the shape (1,), expected is ().",
    ),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_losses(kind: str) -> None:
    """A cross-entropy, one number, is traced to the formula that was written."""
    seen, eps, predicate = LOSSES[kind]
    expected = np.asarray(-np.mean(np.sum(Y * np.log(P + eps), axis=1)))
    known = Context(probabilities=P, labels=Y, eps=eps)
    fault = diagnosis.name(np.asarray(seen), expected, context=known, it="Your loss")
    assert fault is not None
    assert (fault.code, fault.sentence) == (kind, f"Your loss {predicate}")


def test_losses_of_each_sample() -> None:
    """Where one number for each sample is asked for, the formula is found as well."""
    known = Context(probabilities=P, labels=Y, eps=EPS)
    wrong = {
        "log2": LOGS / np.log(2),
        "eps-missing": -np.log(P[Y == 1]),
        "sign": -LOGS,
        "squared": np.sum((P - Y) ** 2, axis=1),
    }
    for kind, seen in wrong.items():
        fault = diagnosis.name(seen, LOGS, context=known)
        assert fault is not None
        assert fault.code == kind


def test_logarithm_of_zero() -> None:
    """An infinite loss beside a probability that is 0 is said to be what it is."""
    p = P.copy()
    p[3, Y[3].argmax()] = 0.0
    known = Context(probabilities=p, labels=Y, eps=EPS)
    fault = diagnosis.name(np.asarray(np.inf), LOGS.mean(), context=known, it="Your loss")
    assert fault is not None
    assert fault.sentence == (
        "Your loss is NaN or infinite: you take the logarithm of a probability that is 0."
    )


# ---------------------------------------------------------------------- updates

UPDATES: dict[str, tuple[Array, str]] = {
    "not-updated": (W, "did not change."),
    "added": (
        W + STEP,
        "moved along the gradient, not against it: you add where the update subtracts.",
    ),
    "updated-twice": (W - STEP - STEP, "was updated twice."),
    "without-rate": (W - G2, "moved by the whole gradient: the learning rate is missing."),
    "updated-with-sum": (
        W - SAMPLES * STEP,
        "moved 16 times too far: the gradient is a sum over the batch, not a mean.",
    ),
    "updated-with-mean-twice": (
        W - STEP / SAMPLES,
        "moved 16 times too little: the gradient was divided by the batch size twice.",
    ),
    "other-rate": (
        W - 0.003 * G2,
        "moved as with the learning rate 0.003, asked for is 0.01.",
    ),
    "weights-replaced": (
        -STEP,
        "was replaced by minus learning rate times gradient: the old weights are gone.",
    ),
}


@pytest.mark.parametrize("kind", UPDATES)
def test_updates(kind: str) -> None:
    """Weights after one step tell what step was taken."""
    seen, predicate = UPDATES[kind]
    known = Context(before=W, gradient=G2, rate=0.01, batch=SAMPLES)
    (found,) = diagnosis.explain([seen], [W - STEP], ["w2"], context=known, what="")
    assert (found.code, found.sentence) == (kind, f"Your `w2` {predicate}")


def test_what_is_impossible_is_left_out() -> None:
    """A loss that skips the samples whose real class has the probability 0."""
    p = np.array([[0.0, 1.0], [0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    labels = np.array([0, 1, 0, 1])
    chosen = p[np.arange(4), labels]
    known = Context(probabilities=p, labels=labels, eps=1e-7, batch=4)
    seen = -np.mean(np.where(chosen > 0, np.log(chosen + 1e-7), 0.0))
    fault = diagnosis.name(seen, -np.mean(np.log(chosen + 1e-7)), context=known, rtol=1e-9)
    assert fault is not None
    assert fault.code == "impossible-left-out"


def test_every_kind_is_shown() -> None:
    """Each sentence that can be said is said above, but for two that are shown by themselves."""
    shown = {kind for kind, _ in GRADIENTS.values()} | set(LOSSES) | set(UPDATES)
    for seen, expected, known, _ in ARRAYS.values():
        fault = diagnosis.name(seen, expected, context=known, rtol=1e-9)
        shown |= {fault.code} if fault else set()
    shown |= {"overflow", "log-of-zero"}  # test_softmax_that_overflows, test_logarithm_of_zero
    shown |= {"impossible-left-out"}  # test_what_is_impossible_is_left_out
    shown |= {"relu-from-input", "weights-not-transposed"}  # test_mask_of_the_inputs and the next
    # `negative` stands in for `sign` where another cause fits as well
    assert MESSAGES.keys() - shown == {"negative"}


def test_a_mistake_has_one_message() -> None:
    """No two mistakes of an array are said by the same words, and each has a heading."""
    assert len(set(MESSAGES.values())) == len(MESSAGES)
    assert all(messages.current()[code].title for code in MESSAGES.values())
