"""A written answer, as it stands in what was handed in."""

from __future__ import annotations

from dataclasses import dataclass

from grader.records import bounds
from grader.records.json_values import Json

MOST = 10_000
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a student wrote under a label. It was read outside the sandbox; nothing of it was run.

    Where it stands in several places, the parts are joined.
    """

    label: str
    """As the assignment has it: `Q1`."""
    text: str
    """At most `MOST` characters."""
    places: tuple[str, ...]
    """Where it stands: `lenet.ipynb, cell 3`."""
    cut: bool = False
    """True where there was more."""

    def to_json(self) -> dict[str, Json]:
        """The answer as evidence of a check, from which people mark it."""
        return {
            "label": self.label,
            "text": bounds.shorten(self.text, MOST),
            "places": list(self.places),
            "cut": self.cut,
        }
