"""A class leaves little behind, whatever its answers hold, and is judged again from that."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from grader.grading.grade import grade
from grader.grading.progress import Silent
from grader.ledger.budget import KEPT
from grader.records.errors import GraderError, UsageError
from grader.sandbox import ForkServer
from kit.graded import Borrower, Grading, by_name, outcomes, results
from kit.tiny import POINTS, RIGHT, WRONG, Tiny

REACH = """
import sys
import numpy as np
ASKS = sys.modules["grader.inside.measuring.measure"].ASKS
NOISE = np.random.default_rng(1).integers(0, 255, 4_000_000, dtype="u1")
"""
"""Puts other functions in the place of those that measure, to say what is not measured."""
MORE = f"""{RIGHT}{REACH}
def heavy(function):
    return lambda names, args: {{**function(names, args), "more": NOISE, "and": [NOISE.tobytes().hex()[:2**20]]}}
for ask in list(ASKS):
    ASKS[ask] = heavy(ASKS[ask])
"""
DEEP = f"""{RIGHT}{REACH}
def heavy(function):
    def put(value):
        if isinstance(value, dict) and value and "stride" not in value:
            return {{**{{k: put(v) for k, v in value.items()}}, "more": NOISE[:10_000]}}
        return [put(v) for v in value] if isinstance(value, (list, tuple)) else value
    return lambda names, args: put(function(names, args))
for ask in ("layers", "parameters", "outputs", "call"):
    ASKS[ask] = heavy(ASKS[ask])
"""
READ = f"""{RIGHT}{REACH}
outputs = ASKS["outputs"]
def heavy(names, args):
    said = outputs(names, args)
    noise = NOISE.view("<f4").astype("<f8").reshape(10, -1)
    return {{**said, "runs": [*said["runs"], *({{"kind": "tensor", "item": n}} for n in noise)]}}
ASKS["outputs"] = heavy
"""
SETTINGS = f"""{RIGHT}{REACH}
layers = ASKS["layers"]
def heavy(names, args):
    said = layers(names, args)
    rows = [{{**r, "settings": {{"padding": NOISE[:200_000].tolist()}}}} for r in said["layers"]]
    return {{**said, "layers": rows}}
ASKS["layers"] = heavy
"""
RETURNED = RIGHT.replace(
    "return [2 * n for n in numbers]",
    "return [2 * n for n in numbers] + list(range(10**5, 2 * 10**5))",
)
NOISY = f"""{RIGHT}
import numpy as np
def double(numbers):
    return [2 * n for n in numbers] + [np.random.rand(500_000)]
"""
PRINTING = f"import os\nprint(os.urandom(10**5).hex())\n{RIGHT}"
SPECIMENS = {
    "more": (MORE, POINTS),
    "deep": (DEEP, POINTS),
    "read": (READ, None),
    "settings": (SETTINGS, None),
    "returned": (RETURNED, POINTS - 2),
    "noisy": (NOISY, POINTS - 2),
    "printing": (PRINTING, POINTS),
}


def measure_size(course: Tiny) -> int:
    """Bytes of the ledger when everything is written."""
    with closing(sqlite3.connect(course.out / "grades.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (course.out / "grades.db").stat().st_size


@pytest.mark.proof
def test_a_class_of_noise(course: Tiny, regrade: Grading) -> None:
    """The ledger stays small; nobody is run again, and where the rules change only those are of
    whom it was too much to keep.
    """
    course.submit("ada")
    course.submit("bob", WRONG)
    before, _ = regrade(course)
    empty = measure_size(course)
    for name, (code, _) in SPECIMENS.items():
        course.submit(name, code)
    outcome, _ = regrade(course)
    first = by_name(outcome.graded)
    assert measure_size(course) - empty < KEPT * len(SPECIMENS)
    for name, (_, points) in SPECIMENS.items():
        assert points is None or first[name].score == points, outcomes(first[name])
    again, _ = regrade(course)
    assert (again.executed, again.regraded) == (0, 0)
    assert by_name(again.graded) == first
    course.rule("@assignment.check(points=2)\ndef count", "@assignment.check(points=3)\ndef count")
    last, _ = regrade(course)
    assert 1 <= last.executed <= 4
    assert {s: g.score - first[s].score for s, g in by_name(last.graded).items()} == dict.fromkeys(
        first, 1.0
    )
    assert {g.student for g in results(course)} == {"ada", "bob", *SPECIMENS}
    assert before.executed == 2


def test_another_assignment_changes_nothing(course: Tiny, server: ForkServer) -> None:
    """Also where the first one left no result: its folder is its own from the start."""
    from grader.assignment.course import Course
    from grader.grading.grade import prepare

    course.submit("ada")
    kept = prepare(course.out / "grades.db", "tiny", 5)
    for seed in (None, 6):
        with pytest.raises(UsageError, match=r"holds the grades of tiny, not of other\. Choose"):
            prepare(course.out / "grades.db", "other", seed)
    assert prepare(course.out / "grades.db", "tiny", None) == kept
    (course.root / "assignments/tiny").rename(course.root / "assignments/other")
    (course.root / "reference/tiny").rename(course.root / "reference/other")
    with (
        Borrower(server, Course(course.root).load("other")) as executor,
        pytest.raises(UsageError, match="holds the grades of tiny"),
    ):
        grade(executor, course.submissions(), course.out)


class Moving(Silent):
    """Moves the output folder away when somebody was graded."""

    def __init__(self, course: Tiny) -> None:
        self._course = course

    def step(self, name: str) -> None:  # noqa: ARG002
        if self._course.out.exists():
            self._course.out.rename(self._course.root / "away")


def test_a_folder_that_is_moved_while_it_is_written(course: Tiny, server: ForkServer) -> None:
    """The run ends in a sentence and makes no other folder; in the one that was moved everything is
    whole, and grading goes on there.
    """
    for name in ("ada", "bob", "cy"):
        course.submit(name, f"# {name}\n{RIGHT}")
    with (
        Borrower(server, course.load()) as executor,
        pytest.raises(GraderError, match="deleted, moved or replaced while it was written"),
    ):
        grade(executor, course.submissions(), course.out, progress=Moving(course))
    assert not course.out.exists()
    (course.root / "away").rename(course.out)
    assert len(results(course)) == 1
    with Borrower(server, course.load()) as executor:
        outcome = grade(executor, course.submissions(), course.out)
    assert (outcome.executed, outcome.reused) == (2, 1)
    assert {g.score for g in outcome.graded} == {POINTS}
