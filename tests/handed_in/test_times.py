"""Times as sources and instructors write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from grader.submissions.times import find_moment, read_time


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
