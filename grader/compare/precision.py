"""In which precision student and reference are compared. Pure."""

from __future__ import annotations

from typing import TypeVar

from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Gradients, Layers, Outputs, Steps

Measured = Layers | Outputs | Gradients | Steps
"""What is measured in float64, or in float32 where the student's code allows nothing else."""
M = TypeVar("M", Layers, Outputs, Gradients, Steps)

SINGLE_RTOL = 1e-4
"""Least tolerance where the student's code only runs in float32."""


def match_precision(student: Measured, reference: M) -> M:
    """The reference as measured in the precision in which the student's code ran."""
    if student.precision == "float32" and reference.single is not None:
        return reference.single
    return reference


def choose_tolerance(student: Measured, rtol: float) -> Tolerance:
    """The tolerance of this share, or a greater one in float32."""
    asked = Tolerance(rtol=rtol)
    return asked.at_least(SINGLE_RTOL) if student.precision == "float32" else asked


def note_precision(student: M, reference: M) -> str:
    """What a sentence adds where the comparison was not one of float64."""
    if student.precision == "float64":
        return ""
    if reference.single is None and reference.precision == "float32":
        return " (in float32)"
    return " (in float32, as your code does not run in float64)"
