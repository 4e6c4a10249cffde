"""Where things lie: the checkout, its specimens, its golden files."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
"""The folder of the tests; whatever else is found by its place is found from here."""
ROOT = TESTS.parent
"""The checkout."""
SUBMISSIONS = TESTS / "submissions"
"""Specimens, each a folder as a student would hand it in."""
GOLDEN = TESTS / "golden"
"""What the grader writes for a small course, as it is to stay."""
NOWHERE = Path("/nonexistent")
"""A folder of data sets that holds none."""
