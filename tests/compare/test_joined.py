"""Checks made of parts: each counts, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader import Verdict, compare
from grader.records.execution import Missing, Unmeasured

Part = Callable[[], Verdict]


def right(text: str = "Right.") -> Part:
    """A part that earns all of its points."""
    return lambda: Verdict(fraction=1.0, feedback=text, evidence={"a": 1}, trust="proof")


def wrong(text: str = "Wrong.", fraction: float = 0.0, hint: str = "") -> Part:
    """One that does not."""
    return lambda: Verdict(
        fraction=fraction, feedback=text, hint=hint, evidence={"b": 2}, trust="claim"
    )


def missing(why: str = "`f` is not there", **of: bool) -> Part:
    """One that cannot be measured."""

    def judge() -> Verdict:
        raise Unmeasured(Missing(why=why, **of))

    return judge


def test_all_right() -> None:
    """All points; what is said twice is said once, and the least trust counts."""
    verdict = compare.combine([right(), right()])
    assert (verdict.fraction, verdict.feedback, verdict.trust) == (1.0, "Right.", "proof")
    named = compare.combine([right(), right()], names=["`A`", "`B`"])
    assert named.feedback == "`A`: Right. `B`: Right."


def test_one_missing_voids_nothing_else() -> None:
    """It is named with its reason, and the others keep their shares."""
    verdict = compare.combine([right(), missing()], names=["`A`", "`f`"])
    assert verdict.fraction == 0.5
    assert verdict.feedback == "`f`: Not measured: `f` is not there."
    assert verdict.evidence == {}


def test_parts_of_parts() -> None:
    """Shares are weighed; the first hint that there is, and all that is wrong, are said."""
    verdict = compare.combine(
        [right(), wrong("One.", 0.5), wrong("Two.", hint="Do this.")], shares=[2, 1, 1]
    )
    assert verdict.fraction == pytest.approx(2.5 / 4)
    assert (verdict.feedback, verdict.hint) == ("One. Two.", "Do this.")
    assert (verdict.evidence, verdict.trust) == ({"b": 2}, "claim")


def test_where_nothing_is_measured_neither_is_the_whole() -> None:
    """The first reason goes on, so that the check is unmeasured and not lost."""
    with pytest.raises(Unmeasured, match="one"):
        compare.combine([missing("one"), missing("two")])


@pytest.mark.parametrize("of", [{"needs_review": True}, {"elsewhere": True}])
def test_what_is_not_the_students_fault_costs_nothing(of: dict[str, bool]) -> None:
    """A part that is ours, or decided elsewhere, is no part that was lost."""
    with pytest.raises(Unmeasured):
        compare.combine([right(), missing(**of)])
    with pytest.raises(Unmeasured):
        compare.attempt(missing(**of))


def test_an_attempt() -> None:
    """A part alone is its verdict, or no points with the reason."""
    assert compare.attempt(right()).fraction == 1.0
    verdict = compare.attempt(missing("it raised."))
    assert (verdict.fraction, verdict.feedback) == (0.0, "Not measured: it raised.")
