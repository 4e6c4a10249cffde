"""Softmax and its relatives beside torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.diagnosis.numerics import (
    cross_entropy,
    fit_factor,
    is_informative,
    log_softmax,
    one_hot,
    softmax,
    softmax_gradient,
)

CLASSES = np.array([2, 0, 1, 1])


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-3, 1.0, 30.0, 1e4]))
def test_as_torch_computes_it(seed: int, size: float) -> None:
    """Probabilities, their logarithms, the loss and its gradient, for scores of any size."""
    scores = size * np.random.default_rng(seed).standard_normal((4, 3))
    leaf = torch.tensor(scores, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(CLASSES))
    loss.backward()  # type: ignore[no-untyped-call]
    assert np.allclose(softmax(scores), leaf.softmax(1).detach().numpy(), rtol=1e-12)
    assert np.allclose(log_softmax(scores), leaf.log_softmax(1).detach().numpy(), rtol=1e-12)
    assert cross_entropy(scores, CLASSES) == pytest.approx(loss.item(), rel=1e-12, abs=1e-15)
    assert leaf.grad is not None
    by_hand = (softmax(scores) - one_hot(CLASSES, 3)) / 4
    assert np.allclose(by_hand, leaf.grad.numpy(), rtol=1e-9, atol=1e-15)


def test_the_gradient_through_softmax() -> None:
    """As torch differentiates any function of the probabilities."""
    scores = np.random.default_rng(0).standard_normal((4, 3))
    leaf = torch.tensor(scores, requires_grad=True)
    p = leaf.softmax(1)
    (p**2).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    assert np.allclose(softmax_gradient(softmax(scores), 2 * softmax(scores)), leaf.grad.numpy())


def test_shapes_and_dtypes() -> None:
    """Log-probabilities are rows in float64 and stay as they are; labels may be rows already."""
    logs = log_softmax(np.zeros((2, 5, 1), np.float32))
    assert (logs.shape, logs.dtype) == ((2, 5), np.float64)
    assert np.allclose(log_softmax(logs), logs, rtol=1e-15)
    rows = one_hot(CLASSES, 3)
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert one_hot(rows.astype(int), 3).tolist() == rows.tolist()


def test_factors() -> None:
    """Least squares find the factor, of large and small numbers alike; none is 0."""
    values = np.array([[1.0, -2.0], [3.0, 0.5]])
    for size in (1.0, 1e200, 1e-200):
        assert fit_factor(-3 * size * values, size * values) == pytest.approx(-3)
    assert fit_factor(values, 0 * values) == 0.0
    assert fit_factor(np.nan * values, values) == 0.0


def test_few_sizes_say_little() -> None:
    """Three different sizes are needed; signs and zeros do not count."""
    assert is_informative(np.array([1.0, -2.0, 0.0, 3.0]))
    for few in ([1.0, -1.0, 2.0], [0.0, 0.0], [5.0]):
        assert not is_informative(np.array(few))
