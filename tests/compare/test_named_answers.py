"""Answers in named variables: what counts as equal, and what a wrong one is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from grader import compare
from grader.records.execution import Missing
from grader.records.result import Verdict
from kit.measuring import returned


def told(seen: Any, expected: Any, slips: dict[str, Any] | None = None, **more: Any) -> Verdict:
    """The verdict on one answer called `a`."""
    answer = seen if isinstance(seen, Missing) else returned(seen)
    return compare.parts({"a": answer}, {"a": returned(expected)}, {"a": slips or {}}, **more)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([4, 3], (4, 3)),
        (torch.zeros(4, 3).shape, (4, 3)),
        (np.array([4, 3]), (4, 3)),
        (torch.tensor([4, 3]), (4, 3)),
        ([4.0, 3], (4, 3)),
        (7, (7,)),
        ((7,), 7),
        (np.int64(7), 7),
        (0.1 + 0.2, 0.3),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ([(1, 2), (3, 4)], [[1, 2], [3, 4]]),
        ({"first": (1, 2), "second": (3, 4)}, [[1, 2], [3, 4]]),
    ],
)
def test_equal_answers(seen: object, expected: object) -> None:
    """Lists, tuples, sizes, arrays and tensors count alike, and a number like a list of it."""
    assert told(seen, expected).fraction == 1


@pytest.mark.parametrize(
    ("seen", "expected", "text"),
    [
        (8, 7, "`a` is not right."),
        ((4, 3, 1), (4, 3), "`a` is 3 numbers, expected is 2 numbers."),
        ((4, 5), (4, 3), "`a` is not right in entry 1, counted from 0."),
        ((5, 4), (4, 3), "`a` is not right in entries 0, 1, counted from 0."),
        (None, 7, "`a` is still None: put your answer there."),
        ([[None, None]], [[1, 2]], "`a` still has a blank in it: put your answer there."),
        ("7", 7, "`a` holds text, '7': write numbers, without quotes."),
        ([], [[1, 2]], "`a` is empty, expected is 1 rows of 2 numbers."),
        ({"b": 7}, (7, 8), "`a` is a number, expected is 2 numbers."),
        ({"b": "7"}, 7, "`a` holds text, \"{'b': '7'}\": write numbers, without quotes."),
    ],
)
def test_wrong_answers(seen: object, expected: object, text: str) -> None:
    """What is wrong is said, and never what is right."""
    verdict = told(seen, expected)
    assert (verdict.fraction, verdict.feedback) == (0, text)


NAN = "`a` holds nan, which is not a number: look for 0/0"
INFINITE = "`a` holds an infinity: look for a division by zero"
COMPLEX = "`a` holds complex numbers, and real ones are asked for: take their real part"
HUGE = "`a` holds a whole number of more than 300 digits: look for a power"


@pytest.mark.parametrize(
    ("seen", "expected", "text"),
    [
        (float("nan"), 7, NAN),
        (torch.tensor(float("nan")), (4, 3), NAN),
        ([1, [2, np.float16("nan")]], [[1, 2]], NAN),
        (float("inf"), 7, INFINITE),
        ([[-float("inf")] * 3] * 4, [[1, 2, 3]] * 4, INFINITE),
        (np.ones(4) * 1j, (1, 1, 1, 1), COMPLEX),
        (np.complex64(3), 3, COMPLEX),
        (torch.tensor([1 + 1j]), 3, COMPLEX),
        (1 << 1300, 7, HUGE),
        (-(10**390), 7, HUGE),
        ([3, 10**390], (3, 4), HUGE),
        ({"b": [1, 10**309]}, (1, 4), HUGE),
    ],
)
@pytest.mark.parametrize("unordered", ["", "a"])
def test_numbers_that_are_none(seen: object, expected: object, text: str, unordered: str) -> None:
    """NaN, infinities, complex and unending numbers are said to be that, wherever they stand."""
    verdict = told(seen, expected, unordered=unordered)
    assert verdict.fraction == 0
    assert verdict.feedback.startswith(text)


@pytest.mark.parametrize("right", [10**390, [1, 1 << 1300], float("inf"), [float("-inf"), 2.0]])
def test_what_is_asked_for_may_be_beyond_measure(right: object) -> None:
    """Where the right answer is as large, it is right, and nothing is odd about a wrong one."""
    assert told(right, right).fraction == 1
    off = [n + 1 for n in right] if isinstance(right, list) else 3
    assert told(off, right).fraction == 0


def test_a_huge_answer_is_compared_to_its_last_digit() -> None:
    """No floating-point number stands for it."""
    assert told(10**390 + 1, 10**390).feedback == "`a` is not right."


def test_a_slip_is_named() -> None:
    """A value that one slip leads to has its sentence; of two slips neither is told."""
    slips = {"the bias is left out": 5, "the stride is left out": 9, "something else": 9}
    assert told(5, 7, slips).feedback == "`a` is not right: the bias is left out."
    assert told(9, 7, slips).feedback == "`a` is not right."
    assert told(6, 7, slips).feedback == "`a` is not right."
    assert told([7], 7, {"wrong": 7}).fraction == 1


def test_answers_without_order() -> None:
    """A list in any order, or a dictionary, where order means nothing; each entry as often as it is."""
    expected = [(2, 3), (2,), (4, 2), (2,)]
    assert told([(2,), (2,), (2, 3), (4, 2)], expected, unordered="a").fraction == 1
    named = {"w1": (2, 3), "b1": (2,), "w2": (4, 2), "b2": (2,)}
    assert told(named, expected, unordered="a").fraction == 1
    assert told([(2,), (2, 3), (4, 2)], expected, unordered="a").fraction == 0
    assert told([(2,), (2,), (3, 2), (4, 2)], expected, unordered="a").fraction == 0.75
    assert told([(2,), (2,), (2, 3), (4, 2)], expected).fraction == 0.25


def test_each_answer_has_its_share() -> None:
    """Right answers earn their part; missing ones are named as the box named them."""
    missing = Missing(why="x.py does not define `c`; it defines `a`. Define `c` in this file")
    student = {"a": returned(1), "b": returned(3), "c": missing}
    reference = {n: returned(i) for i, n in enumerate("abc", 1)}
    verdict = compare.parts(student, reference)
    assert verdict.fraction == pytest.approx(1 / 3)
    assert verdict.feedback == (
        "1 of 3 right. `b` is not right. "
        "x.py does not define `c`; it defines `a`. Define `c` in this file."
    )


@pytest.mark.parametrize(
    ("seen", "expected", "share", "more"),
    [
        ([(1, 2), (3, 5)], [(1, 2), (3, 4)], 0.5, {}),
        ([[1, 2, 3], [4, 5, 6], [7, 8, 8]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]], 2 / 3, {}),
        ([(3, 4), (1, 2)], [(1, 2), (3, 4)], 0.0, {}),
        ([(3, 4), (1, 9), (5, 6)], [(1, 2), (3, 4), (5, 6)], 2 / 3, {"unordered": ["a"]}),
        ([(3, 4), (3, 4)], [(1, 2), (3, 4)], 0.5, {"unordered": ["a"]}),
        ([(1, 2), None], [(1, 2), (3, 4)], 0.5, {}),
        ([(1, 2)], [(1, 2), (3, 4)], 0.0, {}),
        ((4, 5), (4, 3), 0.0, {}),  # the numbers of one shape belong together
    ],
)
def test_each_row_of_an_answer_counts(
    seen: object, expected: object, share: float, more: dict[str, Any]
) -> None:
    """One odd row takes nothing from the others."""
    assert told(seen, expected, **more).fraction == pytest.approx(share)
