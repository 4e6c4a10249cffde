"""What a student had earned before, for the sentence that says what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

from grader.records.json_values import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The result before this one."""

    score: float
    checks: Mapping[str, float]
    """Points earned, by the name of the check; those that were open are left out."""

    def without(self, names: Collection[str]) -> Self:
        """The same without these checks."""
        return replace(self, checks={n: p for n, p in self.checks.items() if n not in names})

    @classmethod
    def from_json(cls, value: Fields | None) -> Self | None:
        """What `to_json` wrote, if there was one."""
        return cls(**value) if value else None
