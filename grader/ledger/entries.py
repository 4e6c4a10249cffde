"""What a ledger says of one result in a student's history, and of one call of the grader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.records.result import Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result in a student's history, as it was measured: without what a person decided."""

    graded: Graded
    execution_key: str
    checks_key: str
    at: str
    """When it was written, ISO 8601, UTC."""
    run: int | None
    """The run that wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One call of the grader on this output folder."""

    id: int
    pid: int
    argv: tuple[str, ...]
    started: str
    """ISO 8601, UTC."""
    finished: str | None
    """None where it still runs or was killed."""
    counts: Mapping[str, int]
    """What the caller counted: executed, reused, judged …"""
    executed: int
    """Executions that this run wrote and no later one replaced, counted in the table."""
    results: int
    """Results that this run added."""
