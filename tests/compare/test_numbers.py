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
