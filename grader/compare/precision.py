"""In which precision student and reference are compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from grader.diagnosis.numerics import peak
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array, Gradients, Layers, Outputs, Precision, Steps

Measured = Layers | Outputs | Gradients | Steps
"""What is measured in float64, or in float32 where the student's code allows nothing else."""
M = TypeVar("M", Layers, Outputs, Gradients, Steps)

SINGLE_RTOL = 1e-4
"""Least tolerance where the student's code only runs in float32."""

CANCELLED: Mapping[Precision, float] = {"float64": 1e-13, "float32": 2e-6}
"""What rounding leaves where numbers cancel, as a share of the greatest of a whole network: some
hundred units in the last place of float64, some ten of float32.
"""


def match_precision(student: Measured, reference: M) -> M:
    """The reference as measured in the precision in which the student's code ran."""
    if student.precision == "float32" and reference.single is not None:
        return reference.single
    return reference


def choose_tolerance(student: Measured, rtol: float) -> Tolerance:
    """The tolerance of this share, or a greater one in float32."""
    asked = Tolerance(rtol=rtol)
    return asked.at_least(SINGLE_RTOL) if student.precision == "float32" else asked


def find_floor(precision: Precision, arrays: Iterable[Array | None]) -> float:
    """Below this, numbers that stand among these are what rounding left of zero."""
    sizes = (peak(a[np.isfinite(a)]) for a in arrays if a is not None and a.size)
    return CANCELLED[precision] * max(sizes, default=0.0)


def note_precision(student: M, reference: M) -> str:
    """What a sentence adds where the comparison was not one of float64."""
    if student.precision == "float64":
        return ""
    if reference.single is None and reference.precision == "float32":
        return " (in float32)"
    return " (in float32, as your code does not run in float64)"
