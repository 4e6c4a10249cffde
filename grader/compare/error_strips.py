"""Where in an array the error lies: its relative size along all entries, coarsely, for a report.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grader.records.json_values import Json
from grader.records.measurements import Array

CELLS = 60
"""Parts into which an array is divided."""
MOST = 40
"""Arrays of one check."""
LEAST, GREATEST = -16, 3
"""Powers of ten between which an error is told apart."""

Pair = tuple[str, Array | None, Array | None]
"""A name, the student's numbers and ours."""


def make_strips(pairs: Iterable[Pair], wrong: Iterable[str], what: str) -> dict[str, Json]:
    """A row for each array; those named in `wrong` say for each part how great the error is there,
    as a power of ten. Nothing where there are no arrays.
    """
    odd = set(wrong)
    every = list(pairs)
    rows: list[Json] = [
        _make_strip(own, ours, name) if name in odd else {"name": name, "equal": True}
        for name, own, ours in every[:MOST]
    ]
    return {"strips": {"what": what, "rows": rows, "left": len(every) - len(rows)}} if rows else {}


def _make_strip(own: Array | None, ours: Array | None, name: str) -> Json:
    errors = None if own is None or ours is None else measure_errors(own, ours)
    if errors is None:
        return {"name": name, "equal": False}
    parts = np.array_split(errors, min(CELLS, errors.size))
    worst = [float(part.max()) for part in parts]
    bins: list[Json] = [int(p) for p in np.clip(_find_powers(worst), LEAST, GREATEST)]
    return {"name": name, "equal": False, "bins": bins, "worst": float(f"{max(worst):.3g}")}


def _find_powers(errors: list[float]) -> Array:
    """Of ten, rounded down; the least for none."""
    with np.errstate(divide="ignore"):
        powers: Array = np.floor(np.log10(np.asarray(errors)))
    return powers


def measure_errors(own: Array, ours: Array) -> Array | None:
    """|own − ours| / (|ours| + max|ours|) of every entry, flat; infinite where one is no number.
    None where the shapes differ, or there is nothing.
    """
    if own.shape != ours.shape or not ours.size:
        return None
    seen, expected = (np.asarray(a, np.float64).ravel() for a in (own, ours))
    with np.errstate(all="ignore"):
        size = np.abs(expected) + np.abs(expected).max()
        errors: Array = np.abs(seen - expected) / np.where(size > 0, size, 1.0)
    errors[np.isnan(errors)] = np.inf
    return errors
