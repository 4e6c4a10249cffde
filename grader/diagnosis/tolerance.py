"""How far numbers may lie from the expected ones: one rule, whose scale is named. Pure.

Every comparison in `grader.compare` and `grader.diagnosis` asks a `Tolerance`. Where another scale
than the usual one is taken, the reason stands beside the instance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from grader.records.measurements import Array

Scale = Literal["both", "greatest", "each", "one"]
"""What the share is taken of.

`both`: the number's own size plus the greatest size in its array, |e| + max|e|. The first half
allows what rounding does to the number itself, the second what a sum of numbers as large as the
greatest leaves in a small one.
`greatest`: max|e| alone, for differences of weights and gradients, whose small numbers are what is
left when large ones cancel.
`each`: |e| alone, for numbers that have nothing to do with each other.
`one`: 1, an absolute error, for shares and factors, which are near 1 themselves.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """|seen − expected| ≤ rtol · scale + floor. NaN is never right; an infinity is, where it is
    expected.

    Infinities and NaN among the expected numbers do not count for the greatest size.
    """

    rtol: float
    """The share, 0 or more."""
    of: Scale = "both"
    floor: float = 0.0
    """What is allowed besides, an absolute error: what rounding leaves of numbers that cancel, by
    the size of those that they are made of. It keeps a value that is zero in exact arithmetic, as
    the gradient of a keys' bias is in an attention, from being compared with itself.
    """

    def at_least(self, rtol: float) -> Tolerance:
        """The same, of this share where it is smaller."""
        return self if self.rtol >= rtol else replace(self, rtol=rtol)

    def at_most(self, rtol: float) -> Tolerance:
        """The same, of this share where it is greater."""
        return self if self.rtol <= rtol else replace(self, rtol=rtol)

    def above(self, floor: float) -> Tolerance:
        """The same, with this floor."""
        return replace(self, floor=floor)

    def limits(self, expected: Array) -> Array:
        """The greatest error that is allowed, for each number, or one for all of them."""
        if self.of == "one":
            return np.asarray(self.rtol + self.floor)
        sizes = np.abs(np.asarray(expected, np.float64))
        greatest = np.max(sizes, initial=0.0)
        if not np.isfinite(greatest):
            sizes = np.where(np.isfinite(sizes), sizes, 0.0)
            greatest = np.max(sizes, initial=0.0)
        if self.of == "each":
            return np.asarray(self.rtol * sizes + self.floor)
        scale = sizes + greatest if self.of == "both" else greatest
        return np.asarray(self.rtol * scale + self.floor)

    def find_wrong(self, seen: Array, expected: Array) -> Array:
        """True where a number differs by more than is allowed; the shape of both arrays.

        Whatever the dtypes are, the comparison is one of float64.
        """
        seen, expected = np.asarray(seen, np.float64), np.asarray(expected, np.float64)
        with np.errstate(invalid="ignore"):
            near = np.abs(seen - expected) <= self.limits(expected)
        return np.asarray(~near & (seen != expected))  # inf − inf is NaN, though both are equal

    def allows(self, seen: Array | float, expected: Array | float) -> bool:
        """True where no number differs by more than is allowed; shapes are the same."""
        return not self.find_wrong(np.asarray(seen), np.asarray(expected)).any()
