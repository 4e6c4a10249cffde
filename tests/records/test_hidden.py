"""Hidden checks: a line of points for students, until the day from which on they see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from grader.records.causes import list_causes
from grader.records.earlier import Earlier
from grader.records.excerpt import Excerpt
from grader.records.hidden_checks import are_shown, choose_view, conceal, is_rule, reveal
from grader.records.place import Place
from grader.records.result import CheckResult
from kit.sample_records import check, graded

TODAY = date(2026, 12, 1)
SECRET = CheckResult(
    name="secret", title="Secret title.", outcome="failed", points=8, earned=0,
    feedback="SECRET", hint="SECRET", evidence={"secret": 1}, hidden=True, code="secret-code", at=Place(file="a.py", line=40),
)  # fmt: skip
OTHER = replace(SECRET, name="secret_too", outcome="passed", points=12, earned=12.0)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [("never", False), ("always", True), ("2026-12-01", True), ("2026-12-02", False)],
)
def test_when_they_are_shown(rule: str, *, shown: bool) -> None:
    """Never, always, or from a day on."""
    assert is_rule(rule)
    assert are_shown(rule, TODAY) is shown


@pytest.mark.parametrize("rule", ["", "Never", "tomorrow", "2026-13-01", None, 3, True])
def test_what_is_no_rule(rule: object) -> None:
    """Any other word is refused where the assignment is read."""
    assert not is_rule(rule)


def test_points_add_up_without_a_secret() -> None:
    """One line says how many points of how many; nothing else of hidden checks is left."""
    lost = check("two_steps", "failed", feedback="Another.", at=Place(file="a.py", line=9))
    one = graded("Ada", lost)
    one = replace(one, checks=(*one.checks, SECRET, OTHER), score=102.0, max_score=120.0)
    lines = [Excerpt(file="a.py", cell=None, first=n, lines=("x",)) for n in (9, 40)]
    before = Earlier(score=3.0, checks={"secret": 2.0, "two_steps": 1.0})
    seen = conceal(replace(one, excerpts=tuple(lines), earlier=before))
    assert seen.excerpts == (lines[0],)
    assert seen.earlier == Earlier(score=3.0, checks={"two_steps": 1.0})
    line = seen.checks[-1]
    assert (line.name, line.earned, line.points, line.outcome) == (
        "hidden_checks",
        12,
        20,
        "partial",
    )
    assert line.feedback == "Hidden checks: 12 of 20 points."
    assert line.title == "2 checks that are not shown."
    assert sum(c.earned for c in seen.checks) == seen.score
    assert sum(c.points for c in seen.checks) == seen.max_score
    assert "secret" not in repr(seen).casefold()
    assert [c.title for c in list_causes(seen)] == ["Another", "Points of hidden checks"]
    assert conceal(graded("Ada")) == graded("Ada")


def test_what_is_open_costs_nothing_and_is_said() -> None:
    """The points of a check that broke are still there to be reached; bonus stands apart."""
    one = graded("Ada")
    broken = replace(SECRET, outcome="broken", needs_review=True)
    one = replace(one, checks=(*one.checks, broken, replace(OTHER, extra=True)))
    line, bonus = conceal(one).checks[-2:]
    assert (line.outcome, line.points, line.needs_review) == ("broken", 8, True)
    assert line.feedback.endswith("Some of them are not decided yet, which is no fault of yours.")
    assert (bonus.name, bonus.extra, bonus.outcome) == ("hidden_checks_bonus", True, "passed")
    assert conceal(one).needs_review is one.needs_review is True


def test_views() -> None:
    """A student sees what the rule says, the instructor's copy everything."""
    one = graded("Ada")
    one = replace(one, checks=(*one.checks, SECRET))
    assert choose_view("never")(one) == conceal(one) != one
    assert choose_view("always")(one) == one
    assert choose_view("never", with_hidden=True)(one) == one
    assert not any(c.hidden for c in reveal(one).checks)
