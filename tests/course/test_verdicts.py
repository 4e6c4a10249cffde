"""Nothing that is decided about the course's own submissions changes unseen.

`tests/golden/verdicts` holds what the grader said of each of them, seed 7, on the stand-ins, before
its parts were moved into rooms. What has changed since then on purpose is in `meant.toml`, each
change with its reason.
"""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from grader.assignment.course import Course
from grader.grading.grade import grade
from grader.sandbox import ForkServer
from kit.graded import Borrower
from kit.places import GOLDEN, ROOT
from kit.verdicts import condense, hand_in_all

RECORD = GOLDEN / "verdicts"
SEED = 7
UNSTEADY = {"Oleksandr_Kovalenko/notes"}
"""How far a cell that prints without end comes within its limit is the machine's business."""


def differences(was: Any, now: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Old and new value of everything that is not the same, by its place."""
    if isinstance(was, dict) and isinstance(now, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in sorted(was.keys() | now.keys()):
            found |= differences(was.get(key), now.get(key), f"{path}/{key}" if path else key)
        return found
    return {} if was == now else {path: (was, now)}


def meant(slug: str) -> dict[str, tuple[Any, Any]]:
    """The changes of one assignment that are on purpose."""
    rows = tomllib.loads((RECORD / "meant.toml").read_text(encoding="utf-8"))
    assert all(row["why"] for row in rows["change"])
    return {r["at"]: (r["was"], r["is"]) for r in rows["change"] if r["assignment"] == slug}


@pytest.mark.proof
@pytest.mark.parametrize(
    "slug", sorted(p.name.removesuffix(".json.gz") for p in RECORD.glob("*.json.gz"))
)
def test_verdicts_stay(slug: str, server: ForkServer, tmp_path: Path) -> None:
    """Scores, outcomes, feedback, hints, reasons and notes, word for word."""
    course = Course(ROOT)
    loaded = course.load(slug)
    submissions = hand_in_all(course, loaded, tmp_path / "class")
    with Borrower(server, loaded, seed=SEED) as executor:
        summary = grade(executor, submissions, tmp_path / "out")
    now = {g.student: condense(g.to_json()) for g in summary.graded}
    was = json.loads(gzip.decompress((RECORD / f"{slug}.json.gz").read_bytes()))
    changed = differences(was, now)
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
