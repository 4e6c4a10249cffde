"""Writing an assignment: what is registered, and every mistake an author can make, named at once."""

from __future__ import annotations

from typing import Any

import pytest

from grader import Assignment, Measurements, Verdict
from grader.records.errors import CourseError
from grader.records.limits import Limits


def first(student: Measurements, reference: Measurements) -> Verdict:
    """The first line
    of the rubric.

    What students do not read.
    """
    return Verdict(fraction=1.0)


def second(student: Measurements, reference: Measurements) -> Verdict:
    """The second."""
    return Verdict(fraction=1.0)


def nameless(student: Measurements, reference: Measurements) -> Verdict:
    return Verdict(fraction=1.0)


@pytest.fixture
def assignment() -> Assignment:
    return Assignment("A", entry="a", extra_files=["a.pt"])


def test_a_check_is_registered(assignment: Assignment) -> None:
    """Name, title, points and what it comes after are those of the function; it stays a function."""
    assert assignment.check(points=2)(first) is first
    assignment.check(points=3, depends_on=[first], extra=True)(second)
    one, two = assignment.checks
    assert (one.name, one.points, one.depends_on, one.extra, one.hidden) == (
        "first",
        2.0,
        (),
        False,
        False,
    )
    assert one.title == "The first line of the rubric."
    assert (two.depends_on, two.extra) == (("first",), True)
    assert assignment.max_score == 2.0
    assert assignment.extra_files == ("a.pt",)
    assert assignment.limits == Limits()


def test_hidden(assignment: Assignment) -> None:
    """Checks that hidden.py added are marked, the others are not."""
    assignment.check(points=1)(first)
    assignment.check(points=1)(second)
    assignment.hide(["second"])
    assert [c.hidden for c in assignment.checks] == [False, True]


def test_assignments_share_nothing() -> None:
    """Each owns its checks."""
    one, two = Assignment("1", entry="a"), Assignment("2", entry="a")
    one.check(points=1)(first)
    assert two.checks == ()


@pytest.mark.parametrize(
    ("function", "options", "sentence"),
    [
        (nameless, {"points": 1}, "check `nameless` has no docstring"),
        (first, {"points": -1}, "is worth -1 points"),
        (second, {"points": 1, "depends_on": [first]}, "comes after `first`, which is no check"),
        (second, {"points": 1, "depends_on": [second]}, "comes after `second`, which is no check"),
    ],
)
def test_mistakes_are_named(
    assignment: Assignment, function: Any, options: dict[str, Any], sentence: str
) -> None:
    """A missing docstring, negative points and a dependency that is no check are refused."""
    with pytest.raises(CourseError, match=sentence):
        assignment.check(**options)(function)
    assert assignment.checks == ()


@pytest.mark.parametrize("points", [float("nan"), float("inf")])
def test_points_are_numbers(assignment: Assignment, points: float) -> None:
    """Infinitely many points, or not a number of them, are refused."""
    with pytest.raises(CourseError, match="points"):
        assignment.check(points=points)(first)


def test_two_of_one_name(assignment: Assignment) -> None:
    """A second check of the same name is refused."""
    assignment.check(points=1)(first)
    with pytest.raises(CourseError, match="two checks called `first`"):
        assignment.check(points=1)(first)


@pytest.mark.parametrize("entry", ["lenet.py", "my file", "", "a/b"])
def test_entry_is_a_stem(entry: str) -> None:
    """The entry is a stem, without suffix or folder."""
    with pytest.raises(CourseError, match="file stem"):
        Assignment("A", entry=entry)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"cpu_seconds": -1}, "the limit cpu_seconds is -1; give a number above 0"),
        ({"patience": 0}, "the limit patience is 0; give a number above 0"),
        ({"cell_seconds": float("nan")}, "the limit cell_seconds is nan; give a number above 0"),
        ({"cpu_seconds": float("inf")}, "the limit cpu_seconds is inf; give a number above 0"),
        ({"cpu_seconds": "60"}, "the limit cpu_seconds is '60'; give a number above 0"),
        ({"memory_mib": 0.5}, "the limit memory_mib is 0.5; give a whole number above 0"),
        ({"processes": True}, "the limit processes is True; give a whole number above 0"),
        ({"output_kib": None}, "the limit output_kib is None; give a whole number above 0"),
        ({"disk_mib": 0}, "the limit disk_mib is 0; give a whole number above 0"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_named(limits: dict[str, Any], sentence: str) -> None:
    """The instructor reads the field and the value before anyone's code runs."""
    with pytest.raises(CourseError) as caught:
        Assignment("A", entry="a", limits=Limits(**limits))
    assert str(caught.value) == sentence


def test_hidden_checks_are_shown_by_a_rule() -> None:
    """`never` where nothing is said; what is no rule is refused with the value."""
    assert Assignment("A", entry="a").hidden_shown == "never"
    assert Assignment("A", entry="a", hidden_shown="2026-12-01").hidden_shown == "2026-12-01"
    with pytest.raises(CourseError, match=r"^hidden_shown is 'soon'; give 'never', 'always' or"):
        Assignment("A", entry="a", hidden_shown="soon")


def test_limits_are_limits() -> None:
    """A dictionary of them is refused with the way to write it."""
    with pytest.raises(CourseError, match=r"as `limits=Limits\(…\)`, not as \{'cpu_seconds': 3\}"):
        Assignment("A", entry="a", limits={"cpu_seconds": 3})  # type: ignore[arg-type]
    assert Assignment("A", entry="a", limits=Limits(cpu_seconds=1)).limits.cpu_seconds == 1
