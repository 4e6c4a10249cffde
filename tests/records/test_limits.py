"""The table of limits: each row is whole, and everything about a limit follows from it."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from grader.inside.schema.limits import BEYOND_BELIEF, ENDS_RUN, LIMITS, LimitRow
from grader.inside.schema.messages import WHYS
from grader.records import messages
from grader.records.execution import Status, describe_end
from grader.records.limits import Limits
from grader.records.messages import Message
from grader.sandbox import outcome

ROWS = pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.status)


@ROWS
def test_a_row_is_whole(row: LimitRow) -> None:
    """Its status is known, its field is one of the limits, its words stand in the messages."""
    assert row.status in get_args(Status)
    assert describe_end(row.status) in Message(f"run-{row.status}").title()
    assert isinstance(getattr(Limits(), row.field), int | float)
    assert messages.find_blanks([messages.current()[f"limits-{row.status}"].text]) == {"limit"}


@ROWS
def test_the_sentence_says_the_limit(row: LimitRow) -> None:
    """What a student reads names the number of that very submission."""
    limits = Limits(
        cpu_seconds=7, patience=3, memory_mib=1234, processes=17, disk_mib=19, output_kib=23
    )
    found = outcome.of_limit(row.status, limits)  # type: ignore[arg-type]
    number = getattr(limits, row.field)
    assert found.status == row.status
    assert f"{number:,}" in found.reason or f"{number:g}" in found.reason
    assert "{" not in found.reason


def test_every_limit_stands_in_the_table() -> None:
    """But for the patience, which makes one of another, the limit of a cell, whose end is that
    of the time: `time` for the cell, and the notebook goes on; and what is handed in, which is
    looked at before anything runs.
    """
    fields = {f.name for f in dataclasses.fields(Limits)}
    fields -= {"patience", "cell_seconds", "files_kib"}
    told = {"wall_seconds": "cpu_seconds", "printed_kib": "output_kib"}
    assert {told.get(row.field, row.field) for row in LIMITS} == fields


def test_what_ends_a_run_can_be_said_by_a_supervisor() -> None:
    """A supervisor knows each end by its name."""
    assert set(BEYOND_BELIEF) < set(ENDS_RUN) <= set(WHYS)
