"""What this room passes around: a candidate, its wording, and the diagnosis that is concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grader.records.measurements import Array
from grader.records.messages import Message

Facts = Mapping[str, object]
"""What a sentence says of this case, by the names of its blanks: factors, places, counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said of a mistake. Blanks are filled by `str.format`; `{it}` is the array."""

    sentence: str = ""
    """What the student did, addressed to the student; empty where the hint says it."""
    hint: str = ""
    """What to do next; empty where the check knows it."""
    fraction: float = 0.5
    """Suggested partial credit, 0 to 1, for courses that announce it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an array would be after one mistake."""

    code: str
    """Stable name of the mistake, such as `sign`; of two together `scaled+sign`."""
    values: Array
    """Float64, of any shape."""
    facts: Facts = field(default_factory=dict)
    """What the sentence says of this array."""
    within: tuple[str, ...] = ()
    """Codes that describe the same more generally."""
    general: bool = False
    """True where it describes the numbers and names no cause."""
    wording: Wording | None = None
    """What is said of a mistake that only one assignment knows; None where `code` is known here."""

    def times(self, factor: float, code: str) -> Candidate:
        """The same mistake with a second one, a factor."""
        return replace(self, code=f"{self.code}+{code}", values=self.values * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One mistake that explains what was seen."""

    code: str
    """Stable name, such as `sign`; of two mistakes together `transposed+sign`."""
    sentence: str
    """What the student did, addressed to the student; empty where the hint says it."""
    hint: str
    """What to do next; empty where the check knows it."""
    fraction: float
    """Suggested partial credit, 0 to 1, for courses that announce it."""
    message: Message
    """Code and facts of what is said; of two mistakes those of the first."""
    names: tuple[str, ...] = ()
    """The arrays in which it shows, as the assignment calls them, in its order."""

    @property
    def facts(self) -> Facts:
        """What the blanks of sentence and hint were filled with."""
        return self.message.facts
