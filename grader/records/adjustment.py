"""What changes a final score beside the checks: visible, with its reason, never inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from grader.records.json_values import Fields

AdjustmentKind = Literal["late", "curve", "person"]
"""Late work, a curve for the class, or what a person decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points that are added to a score."""

    kind: AdjustmentKind
    points: float
    """Less than 0 where points are taken off."""
    reason: str
    """A sentence for the student."""

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The record of which `record_to_json` made this."""
        return cls(kind=value["kind"], points=float(value["points"]), reason=str(value["reason"]))
