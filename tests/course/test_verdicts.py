"""Nothing that is decided about the course's own submissions changes unseen.

`tests/golden/verdicts` holds what the grader said of each of them, seed 7, on the stand-ins, before
its parts were moved into rooms. What has changed since then on purpose is in `meant.toml`, each
change with its reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.grading.grade import grade
from grader.sandbox import ForkServer
from kit.graded import Borrower
from kit.places import ROOT
from kit.sentences import find_untrue
from kit.verdicts import (
    RECORD,
    SEED,
    UNSTEADY,
    condense,
    differences,
    find_unnamed,
    hand_in_all,
    meant,
    recorded,
)


@pytest.mark.proof
@pytest.mark.parametrize(
    "slug", sorted(p.name.removesuffix(".json.gz") for p in RECORD.glob("*.json.gz"))
)
def test_verdicts_stay(slug: str, server: ForkServer, tmp_path: Path) -> None:
    """Scores, outcomes, feedback, hints, reasons and notes, word for word; and of each mistake the
    first cause is the fault that it says of itself, of what is right there is none.
    """
    course = Course(ROOT)
    loaded = course.load(slug)
    submissions = hand_in_all(course, loaded, tmp_path / "class")
    with Borrower(server, loaded, seed=SEED) as executor:
        summary = grade(executor, submissions, tmp_path / "out")
    now = {g.student: condense(g.to_json()) for g in summary.graded}
    files = {s.student: s.files for s in submissions}
    assert [t for g in summary.graded for t in find_untrue(g, files[g.student])] == []
    assert find_unnamed(course, loaded, summary.graded) == {}
    changed = differences(recorded(slug), now)
    assert {at: pair for at, pair in changed.items() if at not in UNSTEADY} == meant(slug)


def test_every_assignment_is_recorded() -> None:
    """None is left out."""
    assert (
        sorted(p.name.removesuffix(".json.gz") for p in RECORD.glob("*.json.gz"))
        == Course(ROOT).slugs()
    )


def test_a_changed_word_is_seen() -> None:
    """A feedback, a score and a missing student are each named with their place."""
    was = {"Ada": {"score": 1, "checks": {"a": {"feedback": "Equal."}}}, "Eve": {"score": 2}}
    now = {"Ada": {"score": 2, "checks": {"a": {"feedback": "Differs."}}}}
    assert differences(was, now) == {
        "Ada/checks/a/feedback": ("Equal.", "Differs."),
        "Ada/score": (1, 2),
        "Eve": ({"score": 2}, None),
    }
