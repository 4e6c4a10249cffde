"""Who handed something in, as far as a learning platform or a roster says."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

from grader.records.json_values import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One student; what is not known is empty. A label is for people, the rest for gradebooks."""

    name: str = ""
    """As people read it: `Ana López`."""
    id: str = ""
    """The platform's number of the person or of the participant: `657737`."""
    email: str = ""
    login: str = ""
    """Name of the account, on the platform or on GitHub."""
    section: str = ""
    """Of the course."""

    def complete(self, other: Self) -> Self:
        """What is empty is the other's."""
        names = [f.name for f in fields(self)]
        return replace(self, **{n: getattr(self, n) or getattr(other, n) for n in names})

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The record of which `record_to_json` made this; fields of later versions are left out."""
        return cls(**{f.name: str(value[f.name]) for f in fields(cls) if f.name in value})
