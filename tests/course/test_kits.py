"""Every assignment of the course is released, and its kit judges as the course does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment.assignment import Measurements
from grader.assignment.course import Course
from grader.assignment.kit import read_kit
from grader.assignment.loader import LoadedAssignment
from grader.grading import judge
from grader.grading.judging import read_measurements
from grader.grading.release import load_public, release
from grader.grading.verify import Specimens
from grader.grading.written import read_answers
from grader.records.execution import ExecutionRecord
from grader.records.result import CheckResult
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.graded import Borrower
from kit.places import ROOT

DECIDED = {
    "birds_vs_planes": 81,
    "cifar10_cnn": 56,
    "cifar10_open": 10,
    "classic_networks": 90,
    "conv_arithmetic": 79,
    "lenet5_mnist": 70,
    "lenet5_training": 80,
    "mlp_from_scratch": 80,
    "mnist_views": 62,
}
"""Points of the public checks that a kit decides."""
LACKING = re.compile(r"(`[\w.]+`|the \w+ of shape \([\d, ]+\) of an? \w+) has no counterpart")
ANSWERS = ("conv_arithmetic",)
"""Of these a kit decides nothing unless it holds the answers."""


def judged(
    loaded: LoadedAssignment, own: ExecutionRecord, ours: ExecutionRecord, handed_in: Submission
) -> Mapping[str, CheckResult]:
    """What becomes of each check, beside that record of the reference."""
    seen, right = (read_measurements(loaded, r)[0] for r in (own, ours))
    seen |= read_answers(loaded, handed_in)
    results = judge.judge(
        loaded.assignment.checks, Measurements(seen), Measurements(right, reference=True)
    )
    return {r.name: r for r in results}


def said(result: CheckResult) -> CheckResult:
    """The result without evidence; a weight that only ours has goes by no name, as in a kit."""
    unnamed = LACKING.sub("a weight has no counterpart", result.feedback)
    return replace(result, feedback=unnamed, evidence={})


@pytest.mark.proof
@pytest.mark.parametrize("slug", sorted(DECIDED))
def test_kits_of_the_course(slug: str, server: ForkServer, tmp_path: Path) -> None:
    """The references, the handout and every third mistake: what the kit decides, the course decides
    so, in the same words; and the references lose nothing.
    """
    course = Course(ROOT)
    loaded = load_public(course, slug)
    # Mistakes name hidden checks too.
    specimens = Specimens.of(course, course.load(slug))
    with Borrower(server, loaded) as executor:
        student = "reference" if loaded.assignment.numbers("") is not None else None
        made = release(executor, course, student, answers=slug in ANSWERS)
        path = tmp_path / "kit.zip"
        path.write_bytes(made.kit.pack())
        packed = read_kit(path).load()
        packed.set_source(executor.source)
        loaded.set_source(executor.source)
        assert packed.measured is not None
        later = {r.name for r in made.deferred}
        points = {c.name: c.points for c in loaded.assignment.checks}
        assert sum(points.values()) - sum(points[n] for n in later) == DECIDED[slug]
        numbers = loaded.assignment.numbers(student or "")
        ours = executor.measure_reference(replace(loaded.reference, numbers=numbers))
        mistakes = [m.submission for m in specimens.mistakes][::3]
        for submission in [*specimens.references, *specimens.handouts, *mistakes]:
            own = executor.measure(replace(submission, numbers=numbers))
            expected = judged(loaded, own, ours, submission)
            seen = judged(packed, own, packed.measured, submission)
            for name, result in seen.items():
                if result.outcome == "deferred":
                    assert name in later, (submission.student, name)
                else:
                    assert said(result) == said(expected[name]), (submission.student, name)
            if submission in specimens.references:
                assert {r.outcome for r in seen.values()} <= {"passed", "deferred", "open"}


def test_every_assignment_is_tried() -> None:
    """A new one is named above."""
    assert sorted(DECIDED) == Course(ROOT).slugs()
