"""One array of the student's beside the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

REAL = "biuf"
"""Kinds of dtypes that hold real numbers."""
LOOSEST = Tolerance(rtol=1e-3)
"""A greater tolerance would make mistakes of noise."""
SINGLE = Tolerance(rtol=1e-5)
"""Numbers computed in float32 agree up to this, relative to the greatest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One array of the student's beside the reference's, with what is known of it."""

    raw: Array
    """As the student computed it."""
    seen: Array
    """As float64; what holds no real numbers is NaN."""
    expected: Array
    """The reference's, as float64."""
    context: Context
    tolerance: Tolerance
    name: str = ""
    """As the assignment calls it."""

    @classmethod
    def read(
        cls, raw: Array, expected: Array, context: Context, rtol: float, name: str = ""
    ) -> Self:
        """The case of these arrays, in whatever dtypes they are."""
        raw = np.asarray(raw)
        return cls(
            raw=raw,
            seen=_read_floats(raw),
            expected=_read_floats(np.asarray(expected)),
            context=context,
            tolerance=Tolerance(rtol=rtol),
            name=name,
        )

    @property
    def is_right(self) -> bool:
        """True where there is nothing to explain."""
        return are_equal(self.seen, self.expected, self.tolerance)

    @property
    def is_single(self) -> bool:
        """True where every number could have come out of a computation in float32."""
        return bool(np.array_equal(self.seen.astype(np.float32), self.seen))

    @property
    def limit(self) -> Tolerance:
        """What numbers need that were computed in float32, though they are compared in float64."""
        single = self.tolerance.at_least(SINGLE.rtol) if self.is_single else self.tolerance
        return single.at_most(LOOSEST.rtol)


def _read_floats(values: Array) -> Array:
    if values.dtype.kind not in REAL:
        return np.full(values.shape, np.nan)
    return values.astype(np.float64)


def are_equal(seen: Array, expected: Array, tolerance: Tolerance) -> bool:
    """True for one shape, and numbers of which none differs by more than is allowed."""
    return seen.shape == expected.shape and tolerance.allows(seen, expected)
