"""What functions of a course's `probes.py` may do with the student's file."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring.scripts import Student
from kit.measuring import names

SOURCE = """
def half(n):
    return 12 / n


def never(n):
    raise ValueError("not yet")
"""


def test_each_of_several_calls_counts_for_itself() -> None:
    """One that raises, and one that is refused, are told in place of what they would have given."""
    student = Student(names(SOURCE))
    half = student.function("half", 1)

    def refuse() -> None:
        student.refuse("`half` returned nothing")

    found = student.each([lambda: half(3), lambda: half(0), refuse])
    assert found == [
        4.0,
        {"failed": "lenet.py, line 3: ZeroDivisionError: division by zero"},
        {"failed": "`half` returned nothing"},
    ]


def test_where_all_fail_the_first_failure_goes_on() -> None:
    """So that it is told as it is where there is one call."""
    student = Student(names(SOURCE))
    never = student.function("never", 1)
    with pytest.raises(ValueError, match="not yet"):
        student.each([lambda: never(1), lambda: student.refuse("it is odd")])
    with pytest.raises(Unanswerable, match="it is odd"):
        student.each([lambda: student.refuse("it is odd")])
    assert student.each([]) == []


def test_an_error_of_the_course_is_no_failure_of_a_call() -> None:
    """No line of the student's takes part in it."""
    student = Student(names(SOURCE))
    with pytest.raises(KeyError):
        student.each([lambda: 1, lambda: {}["of the course"]])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (1 << 1300, "it is a whole number that is too large"),
        ([1 << 1300], "it is a whole number that is too large"),
        (torch.ones(2) * 1j, "it holds complex numbers"),
        (torch.empty(2, device="meta"), "it cannot be read: it is a tensor on the device meta"),
    ],
)
def test_odd_numbers_are_the_students(given: Any, why: str) -> None:
    """The sentence is theirs: it is no failure of the course's measuring code."""
    with pytest.raises(Unanswerable, match=f"^{why}"):
        Student(names(SOURCE)).array(given, "it")


def test_an_array_may_come_as_lists() -> None:
    """Nothing of it is written down, so that only the numbers count."""
    assert Student(names(SOURCE)).array([[0.5] * 1000] * 300, "it").shape == (300, 1000)
