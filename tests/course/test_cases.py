"""Untidy hand-ins keep the points that they earn: each case of `submissions/cases`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from grader.grading.cohort import Cohort
from grader.records.result import Graded
from grader.sandbox import ForkServer
from grader.submissions import collect
from kit.cases import KNOWN, KNOWN_OF_A_STUDENT, Case, find_cases, load_course
from kit.graded import by_name, opened, outcomes, said
from kit.sentences import find_untrue, read_files

CASES = list(find_cases())
NAMES = [c.name for c in CASES]
Opened = Callable[[tuple[str, str]], Cohort]


@pytest.fixture(scope="module")
def cohort_of(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The class of an assignment, opened when it is first asked for."""
    with ExitStack() as stack:
        known: dict[tuple[str, str], Cohort] = {}

        def get(place: tuple[str, str]) -> Cohort:
            if place not in known:
                loaded = load_course(place[0]).load(place[1])
                folder = tmp_path_factory.mktemp(place[1])
                known[place] = stack.enter_context(opened(server, loaded, folder))
            return known[place]

        yield get


def judge(cohort: Cohort, case: Case, folder: Path) -> dict[str, Graded]:
    """What the students of a case get, under its limits."""
    loaded = cohort.loaded
    assignment, before = loaded.assignment, copy.copy(loaded.assignment.limits)
    hand_ins = collect.read_class(case.hand_in(folder, loaded), loaded.asked)
    assignment.limits = replace(before, **case.facts.get("limits", {}))
    try:
        numbered = [assignment.admit(s) for s in hand_ins]
        return by_name([cohort.judge(s, cohort.executor.measure(s)) for s in numbered])
    finally:
        assignment.limits = before


def test_every_case_is_well_formed() -> None:
    """Each says why it is there, names its students, and nothing that nobody reads."""
    assert NAMES
    for case in CASES:
        assert case.facts["why"], case.name
        assert not case.facts.keys() - KNOWN, case.name
        assert case.students, case.name
        for facts in case.students.values():
            assert not facts.keys() - KNOWN_OF_A_STUDENT, case.name
            assert facts.keys() & {"score", "at_least", "checks"}, case.name


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.proof] * c.facts.get("proof", False)) for c in CASES],
    ids=NAMES,
)
def test_case(case: Case, cohort_of: Opened, tmp_path: Path) -> None:
    """Points and sentences are right."""
    graded = judge(cohort_of(case.place), case, tmp_path)
    assert graded.keys() == case.students.keys()
    for student, facts in case.students.items():
        one = graded[student]
        text = said(one)
        earned = {c.name: c.earned for c in one.checks}
        assert "broken" not in outcomes(one).values(), text
        assert find_untrue(one, read_files(tmp_path / "class" / student)) == []
        if "score" in facts:
            assert one.score == pytest.approx(facts["score"], abs=0.01), f"{earned}\n{text}"
        if "at_least" in facts:
            assert one.score >= facts["at_least"], f"{earned}\n{text}"
        for name, points in facts.get("checks", {}).items():
            assert earned[name] == pytest.approx(points, abs=0.01), f"{name}\n{text}"
        for piece in facts.get("says", ()):
            assert piece in text
        for piece in facts.get("never", ()):
            assert piece not in text, text
        if "status" in facts:
            assert one.execution.status == facts["status"], text
        assert one.needs_review == facts.get("needs_review", False), text
