"""What a cell, or a module's top level, may take: computing time, and the clock as a far bound."""

from __future__ import annotations

import time

import pytest

from grader.inside import allowance
from grader.inside.allowance import Allowance
from grader.inside.schema.job import Limits


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(allowance, "time", made)
    return made


def limits(cpu: float = 60.0, cell: float = 5.0) -> Limits:
    return {
        "cpu_seconds": cpu,
        "wall_seconds": 3 * cpu,
        "cell_seconds": cell,
        "memory_mib": 1,
        "processes": 1,
        "disk_mib": 1,
        "output_kib": 1,
    }


def test_computing_time_counts_and_the_clock_only_far_away(clock: Clock) -> None:
    piece = Allowance(limits())
    assert piece.check(100, "") == ""  # nothing runs
    piece.begin()
    assert piece.check(100, "") == ""
    clock.now = 14
    assert piece.check(104.9, "") == ""
    assert piece.check(105.1, "") == "interrupt"
    assert piece.passed == "cpu"


def test_what_waits_is_stopped_by_the_clock(clock: Clock) -> None:
    piece = Allowance(limits())
    piece.begin()
    piece.check(0, "")
    clock.now = 15.1
    assert piece.check(0.1, "") == "interrupt"
    assert piece.passed == "time"


def test_after_the_interrupt_it_has_time_for_its_definitions(clock: Clock) -> None:
    """They may need long on a busy machine, but not much."""
    piece = Allowance(limits())
    piece.begin()
    assert [piece.check(cpu, "") for cpu in (0, 6)] == ["", "interrupt"]
    clock.now = 2.9
    assert piece.check(6.9, "") == ""
    assert piece.check(7.1, "") == "kill"
    piece.end()
    assert piece.check(9, "") == ""


def test_a_share_that_is_used_up_stops_it_too(clock: Clock) -> None:
    """And leaves something of a small limit for judging."""
    piece = Allowance(limits(cpu=1.0))
    piece.begin()
    assert piece.check(0.67, "cpu") == "interrupt"
    assert piece.check(0.78, "cpu") == "kill"


def test_the_real_clock_runs() -> None:
    piece = Allowance(limits(cell=0.001))
    piece.begin()
    time.sleep(0.01)
    assert piece.check(0, "") == "interrupt"
