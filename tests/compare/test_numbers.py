"""Numbers beside the reference's: what counts as right where numbers are not finite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from grader import compare
from grader.records.measurements import NamedArray, Outputs, Steps
from kit.measuring import returned

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_a_reference_that_is_not_finite_accepts_nothing_else(odd: float) -> None:
    """Where the reference gives NaN or an infinity, any other answer is wrong, and NaN always."""
    assert compare.equal(returned(1.0), returned(odd)).fraction == 0
    assert compare.close(returned([1.0, 7.0]), returned([1.0, odd])).fraction == 0
    assert compare.parts({"a": returned(1.0)}, {"a": returned(odd)}).fraction == 0
    worst = compare.mismatch(np.array([1.0, 7.0]), np.array([1.0, odd]), 1e-6)
    assert worst is not None
    assert (worst.index, worst.wrong, worst.total) == ((1,), 1, 2)
    same = compare.mismatch(np.array([1.0, odd]), np.array([1.0, odd]), 1e-6)
    assert (same is None) == np.isinf(odd)


def test_an_infinity_excuses_no_other_number() -> None:
    """The greatest finite number says what is allowed, and where the error is greatest."""
    worst = compare.mismatch(np.array([INF, 1.0, 2.5]), np.array([INF, 1.0, 2.0]), 1e-6)
    assert worst is not None
    assert (worst.index, worst.error, worst.wrong) == ((2,), 0.5, 1)
    assert worst.allowed == pytest.approx(4e-6)


def steps(first: np.ndarray, second: np.ndarray) -> Steps:
    """Two steps of one bias from 0."""
    named = [
        NamedArray(key="linear/2x2/0/bias", name="b", shape=(2,), values=v, sampled=False)
        for v in (np.zeros(2), first, second)
    ]
    return Steps(runs=(((named[1],), (named[2],)),), precision="float64", before=(named[0],))


def test_a_right_step_of_nothing_is_no_error() -> None:
    """Equal scores and as many samples of each class leave the bias where it is."""
    answer = returned(torch.zeros(2, 2))
    scores, classes = Outputs(answers=(answer,), precision="float64"), np.array([0, 1])
    still, moved = steps(np.zeros(2), np.zeros(2)), steps(np.ones(2), np.ones(2))
    verdict = compare.stepped(moved, still, scores=scores, classes=classes)
    assert verdict.fraction == 0
    assert "After the first step of gradient descent" in verdict.feedback
    assert replace(verdict, feedback="") == replace(compare.close(moved, still), feedback="")


@pytest.mark.parametrize(
    ("seen", "expected", "text"),
    [
        (NAN, 7.0, "It holds nan, which is not a number"),
        (np.array([1.0, NAN]), np.ones(2), "It holds nan, which is not a number"),
        ([1.0, INF], [1.0, 2.0], "Entry 1 holds an infinity"),
        (torch.tensor([1.0, -INF]), np.ones(2), "It holds an infinity"),
        (np.ones(2) * 1j, np.ones(2), "It holds complex numbers, and real ones are asked for"),
        (np.ones(2) + 0j, np.ones(2), "It holds complex numbers, and real ones are asked for"),
        (1 << 1300, 7, "It holds a whole number of more than 300 digits"),
        ([1 << 1300], [7], "Entry 0 holds a whole number of more than 300 digits"),
        ([[1 << 1300, 1]], np.ones((1, 2)), "It holds a whole number of more than 300 digits"),
        (7, 1 << 1300, "It is 7, expected is 2182"),
        ((1 << 1300) + 1, 1 << 1300, "It is 2182"),
        (np.ones(2), np.ones(2) * 1j, "It differs. The greatest error is 1 at index (0, 0)"),
        (np.ones(2), "text", "It is [1.0, 1.0], expected is 'text'."),
        (np.ones(2), None, "It is [1.0, 1.0], expected is None."),
        ([1, (2, 3)], None, "It is [1, [2, 3]], expected is None."),
        ({"b" * 999: 1}, {"a": 1}, f"It has the keys ['{'b' * 297}…, expected are ['a']."),
    ],
)
def test_values_that_are_no_numbers_have_a_sentence(
    seen: object, expected: object, text: str
) -> None:
    """NaN, infinities, complex and unending numbers, and what stands in place of text."""
    for verdict in (
        compare.equal(returned(seen), returned(expected)),
        compare.close(returned(seen), returned(expected)),
    ):
        assert verdict.fraction == 0
        assert verdict.feedback.startswith(text)


@pytest.mark.parametrize("value", [np.array([1 + 2j, 3]), 1 << 1300, [1, 10**390], INF, [INF, 1.0]])
def test_such_values_are_right_where_they_are_asked_for(value: object) -> None:
    """A transform is complex, and some sums have no bound."""
    assert compare.equal(returned(value), returned(value)).fraction == 1
    assert compare.close(returned(value), returned(value)).fraction == 1
