"""One rule for how far numbers may lie from the expected ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.diagnosis.tolerance import Scale, Tolerance

EXPECTED = np.array([0.0, 1.0, -10.0])
NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("of", "limits"),
    [
        ("both", [1.0, 1.1, 2.0]),
        ("greatest", [1.0, 1.0, 1.0]),
        ("each", [0.0, 0.1, 1.0]),
        ("one", [0.1, 0.1, 0.1]),
    ],
)
def test_the_scale_says_what_is_allowed(of: Scale, limits: list[float]) -> None:
    """An error as great as the limit is allowed, and a greater one is wrong, up and down."""
    tolerance = Tolerance(rtol=0.1, of=of)
    shown = np.broadcast_to(tolerance.limits(EXPECTED), EXPECTED.shape)
    assert shown.tolist() == pytest.approx(limits)
    for sign in (1, -1):
        assert tolerance.allows(EXPECTED + 0.999 * sign * shown, EXPECTED)
        wrong = tolerance.find_wrong(EXPECTED + 1.001 * sign * shown, EXPECTED)
        assert wrong.tolist() == [limit > 0 for limit in limits]


@pytest.mark.parametrize(
    ("seen", "expected", "wrong"),
    [
        ([NAN, 1.0], [2.0, 1.0], [True, False]),
        ([NAN, 1.0], [NAN, 1.0], [True, False]),
        ([5.0, 9.0], [NAN, 1.0], [True, True]),
        ([5.0, 9.0], [INF, 1.0], [True, True]),
        ([INF, 1.0], [INF, 1.0], [False, False]),
        ([-INF, 1.0], [INF, 1.0], [True, False]),
        ([INF, 1.0], [2.0, 1.0], [True, False]),
    ],
)
def test_numbers_that_are_not_finite(
    seen: list[float], expected: list[float], wrong: list[bool]
) -> None:
    """NaN is never right, an infinity only where it is expected; neither excuses other numbers."""
    for of in ("both", "greatest", "each", "one"):
        tolerance = Tolerance(rtol=1e-6, of=of)
        assert tolerance.find_wrong(np.array(seen), np.array(expected)).tolist() == wrong


def test_shares_are_raised_and_lowered() -> None:
    """`at_least` and `at_most` keep the scale, and return nothing else than asked for."""
    tolerance = Tolerance(rtol=1e-6, of="each")
    assert tolerance.at_least(1e-3) == Tolerance(rtol=1e-3, of="each")
    assert tolerance.at_most(1e-9) == Tolerance(rtol=1e-9, of="each")
    assert tolerance.at_least(1e-9) == tolerance.at_most(1e-3) == tolerance


@given(st.lists(st.floats(-1e6, 1e6), max_size=5))
def test_what_is_expected_is_right(numbers: list[float]) -> None:
    """Under every scale, with nothing allowed, for arrays of every size, in every dtype."""
    for of in ("both", "greatest", "each", "one"):
        for dtype in (np.float64, np.float32, np.float16):
            with np.errstate(over="ignore"):
                values = np.array(numbers).astype(dtype)
            assert Tolerance(rtol=0.0, of=of).allows(values, values)
