"""Random arrays, described: drawn once for a class from its seed."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from grader.data.source import Source
from grader.inside.wire import DIMENSIONS_CAP
from grader.records.errors import CourseError
from grader.records.json_values import read_number

MOST = 1 << 26
"""Numbers of one array: 512 MiB."""
HIGHEST = 1 << 53
"""Bound of whole numbers: up to here a float holds each of them."""
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A random array, described: equal descriptions and an equal seed give equal numbers."""

    kind: Literal["normal", "uniform", "integers"]
    shape: tuple[int, ...]
    low: float = 0.0
    """Smallest value; for `normal` unused."""
    high: float = 1.0
    """Bound that is not reached; for `normal` unused."""
    draw: int = 0
    """Descriptions that differ in this alone give independent numbers."""

    def __post_init__(self) -> None:
        if not all(type(n) is int and n > 0 for n in self.shape):
            raise CourseError(
                f"an array of shape {self.shape} cannot be drawn; pass whole numbers above 0"
            )
        if len(self.shape) > DIMENSIONS_CAP:
            raise CourseError(
                f"an array of {len(self.shape)} dimensions cannot be drawn; {DIMENSIONS_CAP} are "
                "the most"
            )
        if math.prod(self.shape) > MOST:
            raise CourseError(
                f"an array of shape {self.shape} has {math.prod(self.shape):,} numbers; "
                f"{MOST:,} are the most that are drawn"
            )
        if self.kind == "integers" and self.high > HIGHEST:
            raise CourseError(f"below is {self.high:g}; {HIGHEST:,} is the most")
        if not (math.isfinite(self.high - self.low) and self.low < self.high):
            raise CourseError(
                f"nothing lies between {self.low} and {self.high}; pass bounds in rising order, "
                "and not farther apart than a float can say"
            )

    def describe(self) -> str:
        """Everything the numbers depend on, but the seed."""
        shape = ",".join(map(str, self.shape))
        return f"{self.kind}({shape}) from {self.low!r} to {self.high!r}, draw {self.draw}"

    def load(self, seed: int, source: Source | None = None) -> Numbers:  # noqa: ARG002  as `Images`
        """The numbers: float64, or int64 for `integers`. The same in every process and order.

        No data set is read, so the source has no say.
        """
        digest = hashlib.sha256(self.describe().encode()).digest()
        words = np.frombuffer(digest, "<u4").tolist()
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
        if self.kind == "normal":
            return generator.standard_normal(self.shape)
        if self.kind == "uniform":
            return generator.uniform(self.low, self.high, self.shape)
        return generator.integers(int(self.low), int(self.high), self.shape, dtype=np.int64)


def normal(*shape: int, draw: int = 0) -> Drawn:
    """Numbers from the standard normal distribution."""
    return Drawn(kind="normal", shape=shape, draw=draw)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, draw: int = 0) -> Drawn:
    """Numbers spread evenly from `low` to below `high`."""
    _require_bound("low", low)
    _require_bound("high", high)
    return Drawn(kind="uniform", shape=shape, low=float(low), high=float(high), draw=draw)


def integers(*shape: int, below: int = 10, draw: int = 0) -> Drawn:
    """Whole numbers from 0 to below `below`: classes of a batch, for instance."""
    if _require_bound("below", below) % 1:
        raise CourseError(f"below is {below!r}; give a whole number above 0")
    return Drawn(kind="integers", shape=shape, high=float(below), draw=draw)


def _require_bound(name: str, value: object) -> float:
    number = read_number(value)
    if number is None or isinstance(number, bool) or not abs(number) <= sys.float_info.max:
        raise CourseError(f"{name} is {value!r:.80}; give a number")
    return float(number)
