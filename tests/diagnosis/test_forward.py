"""Mistakes in a forward pass, and steps along the gradient of a network without ReLU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from grader import diagnosis
from grader.diagnosis import Context, Pass
from grader.diagnosis.context import Bias
from grader.records.measurements import Array

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 7))
W1, W2 = RNG.normal(size=(8, 5)), RNG.normal(size=(6, 4))
Y = np.eye(4)[[0, 1, 2, 3, 0, 2]]
RUN = Pass.forward(X, [W1, W2], Y, "last")
APART = [W1[:-1], W1[-1], W2[:-1], W2[-1]]
ONES = np.ones((6, 1))


def logits(x: Array = X) -> Array:
    """The right scores."""
    return np.hstack([np.maximum(np.hstack([x, ONES]) @ W1, 0), ONES]) @ W2


def rows(scores: Array) -> Array:
    """The right softmax."""
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


RIGHT = rows(logits())
HIDDEN = X @ W1[:-1] + W1[-1]
WRONG: dict[str, Array] = {
    "leaves out ReLU": rows(HIDDEN @ W2[:-1] + W2[-1]),
    "has ReLU turned round": rows(np.minimum(HIDDEN, 0) @ W2[:-1] + W2[-1]),
    "applies tanh where ReLU": rows(np.tanh(HIDDEN) @ W2[:-1] + W2[-1]),
    "takes the absolute value": rows(abs(HIDDEN) @ W2[:-1] + W2[-1]),
    "it returns the scores": logits(),
    "softmax over axis 0": np.exp(logits()) / np.exp(logits()).sum(axis=0),
    "over the whole batch": np.exp(logits()) / np.exp(logits()).sum(),
    "does not divide by their sum": np.exp(logits()),
    "does not exponentiate them": logits() / logits().sum(axis=1)[:, None],
    "returns logarithms": np.log(RIGHT),
    "applies softmax twice": rows(RIGHT),
    "sigmoid function where softmax": 1 / (1 + np.exp(-logits())),
    "to the last scores too": rows(np.maximum(logits(), 0)),
    "before the other inputs of `w1`.": rows(
        np.hstack([np.maximum(np.hstack([ONES, X]) @ W1, 0), ONES]) @ W2
    ),
    "before the other inputs of `w2`.": rows(np.hstack([ONES, np.maximum(HIDDEN, 0)]) @ W2),
    "of `w1` and `w2`.": rows(np.hstack([ONES, np.maximum(np.hstack([ONES, X]) @ W1, 0)]) @ W2),
    "leaves out the bias": rows(np.maximum(X @ W1[:-1], 0) @ W2[:-1]),
}
"""What a sentence says, and the predictions it is true of, computed without the code under test."""


def named(seen: Array, run: Pass = RUN, rtol: float = 1e-6) -> diagnosis.Diagnosis | None:
    """The mistake in these predictions."""
    return diagnosis.name(
        seen, RIGHT, context=Context(candidates=diagnosis.predictions(run)), rtol=rtol
    )


@pytest.mark.parametrize("text", WRONG)
def test_named(text: str) -> None:
    """Each mistake has its sentence, and says what to do; so in float32, and with biases apart."""
    apart = Pass.forward(X, APART, Y, "apart")
    forms = [RUN] if "inputs of" in text or "`w2`" in text else [RUN, apart]
    for run in forms:
        for seen, rtol in ((WRONG[text], 1e-6), (WRONG[text].astype(np.float32), 1e-4)):
            found = named(seen, run, rtol)
            assert found is not None, text
            assert text in found.sentence
            assert found.hint


@pytest.mark.parametrize(
    "right",
    [
        RIGHT.copy,
        lambda: rows(logits() - logits().max(axis=1, keepdims=True)),
        lambda: np.exp(logits() - np.log(np.exp(logits()).sum(axis=1))[:, None]),
    ],
)
def test_silent_on_what_is_right(right: Callable[[], Array]) -> None:
    """Another way to compute the same is no mistake."""
    assert named(right()) is None


def test_silent_on_what_is_none_of_these() -> None:
    """Nor is a sentence said of two mistakes at once, of nearly one, or of random numbers."""
    both = np.hstack([HIDDEN, ONES]) @ W2
    assert named(both) is None
    assert named(WRONG["leaves out ReLU"] * (1 + 1e-3 * np.cos(RIGHT))) is None
    assert named(rows(np.where(HIDDEN > 0, HIDDEN, 0.01 * HIDDEN) @ W2[:-1] + W2[-1])) is None
    assert named(RNG.random((6, 4))) is None


@pytest.mark.parametrize("bias", ["last", "apart", "none"])
def test_a_step_without_relu(bias: Bias) -> None:
    """What torch's own derivatives of a network without ReLU make of the weights."""
    params = {"last": [W1, W2], "apart": APART, "none": [W1[:-1], W2[:-1]]}[bias]
    run = Pass.forward(X, params, Y, bias)
    leaves = [torch.tensor(p, requires_grad=True) for p in params]
    images, ones = torch.tensor(X), torch.ones(6, 1, dtype=torch.double)
    if bias == "last":
        hidden = torch.cat([images, ones], 1) @ leaves[0]
        scores = torch.cat([hidden, ones], 1) @ leaves[1]
    elif bias == "apart":
        scores = (images @ leaves[0] + leaves[1]) @ leaves[2] + leaves[3]
    else:
        scores = images @ leaves[0] @ leaves[1]
    torch.nn.functional.cross_entropy(scores, torch.tensor(Y)).backward()
    made = diagnosis.descents(run, 0.1)
    assert len(made) == len(params)
    for leaf, (candidate,) in zip(leaves, made, strict=True):
        assert leaf.grad is not None
        right = (leaf - 0.1 * leaf.grad).detach().numpy()
        assert np.allclose(candidate.values, right, rtol=1e-9, atol=1e-12)
        found = diagnosis.name(candidate.values, W1, context=Context(candidates=(candidate,)))
        if candidate.values.shape == W1.shape:
            assert found is not None
            assert "without ReLU" in found.sentence
            assert found.hint
