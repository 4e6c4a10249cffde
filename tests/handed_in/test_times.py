"""Times as sources and instructors write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.grading import receive
from grader.submissions.collect import Choices
from grader.submissions.times import find_moment, read_time
from kit.archives import ASKED, CODE, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01-10-00-00", "2026-03-01T10:00:00"),
        ("2026-03-01T18:00+01:00", "2026-03-01T18:00:00+01:00"),
        ("2026-03-01 18:00-05:00", "2026-03-01T18:00:00-05:00"),
        ("2026-03-01T18:00:30-05:00", "2026-03-01T18:00:30-05:00"),
        ("2026-03-01T18:00Z", "2026-03-01T18:00:00+00:00"),
        ("2026-03-01T18:00", "2026-03-01T18:00:00"),
        ("2026-03-01", "2026-03-01T00:00:00"),
        ("2026-03-01 10:00:00.5 UTC", "2026-03-01T10:00:00.500000+00:00"),
        ("2026-03-01 10:00:00 CET", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00 Mars/Olympus", "2026-03-01T10:00:00"),
        ("Sep 24, 2024 926 PM", "2024-09-24T21:26:00"),
        ("Sep 24, 2024 1205 AM", "2024-09-24T00:05:00"),
        ("Sunday, March 1, 2026 10:00:00 AM EST", "2026-03-01T10:00:00-05:00"),
        ("Sep 24, 2024 1305 PM", None),
        ("2026-02-30 10:00:00", None),
        ("soon", None),
    ],
)
def test_a_time_is_read_with_its_zone(text: str, expected: str | None) -> None:
    """And without one where none is said, or where nobody knows it."""
    assert read_time(text) == expected


def test_a_moment() -> None:
    assert find_moment("2026-03-01T18:00:00-05:00") == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_since_keeps_the_attempts_of_who_came_back(tmp_path: Path) -> None:
    """An earlier one may still be the best; who did not come back is left as is."""
    names = ("ana_attempt_2026-03-01", "ana_attempt_2026-03-03", "bo_attempt_2026-03-01")
    folder = write(tmp_path / "in", {f"hw_{n}-10-00-00_lenet.py": CODE for n in names})
    since = receive.read_since("2026-03-02")
    best = Choices(attempt="best")
    found = receive.receive(folder, ASKED, tmp_path / "out", best, since=since)
    assert [(s.student, s.attempt) for s in found.chosen] == [("ana", 1), ("ana", 2)]
