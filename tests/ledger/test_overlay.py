"""What people decided is laid over results, and nothing that is measured anew can lose it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.ledger.curve import read_curve
from grader.ledger.due import read_policy
from grader.ledger.ledger import DUE, SCALE, Ledger
from grader.ledger.overlay import Overlay, find_subject
from grader.records.errors import CourseError, GraderError, UsageError
from grader.records.mark import Mark, find_in_force
from grader.records.person import Person
from grader.records.result import CheckResult, Graded
from kit.sample_records import check, graded

DUE_TEXT = """
due = 2026-03-01T23:59:00
zone = "Europe/Berlin"
grace_minutes = 15
percent_per_day = 10
most_percent = 50

[extensions]
"ada@example.org" = 2026-03-05T12:00:00
"""


def question(name: str = "why", text: str = "It saves memory.") -> CheckResult:
    """A check that waits for a person."""
    return CheckResult(
        name=name,
        title="Why?",
        outcome="open",
        points=4,
        earned=0,
        evidence={"answer": {"text": text, "places": ["lenet.py, line 3"], "cut": False}},
        needs_review=True,
        person=True,
    )


def asked(**more: Any) -> Graded:
    """Ada, who earned 100 points and answered one question."""
    one = graded("Ada", **more)
    return replace(one, checks=(*one.checks, question()), max_score=104.0)


def see(one: Graded, *marks: Mark, **more: Any) -> Graded:
    """The result through these marks."""
    return Overlay(marks=find_in_force(marks), **more).apply(one)


def mark(points: float | None = None, **more: Any) -> Mark:
    """One of the question."""
    given = {"student": "Ada", "kind": "check", "check": "why", "by": "Grace", **more}
    return Mark(points=points, **given)


def test_a_marked_question_is_open_no_more() -> None:
    """Points, score, comment, who; and nobody is needed."""
    one = asked()
    assert one.needs_review
    seen = see(one, mark(3, comment="Time, too.", about=find_subject(one, one.checks[-1])))
    assert (seen.score, seen.checks[-1].outcome, seen.checks[-1].earned) == (103.0, "partial", 3)
    assert (seen.checks[-1].comment, seen.checks[-1].marked_by) == ("Time, too.", "Grace")
    assert seen.checks[-1].measured is None
    assert not seen.needs_review


def test_an_override_shows_what_was_measured() -> None:
    """Up or down, and no more than the check is worth."""
    one = graded("Ada", check("two_steps", "failed"))
    seen = see(one, mark(10, check="two_steps"))
    (steps,) = (c for c in seen.checks if c.name == "two_steps")
    assert (seen.score, steps.outcome, steps.measured) == (100.0, "passed", 0.0)
    assert see(one, mark(99, check="two_steps")).score == 100.0
    assert see(one, mark(99, check="two_steps")).needs_review


def test_the_newest_mark_holds_and_can_be_taken_back() -> None:
    """The log keeps both."""
    assert see(asked(), mark(1), mark(4)).score == 104.0
    gone = see(asked(), mark(1), mark(taken_back=True))
    assert (gone.score, gone.needs_review) == (100.0, True)


def test_another_answer_asks_again_and_keeps_the_points() -> None:
    """The mark was of other words; of the same words in other files it holds."""
    one = asked()
    given = mark(3, about=find_subject(one, one.checks[-1]))
    same = replace(one, digest="ee" * 32)
    assert not see(same, given).needs_review
    other = replace(one, checks=(*one.checks[:-1], question(text="No idea.")))
    assert (see(other, given).score, see(other, given).needs_review) == (103.0, True)


def test_who_is_excused_is_asked_about_no_more() -> None:
    """And gets neither curve nor deduction."""
    late = asked(received="2026-03-03T10:00:00+01:00")
    policy, curve = read_policy(DUE_TEXT), read_curve("x1.1")
    seen = see(late, mark(kind="excused", check="", comment="Ill."), policy=policy, curve=curve)
    assert (seen.excused, seen.comment, seen.adjustments) == (True, "Ill.", ())
    assert not seen.needs_review


def test_whoever_has_looked_lets_it_count() -> None:
    """Until something else is handed in; what is open stays open."""
    one = graded("Ada", check("two_steps", needs_review=True), doubtful=True)
    looked = mark(kind="settled", check="", about=one.digest)
    assert one.needs_review
    assert not see(one, looked).needs_review
    assert see(replace(one, digest="ee" * 32), looked).needs_review
    assert see(graded("Ada", check("two_steps", "broken"), doubtful=True), looked).needs_review


def test_points_beside_the_score_stand_beside_it() -> None:
    """With the reason."""
    seen = see(graded("Ada"), mark(-5, kind="whole", check="", comment="Copied a figure."))
    assert (seen.score, seen.final) == (100.0, 95.0)
    (given,) = seen.adjustments
    assert (given.kind, given.reason) == ("person", "Copied a figure.")


def test_a_mark_of_a_check_that_is_gone_is_named() -> None:
    """It is not applied to another."""
    seen = see(graded("Ada"), mark(2, check="gone"))
    assert seen.score == 100.0
    assert any("`gone`" in note for note in seen.notes)


# ---------------------------------------------------------------------- late work


@pytest.mark.parametrize(
    ("received", "late", "points"),
    [
        ("2026-03-01T22:59:00+00:00", False, 0),
        ("2026-03-02T00:14:00+01:00", False, 0),  # within the grace
        ("2026-03-02T00:15:00+01:00", True, -10),
        ("2026-03-02T23:59:00+01:00", True, -10),
        ("2026-03-03T00:00:00+01:00", True, -20),
        ("2026-03-30T10:00:00+02:00", True, -50),  # the cap, and summer time
        ("2026-03-02T08:00:00", True, -10),  # no zone: that of the policy
    ],
)
def test_days_begun_after_the_due_date_cost(received: str, *, late: bool, points: float) -> None:
    """Beside the score, which stays."""
    seen = see(graded("Ada", received=received), policy=read_policy(DUE_TEXT))
    assert (seen.late, seen.score) == (late, 100.0)
    assert sum(a.points for a in seen.adjustments) == points
    assert seen.due == "2026-03-01T23:59+01:00"


@pytest.mark.parametrize(
    ("due", "received", "days"),
    [
        ("2026-10-24", "2026-10-25T23:30:00+01:00", 1),  # 24.5 hours: clocks were put back
        ("2026-10-24", "2026-10-25T23:30:00", 1),
        ("2026-03-28", "2026-03-30T00:30:00+02:00", 2),  # 23.5 hours: clocks were put forward
        ("2026-03-28", "9999-12-31T23:59:59-12:00", 2_912_357),
    ],
)
def test_a_day_ends_by_the_clock(due: str, received: str, days: int) -> None:
    """Whether the source says its zone or not, and at the end of the calendar."""
    policy = read_policy(f'due = {due}T23:59:00\nzone = "Europe/Berlin"\npercent_per_day = 0.00001')
    (late,) = see(graded("Ada", received=received), policy=policy).adjustments
    assert f": {days} day{'s' * (days > 1)} begun" in late.reason


def test_no_extension_brings_a_due_date_nearer() -> None:
    """It was moved for everybody since, or belongs to another member; nor does one without end."""
    persons = (Person(name="Ada"), Person(name="Bob"))
    group = replace(graded("Ada", received="2026-03-01T10:00:00Z"), persons=persons)
    policy = read_policy(DUE_TEXT.replace('"ada@example.org" = 2026-03-05', '" Bob " = 2026-02-05'))
    assert not see(group, policy=policy).late
    endless = mark(kind="extension", check="", until="9999-12-31T23:59")
    assert not see(group, endless, policy=policy).late


def test_an_extension_moves_the_due_date() -> None:
    """In the file by what is known of a person, or entered by hand; the later one holds."""
    policy = read_policy(DUE_TEXT)
    one = graded("Ada", received="2026-03-04T10:00:00+01:00", late=True)
    known = replace(one, persons=(Person(email="ADA@example.org"),))
    assert see(one, policy=policy).adjustments
    assert not see(known, policy=policy).late
    by_hand = mark(kind="extension", check="", until="2026-03-04T12:00:00+01:00")
    seen = see(one, by_hand, policy=policy)
    assert (seen.late, seen.due) == (False, "2026-03-04T12:00+01:00")


def test_nobody_loses_points_where_the_time_is_not_known() -> None:
    """The source calls it late; a note says that nothing was taken off."""
    seen = see(graded("Ada", late=True), policy=read_policy(DUE_TEXT))
    assert (seen.late, seen.adjustments) == (True, ())
    assert "nothing was taken off" in seen.notes[-1]


def test_no_more_is_taken_off_than_was_earned() -> None:
    """And of the score where the course says so."""
    poor = replace(graded("Ada", received="2026-03-20T10:00:00+01:00"), score=30.0)
    assert see(poor, policy=read_policy(DUE_TEXT)).final == 0
    of_score = read_policy(DUE_TEXT.replace("most", 'of = "score"\nmost'))
    assert see(poor, policy=of_score).final == 15


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("due = 2026-03-01", "date with its time"),
        ("due = 2026-03-01T10:00:00", "says no zone"),
        ('due = 2026-03-01T10:00:00\nzone = "Mars"', "'Mars' is not known here"),
        ("due = 2026-03-01T10:00:00Z\npercent = 3", "says 'percent'"),
        ("due = 2026-03-01T10:00:00Z\npercent_per_day = 110", "from 0 to 100"),
        ("due = ", "is not TOML"),
        ("due = 2026-03-01T10:00:00Z\nextensions = 3", "write a table"),
        (
            "due = 2026-03-01T10:00:00Z\n[extensions]\n"
            "Ada = 2026-03-02T10:00:00Z\nada = 2026-03-03T10:00:00Z",
            "two extensions of ada",
        ),
    ],
)
def test_a_policy_that_is_written_wrongly_is_named(text: str, said: str) -> None:
    """With what to write."""
    with pytest.raises(CourseError, match=said):
        read_policy(text)


# ---------------------------------------------------------------------- the curve


def test_a_curve_stands_beside_the_scores() -> None:
    """A factor, points, or the best one as the maximum; never above it, and not for nothing."""
    half = replace(graded("Ada"), score=50.0)
    for text, points in (("x1.1", 5), ("+5", 5), ("x3", 50), ("none", 0)):
        assert see(half, curve=read_curve(text)).final == 50 + points
    nothing = replace(half, files=(), score=0.0)
    assert see(nothing, curve=read_curve("+5")).final == 0
    best = Overlay(curve=read_curve("best")).fit([half, replace(graded("Bo"), score=80.0)])
    assert best.apply(half).final == 62.5
    with pytest.raises(UsageError, match="is no scale"):
        read_curve("sqrt")


# ---------------------------------------------------------------------- in the ledger


def test_the_ledger_shows_results_through_the_overlay(tmp_path: Path) -> None:
    """Marks, policy and curve; what was measured stays as it was, and is found in the history."""
    path = tmp_path / "grades.db"
    one = asked(received="2026-03-02T10:00:00+01:00")
    with Ledger(path) as ledger:
        ledger.add_result(one, "key", "rules")
        ledger.add_marks([mark(4)])
        ledger.set_setting(DUE, DUE_TEXT)
        ledger.set_setting(SCALE, "best")
        ledger.add_result(replace(one, notes=("judged again",)), "key", "other rules")
    with Ledger(path, readonly=True) as ledger:
        (seen,) = ledger.results()
        (apart,) = ledger.results_apart(["Ada"])
        assert seen == apart
        assert (seen.score, seen.final) == (104.0, 93.6)
        assert ledger.marks()[0].at
        assert {e.graded.score for e in ledger.history("Ada")} == {100.0}


@pytest.mark.parametrize("change", ["DELETE FROM marks", "UPDATE marks SET points = 0"])
def test_the_log_is_only_added_to(tmp_path: Path, change: str) -> None:
    """By the file itself, whoever writes to it."""
    with Ledger(tmp_path / "grades.db") as ledger:
        ledger.add_marks([mark(4)])
    with (
        closing(sqlite3.connect(tmp_path / "grades.db")) as database,
        pytest.raises(sqlite3.IntegrityError, match="only added to"),
    ):
        database.execute(change)


def test_marks_are_kept_all_or_none(tmp_path: Path) -> None:
    """One that cannot be kept takes the others with it."""
    with Ledger(tmp_path / "grades.db") as ledger:
        with pytest.raises(GraderError):
            ledger.add_marks([mark(4), replace(mark(4), check=None)])  # type: ignore[arg-type]
        assert ledger.marks() == []
