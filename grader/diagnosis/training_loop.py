"""What every step of a recorded training says of the function that took it. Pure.

Recorded is the training of one linear layer without bias by a student's function: which pictures a
batch held, the weights before it, and the slopes that came back for the scores. So nothing of how
the function is written matters, and its settings are read off what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from grader.diagnosis.numerics import one_hot, softmax, softmax_gradient
from grader.diagnosis.records import Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.diagnosis.wording import word
from grader.records.measurements import Array

REPLAYED = Tolerance(rtol=2e-3, of="greatest")
"""Of a replayed step, where the greatest of all steps counts: float32, small weight decay."""
SLOPES = Tolerance(rtol=1e-3, of="greatest")
"""Of a batch's derivatives: they are differences of probabilities, computed in float32."""
MOMENTUM = Tolerance(rtol=0.01, of="one")
"""Of a momentum that is told from others."""
ONE_SIZE = Tolerance(rtol=0.05, of="each")
"""Of the size of steps that are the same for every weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What explains every step of a training."""

    rate: float
    """The learning rate."""
    momentum: float
    zeroed: bool
    """False where gradients of earlier batches were never set to zero."""


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
    def read(cls, record: object, given: Mapping[str, object]) -> Self | None:
        """A student's record, with `images` and `labels` of the reference's; None where it is not
        whole.
        """
        images, labels = np.asarray(given["images"]), np.asarray(given["labels"])
        if not isinstance(record, Mapping):
            return None
        try:
            run = cls(
                images=images.reshape(len(images), -1).astype(np.float64),
                labels=labels.astype(np.int64),
                rows=_read_arrays(record["rows"], np.int64),
                weights=_read_arrays(record["weights"], np.float64),
                slopes=_read_arrays(record["slopes"], np.float64),
                yields=tuple(int(n) for n in _read_arrays(record["yields"], np.float64)),
            )
        except (KeyError, OverflowError, TypeError, ValueError):
            return None
        shape = _read_arrays(given["weights"], np.float64)[0].shape
        return run if run._is_whole(shape) else None

    def _is_whole(self, shape: tuple[int, ...]) -> bool:
        """True where the weights have this shape, and all parts belong to the same steps."""
        count = len(self.images)
        return (
            len(self.weights) == len(self.rows) + 1 == len(self.slopes) + 1
            and all(w.shape == shape for w in self.weights)
            and all(r.ndim == 1 and r.size and -1 <= r.min() <= r.max() < count for r in self.rows)
            and all(
                s.shape == (len(r), shape[0]) for r, s in zip(self.rows, self.slopes, strict=True)
            )
        )

    # ------------------------------------------------------------------ epochs

    def diagnose_yields(self, epochs: int) -> Diagnosis | None:
        """What is wrong with the `yield`s; None where there is one after each epoch."""
        count, steps = len(self.yields), len(self.rows)
        if not count:
            return word("loop-yields-nothing")
        if count == epochs:
            return None
        if count == steps:
            return word("loop-yields-each-step", {"steps": steps, "epochs": epochs})
        return word("loop-yields-otherwise", {"count": count, "epochs": epochs})

    def diagnose_pictures(self) -> Diagnosis | None:
        """Which pictures of the first epoch are left out or repeated."""
        first, total = self._split_epochs()[0], len(self.images)
        if (first < 0).any():
            return word("loop-other-pictures")
        kinds = len(np.unique(first))
        facts = {"kinds": kinds, "total": total}
        if kinds < len(first):
            return word("loop-pictures-repeated", facts)
        return word("loop-pictures-left-out", facts) if kinds < total else None

    def diagnose_order(self) -> Diagnosis | None:
        """Whether epochs have the order in which the pictures were given, or one another's."""
        first, *later = self._split_epochs()
        if (first < 0).any():
            return None
        if np.array_equal(first, np.arange(len(first))):
            return word("loop-order-as-given")
        if later and np.array_equal(first, later[0]):
            return word("loop-order-repeated")
        return None

    def _split_epochs(self) -> list[Array]:
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

    def diagnose_loss(self) -> Diagnosis | None:
        """What is wrong with the gradients; None where they are those of the mean cross-entropy,
        and of one batch only.
        """
        if any((r < 0).any() for r in self.rows):
            return word("loop-pictures-changed")
        right = self._compute_slopes()
        if self._has_slopes(right):
            settings = self.fit_settings()
            return None if settings is None or settings.zeroed else word("loop-never-zeroed")
        if self._has_slopes([self.batch * s for s in right], size=self.batch):
            return word("loop-sum-not-mean")
        twice = self._has_slopes(self._compute_slopes_of_twice())
        return word("loop-softmax-twice" if twice else "loop-other-loss")

    def fit_settings(self) -> Settings | None:
        """What explains every step; None where nothing does.

        Without momentum, gradients that add up are the same as a momentum of 1.
        """
        if not self.moves:
            return None
        gradients = self._compute_gradients()
        if (plain := self._fit_steps(gradients)) is not None:
            rate, momentum = plain
            if MOMENTUM.allows(momentum, 1.0):
                return Settings(rate=rate, momentum=0.0, zeroed=False)
            return Settings(rate=rate, momentum=momentum, zeroed=True)
        if (summed := self._fit_steps(np.cumsum(gradients, axis=0))) is not None:
            return Settings(rate=summed[0], momentum=summed[1], zeroed=False)
        return None

    def diagnose_steps(self) -> Diagnosis:
        """What steps are that are not those of gradient descent with momentum."""
        if not self.moves:
            return word("loop-not-updated")
        first = np.abs(self.weights[1] - self.weights[0])
        size = float(np.median(first))
        if size and np.mean(~ONE_SIZE.find_wrong(first, np.asarray(size))) > 0.9:
            return word("loop-equal-steps", {"size": size})
        return word("loop-other-steps")

    @property
    def moves(self) -> bool:
        """True where several steps were taken, and the weights changed."""
        return len(self.rows) > 1 and not np.array_equal(self.weights[0], self.weights[-1])

    def _compute_slopes(self) -> list[Array]:
        """Derivatives of the mean cross-entropy by the scores."""
        pairs = zip(self._predict(), self.rows, strict=True)
        return [(p - self._mark_labels(rows)) / len(rows) for p, rows in pairs]

    def _compute_slopes_of_twice(self) -> list[Array]:
        """The same where softmax was applied to the probabilities again."""
        pairs = zip(self._predict(), self.rows, strict=True)
        return [
            softmax_gradient(p, (softmax(p) - self._mark_labels(rows)) / len(rows))
            for p, rows in pairs
        ]

    def _predict(self) -> list[Array]:
        """The network's probabilities for each batch."""
        pairs = zip(self.rows, self.weights, strict=False)
        return [softmax(self.images[rows] @ weights.T) for rows, weights in pairs]

    def _mark_labels(self, rows: Array) -> Array:
        return one_hot(self.labels[rows], self.weights[0].shape[0])

    def _has_slopes(self, slopes: Sequence[Array], size: int | None = None) -> bool:
        """True where these slopes came back, in all batches or in those of this size."""
        pairs = zip(self.slopes, slopes, strict=True)
        return all(SLOPES.allows(s, e) for s, e in pairs if size is None or len(s) == size)

    def _compute_gradients(self) -> Array:
        """By the weights, (steps, classes, pixels)."""
        pairs = zip(self.slopes, self.rows, strict=True)
        return np.array([slopes.T @ self.images[rows] for slopes, rows in pairs])

    def _fit_steps(self, gradients: Array) -> tuple[float, float] | None:
        """Learning rate from the first step, momentum from the second, if all others follow."""
        moved = np.diff(np.array(self.weights), axis=0)
        square = float(np.sum(gradients[0] ** 2))
        if not square or not np.isfinite(moved).all():
            return None
        rate = -float(np.sum(moved[0] * gradients[0])) / square
        if not rate:
            return None
        momentum = float(np.sum((-moved[1] / rate - gradients[1]) * gradients[0])) / square
        velocity, limit = np.zeros_like(gradients[0]), REPLAYED.limits(moved)
        for step, gradient in zip(moved, gradients, strict=True):
            velocity = momentum * velocity + gradient
            if not np.all(np.abs(step + rate * velocity) <= limit):
                return None
        return rate, momentum


def _read_arrays(values: object, dtype: type[np.generic]) -> tuple[Array, ...]:
    """A list of arrays, in this dtype. Raises TypeError, ValueError or OverflowError."""
    if not isinstance(values, Iterable):
        raise TypeError(f"not a list of arrays: {type(values).__name__}")
    return tuple(np.asarray(v, dtype) for v in values)
