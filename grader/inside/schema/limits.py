"""The limits of a submission in one table: what each is called, how grave it is, what it ends.

Who adds one adds a row here and its enforcement; sentences, the order of gravity and
what a broken limit ends all follow from the row.
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
    sentence: str
    """What the student reads; `limits` are the submission's own."""


LIMITS: tuple[LimitRow, ...] = (
    LimitRow(
        status="disk",
        field="disk_mib",
        gravity=2,
        ends_run=False,
        sentence="Your code wrote more than the {limits.disk_mib} MiB of files allowed. "
        "Do not download or save large files.",
    ),
    LimitRow(
        status="processes",
        field="processes",
        gravity=2,
        ends_run=False,
        sentence="Your code started more than the {limits.processes} processes and threads "
        "allowed. Use fewer workers.",
    ),
    LimitRow(
        status="output",
        field="printed_kib",
        gravity=2,
        ends_run=True,
        sentence="Your code printed more than {limits.printed_kib:,} KiB. "
        "Take out the print in the innermost loop.",
    ),
    LimitRow(
        status="time",
        field="wall_seconds",
        gravity=2,
        ends_run=True,
        sentence="Your code ran past the limit of {limits.wall_seconds:g} seconds. "
        "Look for something that waits: sleep, input, a lock, a process that never answers.",
    ),
    LimitRow(
        status="cpu",
        field="cpu_seconds",
        gravity=2,
        ends_run=True,
        sentence="Your code used up its {limits.cpu_seconds:g} seconds of computing time. "
        "Let it do less: fewer epochs, less data, and no training at the top level of the file.",
    ),
    LimitRow(
        status="memory",
        field="memory_mib",
        gravity=2,
        ends_run=False,
        sentence="Your code needed more memory than the {limits.memory_mib:,} MiB allowed. "
        "Use smaller batches, and keep no results that you do not need.",
    ),
)

BEYOND_BELIEF = ("answers", "tampered")
"""Ends of a process that are no limits, and after which nothing of it is believed."""

ENDS_RUN = (*(row.status for row in LIMITS if row.ends_run), *BEYOND_BELIEF)
"""After a death for one of these in a question the student's process is not started again."""
