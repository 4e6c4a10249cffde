"""Softmax and what follows from it, and a few measures of arrays, in NumPy. Pure.

Scores are (N, C): one row for each sample, one column for each class.
"""

from __future__ import annotations

import numpy as np

from grader.records.measurements import Array

# ---------------------------------------------------------------------- softmax


def softmax(scores: Array) -> Array:
    """(N, C) probabilities in the dtype of the scores: exp(z) / Σ exp(z) for each row.

    Each row is shifted by its maximum, which changes nothing and keeps exp from overflowing
    (Goodfellow, Bengio and Courville 2016, section 4.1).
    """
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    rows: Array = powers / np.sum(powers, axis=1, keepdims=True)
    return rows


def log_softmax(scores: Array) -> Array:
    """(N, C) log-probabilities in float64: z − log Σ exp(z), shifted as in `softmax`.

    Scores of other shapes are flattened to one row for each sample. Log-probabilities stay as
    they are.
    """
    rows = np.asarray(scores, np.float64).reshape(scores.shape[0], -1)
    shifted = rows - np.max(rows, axis=1, keepdims=True)
    logs: Array = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return logs


def find_classes(dimensions: int) -> int:
    """In which dimension of scores the classes stand, as `inside.measuring.outputs` has it."""
    return 1 if dimensions > 3 else dimensions - 1


def normalise(scores: Array) -> Array:
    """Scores of any shape as log-probabilities in float64; of one class they stay as they are.

    Classes stand last in (N, C) and (N, T, C), second in (N, C, H, W).
    """
    numbers = np.asarray(scores, np.float64)
    axis = find_classes(numbers.ndim)
    if axis < 1 or numbers.shape[axis] < 2:
        return numbers
    with np.errstate(invalid="ignore"):  # ∞ − ∞ is NaN, which is never right
        shifted = numbers - np.max(numbers, axis=axis, keepdims=True)
        logs: Array = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return logs


def cross_entropy(scores: Array, classes: Array) -> float:
    """The mean over the samples of −log p of the right class; `classes` are (N,) whole numbers."""
    return -float(log_softmax(scores)[np.arange(len(classes)), classes].mean())


def one_hot(labels: Array, count: int) -> Array:
    """(N, count) float64: 1 in the column of each sample's class, else 0.

    `labels` are (N,) classes, or such rows already, which stay as they are.
    """
    labels = np.asarray(labels)
    rows: Array = labels if labels.ndim == 2 else np.eye(count)[labels.astype(np.int64)]
    return rows.astype(np.float64)


def softmax_gradient(probabilities: Array, gradient: Array) -> Array:
    """(N, C) gradient by the scores, from the one by the probabilities: p · (g − Σ g · p).

    From ∂p_k/∂z_j = p_k (δ_kj − p_j) (Bishop 2006, equation 4.106).
    """
    mean = (gradient * probabilities).sum(axis=1, keepdims=True)
    rows: Array = probabilities * (gradient - mean)
    return rows


# ---------------------------------------------------------------------- measures of arrays


def peak(values: Array) -> float:
    """The greatest size of a number, 0 for none; NaN where one of them is NaN."""
    return float(np.max(np.abs(values), initial=0.0))


def fit_factor(seen: Array, expected: Array) -> float:
    """The factor that brings `expected` nearest to `seen`, by least squares; 0 for none."""
    size = peak(expected)
    if size == 0.0:
        return 0.0
    flat = expected.reshape(-1) / size
    factor = float((seen.reshape(-1) / size) @ flat) / float(flat @ flat)
    return factor if np.isfinite(factor) else 0.0


def is_informative(values: Array) -> bool:
    """True for three or more different sizes other than 0: fewer numbers fit too many stories."""
    sizes = np.abs(values[values != 0.0])
    if not sizes.size:
        return False
    return bool(np.unique(np.round(sizes / sizes.max(), 9)).size >= 3)
