"""The limits of a submission in one table: what each is called, how grave it is, what it ends.

Who adds one adds a row here, its enforcement, and its words (`run-…` and `limits-…` in
`report/messages`); the order of gravity and what a broken limit ends follow from the row.
"""

from __future__ import annotations

from typing import NamedTuple

PRINTED_SHARE = 100
"""So many times what is kept of an output may be printed before the run is ended."""


class LimitRow(NamedTuple):
    """One limit."""

    status: str
    """The status of an execution that broke it, and the `why` of a process that was ended."""
    field: str
    """The field, or property, of `records.limits.Limits` that it is about."""
    gravity: int
    """Of several statuses the one with the greatest is reported; 1 is a crash, 3 is tampering."""
    ends_run: bool
    """Nothing is left to spend after it: the student's process is not started again."""


LIMITS: tuple[LimitRow, ...] = (
    LimitRow(
        status="disk",
        field="disk_mib",
        gravity=2,
        ends_run=False,
    ),
    LimitRow(
        status="processes",
        field="processes",
        gravity=2,
        ends_run=False,
    ),
    LimitRow(
        status="output",
        field="printed_kib",
        gravity=2,
        ends_run=True,
    ),
    LimitRow(
        status="time",
        field="wall_seconds",
        gravity=2,
        ends_run=True,
    ),
    LimitRow(
        status="cpu",
        field="cpu_seconds",
        gravity=2,
        ends_run=True,
    ),
    LimitRow(
        status="memory",
        field="memory_mib",
        gravity=2,
        ends_run=False,
    ),
)

BEYOND_BELIEF = ("answers", "tampered")
"""Ends of a process that are no limits, and after which nothing of it is believed."""

ENDS_RUN = (*(row.status for row in LIMITS if row.ends_run), *BEYOND_BELIEF)
"""After a death for one of these in a question the student's process is not started again."""
