"""Labels in a check are those of the source with which the class is graded."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import data
from kit.graded import Grading, check
from kit.places import NOWHERE
from kit.tiny import Tiny

REVEALS = '''

digits = data.test("mnist", limit=7)
several = {"train": data.train("cifar10", limit=5)}


@assignment.check(points=1)
def revealed(student: Measurements, reference: Measurements) -> Verdict:
    """The labels are read."""
    labels = [*digits.labels.reveal(), *several["train"].labels.reveal()]
    return Verdict(fraction=1.0, feedback=" ".join(map(str, labels)))
'''


@pytest.mark.usefixtures("bare")
def test_a_check_reads_the_labels_of_the_class(course: Tiny, regrade: Grading) -> None:
    """The class is graded on stand-ins, and nothing else on this machine says so."""
    path: Path = course.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text() + REVEALS)
    course.submit("ada")
    outcome, _ = regrade(course)
    source = data.Source(NOWHERE, stand_in=True)
    sets = (data.test("mnist", limit=7), data.train("cifar10", limit=5))
    expected = [str(v) for s in sets for v in s.labels.reveal(source)]
    assert check(outcome.graded[0], "revealed").feedback == " ".join(expected)
