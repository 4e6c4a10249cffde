"""What every step of a recorded training says of the function that took it. Pure.

Recorded is the training of one linear layer without bias by a student's function: which pictures a
batch held, the weights before it, and the slopes that came back for the scores. So nothing of how
the function is written matters, and its settings are read off what it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from grader.records.measurements import Array

CLOSE = 2e-3
"""Share of the greatest step by which a replayed one may differ: float32, small weight decay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """A training that was watched, with what it was given."""

    images: Array
    """(pictures, pixels)."""
    labels: Array
    """(pictures,) classes."""
    rows: tuple[Array, ...]
    """Numbers of the pictures of each batch; −1 for one that was not given."""
    weights: tuple[Array, ...]
    """(classes, pixels) before each step, and after the last."""
    slopes: tuple[Array, ...]
    """Derivatives of the loss by the scores, (N, classes) for each batch."""
    yields: tuple[int, ...]
    """How many steps had been taken at each `yield`."""

    @classmethod
    def read(cls, record: Any, given: Mapping[str, Any]) -> Self | None:
        """A student's record, with `images` and `labels` of the reference's; None where it is not
        whole.
        """
        images, labels = (np.asarray(given[k]) for k in ("images", "labels"))
        try:
            rows = tuple(np.asarray(r, np.int64) for r in record["rows"])
            weights = tuple(np.asarray(w, np.float64) for w in record["weights"])
            slopes = tuple(np.asarray(s, np.float64) for s in record["slopes"])
            yields = tuple(int(n) for n in record["yields"])
        except (KeyError, TypeError, ValueError):
            return None
        shape = np.shape(given["weights"][0])
        whole = (
            len(weights) == len(rows) + 1 == len(slopes) + 1
            and all(w.shape == shape for w in weights)
            and all(r.ndim == 1 and r.size and -1 <= r.min() <= r.max() < len(images) for r in rows)
            and all(s.shape == (len(r), shape[0]) for r, s in zip(rows, slopes, strict=True))
        )
        if not whole:
            return None
        return cls(
            images=images.reshape(len(images), -1).astype(np.float64),
            labels=labels.astype(np.int64),
            rows=rows,
            weights=weights,
            slopes=slopes,
            yields=yields,
        )

    # ------------------------------------------------------------------ epochs

    def yielding(self, epochs: int) -> str:
        """What is wrong with the `yield`s, a sentence; empty where nothing is."""
        count = len(self.yields)
        if not count:
            return "It yields nothing, so nobody can look at the network between epochs."
        steps = len(self.rows)
        if count == steps != epochs:
            return f"It yields after each of its {steps} steps, not after each of {epochs} epochs."
        return (
            ""
            if count == epochs
            else f"It yields {count} times, not after each of {epochs} epochs."
        )

    def showing(self) -> str:
        """Which pictures of the first epoch are left out or repeated."""
        first, total = self._epochs()[0], len(self.images)
        if (first < 0).any():
            return "It shows the network pictures that are not those it was given."
        kinds = len(np.unique(first))
        if kinds < len(first):
            return f"An epoch shows {kinds} different pictures of {total}, some of them repeatedly."
        return f"An epoch shows {kinds} of {total} pictures." if kinds < total else ""

    def shuffling(self) -> str:
        """Whether epochs have the order in which the pictures were given, or one another's."""
        first, *later = self._epochs()
        if (first < 0).any():
            return ""
        if np.array_equal(first, np.arange(len(first))):
            return "The pictures come in the order in which they were given."
        if later and np.array_equal(first, later[0]):
            return "The order of the pictures is the same in every epoch."
        return ""

    def _epochs(self) -> list[Array]:
        """The rows of each epoch: between `yield`s, or else so many as there are pictures."""
        ends = sorted(set(self.yields))
        if len(ends) < 2 or len(ends) == len(self.rows) > 5:
            every = np.concatenate(self.rows)
            return [every[i : i + len(self.images)] for i in range(0, len(every), len(self.images))]
        parts = zip([0, *ends], ends, strict=False)
        return [np.concatenate(self.rows[a:b]) for a, b in parts if b > a]

    # ------------------------------------------------------------------ steps

    @property
    def batch(self) -> int:
        """How many pictures the largest batch holds."""
        return max(len(r) for r in self.rows)

    def loss(self) -> str:
        """What is wrong with the gradients, a sentence; empty where they are those of the mean
        cross-entropy, and of one batch only.
        """
        if any((r < 0).any() for r in self.rows):
            return "The pictures are changed before the network is shown them."
        told = {
            "": 1,
            "The loss is the sum over a batch; cross-entropy is the mean.": self.batch,
        }
        for text, times in told.items():
            if self._agrees(self._right(), times):
                return text or self._kept()
        if self._agrees(self._twice(), 1):
            return "Softmax is applied before the cross-entropy, which applies it itself."
        return "The gradients are not those of the mean cross-entropy of the batch."

    def settings(self) -> tuple[float, float] | None:
        """Learning rate and momentum that explain every step; None where no such pair does."""
        found = self._explained()
        return None if found is None else found[:2]

    def otherwise(self) -> str:
        """A sentence on steps that are not those of gradient descent with momentum."""
        if not self._moves():
            return "The weights stay as they were: the optimiser is never asked to step."
        first = np.abs(self.weights[1] - self.weights[0])
        size = float(np.median(first))
        if size and np.mean(np.abs(first - size) < 0.05 * size) > 0.9:
            return (
                f"The first step moves every weight by the same amount, {size:.2g}, as Adam does: "
                "that is not gradient descent with momentum."
            )
        return "No learning rate with a momentum explains the steps."

    def _moves(self) -> bool:
        return len(self.rows) > 1 and not np.array_equal(self.weights[0], self.weights[-1])

    def _right(self) -> list[Array]:
        """Derivatives of the mean cross-entropy by the scores."""
        return [
            (p - self._wanted(r)) / len(r) for p, r in zip(self._said(), self.rows, strict=True)
        ]

    def _twice(self) -> list[Array]:
        """The same where softmax was applied to the probabilities again."""
        found = []
        for said, rows in zip(self._said(), self.rows, strict=True):
            by = (_softmax(said) - self._wanted(rows)) / len(rows)
            found.append(said * (by - (by * said).sum(axis=1, keepdims=True)))
        return found

    def _said(self) -> list[Array]:
        """The network's probabilities for each batch."""
        pairs = zip(self.rows, self.weights, strict=False)
        return [_softmax(self.images[rows] @ weights.T) for rows, weights in pairs]

    def _wanted(self, rows: Array) -> Array:
        found: Array = np.eye(self.weights[0].shape[0])[self.labels[rows]]
        return found

    def _agrees(self, slopes: list[Array], times: float) -> bool:
        pairs = zip(self.slopes, slopes, self.rows, strict=True)
        full = [(s, times * e) for s, e, r in pairs if times == 1 or len(r) == times]
        return all(np.abs(s - e).max() <= 1e-3 * np.abs(e).max() for s, e in full)

    def _kept(self) -> str:
        """Whether steps are explained only by gradients that were never set to zero."""
        found = self._explained()
        if found is None or not found[2]:
            return ""
        return "Gradients of earlier batches are still there: set them to zero before `backward`."

    def _explained(self) -> tuple[float, float, bool] | None:
        """Learning rate, momentum, and whether gradients were never set to zero.

        Without momentum, gradients that add up are the same as a momentum of 1.
        """
        if not self._moves():
            return None
        gradients = self._gradients()
        if (plain := self._fitted(gradients)) is not None:
            return (plain[0], 0.0, True) if abs(plain[1] - 1) < 0.01 else (*plain, False)
        added = self._fitted(np.cumsum(gradients, axis=0))
        return None if added is None else (*added, True)

    def _gradients(self) -> Array:
        """By the weights, (steps, classes, pixels)."""
        pairs = zip(self.slopes, self.rows, strict=True)
        return np.array([slopes.T @ self.images[rows] for slopes, rows in pairs])

    def _fitted(self, gradients: Array) -> tuple[float, float] | None:
        """Learning rate from the first step, momentum from the second, if all others follow."""
        moved = np.diff(np.array(self.weights), axis=0)
        square = float(np.sum(gradients[0] ** 2))
        if not square or not np.isfinite(moved).all():
            return None
        rate = -float(np.sum(moved[0] * gradients[0])) / square
        if not rate:
            return None
        momentum = float(np.sum((-moved[1] / rate - gradients[1]) * gradients[0])) / square
        velocity, allowed = np.zeros_like(gradients[0]), CLOSE * float(np.abs(moved).max())
        for step, gradient in zip(moved, gradients, strict=True):
            velocity = momentum * velocity + gradient
            if not np.abs(step + rate * velocity).max() <= allowed:
                return None
        return rate, momentum


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Array = powers / powers.sum(axis=1, keepdims=True)
    return found
