"""What functions of a course's `probes.py` may do with the student's file."""

from __future__ import annotations

import pytest

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
