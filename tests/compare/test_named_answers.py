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
        (float("nan"), 7, "`a` is not right."),
        ({"b": 7}, (7, 8), "`a` is a number, expected is 2 numbers."),
        ({"b": "7"}, 7, "`a` holds text, \"{'b': '7'}\": write numbers, without quotes."),
    ],
)
def test_wrong_answers(seen: object, expected: object, text: str) -> None:
    """What is wrong is said, and never what is right."""
    verdict = told(seen, expected)
    assert (verdict.fraction, verdict.feedback) == (0, text)


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
