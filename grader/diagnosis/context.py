"""What the reference can tell about the arrays that are compared. All of it is optional."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from grader.diagnosis.numerics import one_hot
from grader.diagnosis.records import Candidate
from grader.records.measurements import Array

Bias = Literal["last", "apart", "none"]
"""Where a bias stands: in the weights' last row, fed by a column of ones; in a vector; nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Sizes and arrays around one array of the reference, float64 unless they are counts."""

    batch: int | None = None
    """N, over which the loss takes its mean."""
    bias: Bias = "none"
    """`last` where the array's last row belongs to the bias."""
    inputs: Array | None = None
    """(N, D) what the layer's weights are multiplied with, a column of ones included."""
    scores: Array | None = None
    """(N, H) the layer's outputs before its ReLU."""
    upstream: Array | None = None
    """(N, H) gradient of the loss by the layer's outputs after ReLU; None for the last layer."""
    below: Array | None = None
    """(N, D) `inputs` as they were before the ReLU of the layer below, the column of ones added."""
    logits: Array | None = None
    """(N, C) the network's scores, before softmax."""
    probabilities: Array | None = None
    """(N, C) softmax of the network's scores."""
    labels: Array | None = None
    """(N, C) one-hot, or (N,) classes."""
    eps: float = 0.0
    """What the brief adds to a probability before the logarithm."""
    previous: Array | None = None
    """The right gradient of the pass before, of the same weights."""
    before: Array | None = None
    """The weights before the update whose result is compared."""
    gradient: Array | None = None
    """The gradient that the update should use."""
    rate: float | None = None
    """The learning rate."""
    candidates: tuple[Candidate, ...] = ()
    """What mistakes that only this assignment knows would produce."""

    @property
    def onehot(self) -> Array | None:
        """The labels as (N, C) zeros and ones, where they and the probabilities are known."""
        if self.labels is None or (self.labels.ndim == 1 and self.probabilities is None):
            return None
        known = self.labels if self.probabilities is None else self.probabilities
        return one_hot(self.labels, known.shape[1])

    @property
    def samples(self) -> int | None:
        """N, as said or as the arrays show."""
        if self.batch is not None:
            return self.batch
        known = (self.probabilities, self.inputs, self.upstream, self.labels)
        return next((len(a) for a in known if a is not None), None)

    @property
    def classes(self) -> int | None:
        """C, where labels or probabilities are known."""
        wide = self.probabilities if self.probabilities is not None else self.onehot
        return None if wide is None else wide.shape[1]

    def fill(self, other: Context) -> Context:
        """This context, with what it lacks taken from another."""
        blank = Context()
        pairs = ((f.name, getattr(self, f.name), getattr(blank, f.name)) for f in fields(self))
        lacking = [name for name, own, default in pairs if _is_blank(own, default)]
        return replace(self, **{name: getattr(other, name) for name in lacking})


def _is_blank(value: object, default: object) -> bool:
    return not isinstance(value, np.ndarray) and value == default
