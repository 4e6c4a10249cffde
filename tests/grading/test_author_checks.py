"""What an author's check does is that check's affair: it is judged, or it is broken and named."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader import Assignment, Measurements, Verdict
from grader.grading.judge import UNSTEADY, judge, leave_open, open_unsteady
from grader.records.messages import Message
from grader.records.result import CheckResult, Outcome

Body = Callable[[], object]


def judged(*bodies: Body, chained: bool = False) -> tuple[CheckResult, ...]:
    """Results of checks that do this."""
    return judge(make(*bodies, chained=chained).checks, Measurements({}), Measurements({}))


def make(*bodies: Body, chained: bool = False) -> Assignment:
    """An assignment of checks that do this, each after the one before if `chained`."""
    assignment, before = Assignment("A", entry="a"), list[Any]()
    for n, body in enumerate(bodies):

        def check(student: Measurements, reference: Measurements, body: Body = body) -> Any:
            """A check."""
            return body()

        check.__name__ = f"check_{n}"
        assignment.check(points=10, depends_on=before)(check)
        before = [check] if chained else []
    return assignment


def leave() -> object:
    sys.exit(4)


def stop() -> object:
    raise KeyboardInterrupt


def fail() -> object:
    pytest.fail("an assertion of another library")


class OfBase(BaseException):
    """As libraries have them that do not want to be caught."""


def odd() -> object:
    raise OfBase("odd \ud800" + "x" * 1000)


class Wordless(Exception):
    def __str__(self) -> str:
        raise ValueError


def say_nothing() -> object:
    raise Wordless


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (say_nothing, "Wordless, in"),
        (leave, "SystemExit: 4"),
        (stop, "KeyboardInterrupt, in"),
        (fail, "Failed: an assertion of another library"),
        (odd, r"OfBase: odd \ud800xxx"),
    ],
)
def test_a_check_that_leaves(body: Body, said: str) -> None:
    """`sys.exit`, KeyboardInterrupt and what is no Exception break this check, and no other."""
    first, second = judged(body, lambda: Verdict(fraction=1))
    assert (first.outcome, first.needs_review, first.earned) == ("broken", True, 0.0)
    assert first.feedback.startswith("This check itself failed: ")
    assert said in first.feedback
    assert "grading/test_author_checks.py, line " in first.feedback
    assert len(first.feedback) < 700
    assert first.feedback.encode()
    assert second.outcome == "passed"


def test_ctrl_c_is_heeded() -> None:
    """Somebody who ends the program while a check runs is no fault of the check's."""

    def body() -> object:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        while True:
            pass

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            judged(body)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda: None, "NoneType instead of a Verdict"),
        (lambda: 1.0, "float instead of a Verdict"),
        (lambda: np.float32(1), "float32 instead of a Verdict"),
        (lambda: {"fraction": 1}, "dict instead of a Verdict"),
        (lambda: Verdict, "type instead of a Verdict"),
        (lambda: (Verdict(fraction=1), "note"), "tuple instead of a Verdict"),
    ],
)
def test_what_is_no_verdict(body: Body, said: str) -> None:
    """The check is named with its line."""
    (result,) = judged(body)
    assert result.outcome == "broken"
    assert result.feedback.startswith(f"This check returned {said}, in grading/test_author_ch")


def test_a_verdict_that_no_record_can_hold() -> None:
    """Said at the line that makes it; where its evidence was changed later, at the check's."""
    made = lambda: Verdict(fraction=1, evidence={"a": np.zeros(3)})  # noqa: E731
    (result,) = judged(made)
    assert result.outcome == "broken"
    assert "a verdict's evidence['a'] is a ndarray; give numbers" in result.feedback
    assert "grading/test_author_checks.py, line " in result.feedback

    def change() -> object:
        verdict = Verdict(fraction=1, evidence={})
        verdict.evidence["a"] = {1, 2}  # type: ignore[index]
        return verdict

    (result,) = judged(change)
    assert result.outcome == "broken"
    assert "a verdict that cannot be kept: a verdict's evidence['a'] is a set" in result.feedback


def test_numbers_of_numpy_are_converted() -> None:
    """The points are a float of Python's."""
    (result,) = judged(
        lambda: Verdict(fraction=np.float32(0.5), evidence={"n": np.int64(3)}, hint=np.str_("h"))  # type: ignore[arg-type]
    )
    assert (result.outcome, result.earned, type(result.earned)) == ("partial", 5.0, float)
    assert (result.evidence, result.hint) == ({"n": 3}, "h")


# ---------------------------------------------------------------------- what is left open


def test_checks_in_which_the_reference_differs_are_open() -> None:
    """And those that depend on them, for everybody; others keep what was decided."""
    passes, fails = (lambda: Verdict(fraction=1)), (lambda: Verdict(fraction=0))
    assignment = make(passes, fails, passes, chained=True)
    results = judge(assignment.checks, Measurements({}), Measurements({}))
    assert [r.outcome for r in results] == ["passed", "failed", "skipped"]
    opened = open_unsteady(assignment.checks, results, {"check_1"})
    assert [r.outcome for r in opened] == ["passed", "broken", "broken"]
    assert opened[0] is results[0]
    assert (opened[1].code, opened[1].feedback) == (UNSTEADY, Message(UNSTEADY).text())
    assert opened[2].feedback == "Not judged, because `check_1` could not be judged."
    assert all(r.needs_review for r in opened[1:])
    assert open_unsteady(assignment.checks, results, ()) == results


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("passed", "passed"),
        ("deferred", "deferred"),
        ("partial", "partial"),
        ("failed", "broken"),
        ("unmeasured", "broken"),
        ("skipped", "broken"),
        ("broken", "broken"),
    ],
)
def test_what_was_lost_beside_a_file_that_could_not_be_read(outcome: Outcome, then: str) -> None:
    """A person decides; points that were earned stay, and what was seen is told."""
    earned = {"passed": 10.0, "partial": 5.0}.get(outcome, 0.0)
    before = CheckResult(
        name="a", title="A.", outcome=outcome, points=10, earned=earned, feedback="Seen."
    )
    after = leave_open(before, "`net.py` could not be read (Input/output error).")
    assert (after.outcome, after.earned) == (then, earned)
    assert after.needs_review == (outcome not in ("passed", "deferred", "broken"))
    if then == "broken" != outcome:
        assert after.feedback == (
            "Not judged: `net.py` could not be read (Input/output error). What was seen without "
            "it: Seen."
        )
