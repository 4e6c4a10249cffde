"""How far a run has come, for whoever is to know."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Who is told how far a run has come."""

    def begin(self, total: int, what: str) -> None:
        """`total` steps of `what` follow."""

    def step(self, name: str) -> None:
        """One of them is done."""


class Silent:
    """Tells nobody."""

    def begin(self, total: int, what: str) -> None:
        """Nothing is shown."""

    def step(self, name: str) -> None:
        """Nothing is shown."""
