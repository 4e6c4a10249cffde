"""Judging: the six outcomes, what blocks what, and claims that evidence refutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader import Assignment, Measurements, Verdict
from grader.assignment import probe
from grader.grading.judge import contradictions, judge, score
from grader.records.execution import Missing, StudentError, Unmeasured
from grader.records.measurements import Gradients, NamedArray, Parameter, Parameters
from grader.records.place import Place
from grader.records.result import CheckResult

ANSWER = probe.value("answer")
OTHER = probe.value("other")
THEIRS = Missing(why="your code raised an error", error=StudentError(kind="NameError", message="x"))
OURS = Missing(why="the box broke", needs_review=True)
ELSEWHERE = Missing(why="MNIST is not here", elsewhere=True)


def full(student: Measurements, reference: Measurements) -> Verdict:
    """Always."""
    return Verdict(fraction=1.0)


def half(student: Measurements, reference: Measurements) -> Verdict:
    """Half."""
    return Verdict(fraction=0.5, feedback="Half of it.", hint="Do the rest.", needs_review=True)


def none(student: Measurements, reference: Measurements) -> Verdict:
    """Never."""
    return Verdict(fraction=0.0)


def reading(student: Measurements, reference: Measurements) -> Verdict:
    """The answer is ours."""
    return Verdict(fraction=float(student[ANSWER] == reference[ANSWER]))


def each(student: Measurements, reference: Measurements) -> Verdict:
    """Every answer is ours."""
    return Verdict(fraction=float(not student.each({"it": ANSWER})))


def asking(student: Measurements, reference: Measurements) -> Verdict:
    """An answer is optional."""
    return Verdict(fraction=float(ANSWER not in student))


def alone(student: Measurements, reference: Measurements) -> Verdict:
    """The answer is one, whatever ours is."""
    return Verdict(fraction=float(student[ANSWER] == 1))


def faulty(student: Measurements, reference: Measurements) -> Verdict:
    """Nobody knows."""
    return Verdict(fraction=1 / 0)


def silent(student: Measurements, reference: Measurements) -> Any:
    """Nothing is returned."""


def second(student: Measurements, reference: Measurements) -> Verdict:
    """What comes after."""
    return Verdict(fraction=1.0)


def judged(
    *checks: Callable[..., Any], answer: Any = 1, expected: Any = 1, points: float = 10.0
) -> tuple[CheckResult, ...]:
    """Results of these checks, each after the one before."""
    assignment = Assignment("A", entry="a")
    before: list[Callable[..., Any]] = []
    for function in checks:
        assignment.check(points=points, depends_on=before)(function)
        before = [function]
    student = Measurements({ANSWER.key: answer})
    reference = Measurements({ANSWER.key: expected}, reference=True)
    return judge(assignment.checks, student, reference)


@pytest.mark.parametrize(
    ("check", "answer", "expected", "outcome", "earned"),
    [
        (full, 1, 1, "passed", 10.0),
        (half, 1, 1, "partial", 5.0),
        (none, 1, 1, "failed", 0.0),
        (reading, 1, 1, "passed", 10.0),
        (reading, 2, 1, "failed", 0.0),
        (reading, THEIRS, 1, "unmeasured", 0.0),
        (reading, OURS, 1, "broken", 0.0),
        (reading, 1, THEIRS, "broken", 0.0),
        (reading, THEIRS, THEIRS, "broken", 0.0),
        (each, THEIRS, THEIRS, "broken", 0.0),
        (each, THEIRS, 1, "unmeasured", 0.0),
        (asking, THEIRS, THEIRS, "passed", 10.0),
        (alone, 1, THEIRS, "passed", 10.0),
        (reading, ELSEWHERE, 1, "deferred", 0.0),
        (reading, 1, ELSEWHERE, "deferred", 0.0),
        (faulty, 1, 1, "broken", 0.0),
        (silent, 1, 1, "broken", 0.0),
    ],
)
def test_outcome(check: Any, answer: Any, expected: Any, outcome: str, earned: float) -> None:
    """A verdict, a missing measurement on either side, and a fault of ours have their outcome."""
    (result,) = judged(check, answer=answer, expected=expected)
    assert result.lost == (outcome not in ("passed", "deferred"))
    assert (result.outcome, result.earned) == (outcome, earned)
    assert result.needs_review == (outcome == "broken" or check is half)


def test_what_the_reference_lacks_is_told_without_its_code() -> None:
    """A student reads what happened to the reference and where, and no line or value of it."""
    error = StudentError(
        kind="KeyError", message="'side'", file="a.py", line=3, code="answer = numbers['side']"
    )
    lacking = Missing(why=f"Your code raised an error: {error.sentence()}", error=error)
    (result,) = judged(reading, expected=lacking)
    assert result.feedback == (
        "Not judged: the reference could not be measured: KeyError in a.py, line 3."
    )
    exit_ = StudentError(kind="exit", message="Your code ended the process. Do not.")
    (result,) = judged(reading, expected=Missing(why=exit_.message, error=exit_))
    assert "measured: it ended before it was done." in result.feedback
    (result,) = judged(reading, expected=Missing(why="It is not there. In `a = secret`: x"))
    assert "measured: It is not there." in result.feedback


@pytest.mark.parametrize(
    ("code", "taken"),
    [
        ("names-missing", "names-missing"),
        ("layers-width", "checks-not-measured"),  # it needs facts that no box gives
        ("checks-no-verdict", "checks-not-measured"),
        ("no-such", "checks-not-measured"),
    ],
)
def test_a_box_names_only_what_can_be_said(code: str, taken: str) -> None:
    """Whatever code a student's process gives, a sentence comes of it, and no error."""
    (result,) = judged(reading, answer=Missing(why="it is not there", code=code, about="Net"))
    assert (result.outcome, result.code) == ("unmeasured", taken)
    assert "it is not there" in result.feedback.lower() or "not there" in result.feedback


def test_a_verdict_is_kept_whole() -> None:
    """Feedback and hint reach the student as the check wrote them."""
    (result,) = judged(half)
    assert (result.feedback, result.hint) == ("Half of it.", "Do the rest.")
    assert result.title == "Half."


@pytest.mark.parametrize(
    ("first", "answer", "then"),
    [
        (full, 1, "passed"),
        (half, 1, "passed"),
        (none, 1, "skipped"),
        (reading, THEIRS, "skipped"),
        (faulty, 1, "broken"),
        (reading, ELSEWHERE, "deferred"),
    ],
)
def test_what_blocks(first: Any, answer: Any, then: str) -> None:
    """Partial does not block; lost and unmeasured skip what follows; the rest is passed on."""
    before, after = judged(first, second, answer=answer)
    assert after.outcome == then
    if then not in ("passed", "partial"):
        assert f"`{before.name}`" in after.feedback
        assert after.earned == 0.0


def test_skipping_goes_on() -> None:
    """What comes after a skipped check is skipped as well."""
    assert [r.outcome for r in judged(none, second, full)] == ["failed", "skipped", "skipped"]


def test_a_broken_check_is_named_for_the_instructor() -> None:
    """The feedback of a check that raised says what, in which file and line."""
    (result,) = judged(faulty)
    assert "ZeroDivisionError" in result.feedback
    assert "test_judge.py, line " in result.feedback
    (result,) = judged(silent)
    assert "NoneType instead of a Verdict" in result.feedback


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_fraction_out_of_range_is_broken(fraction: float) -> None:
    """More than everything and less than nothing are the instructor's faults."""

    def odd(student: Measurements, reference: Measurements) -> Verdict:
        """Odd."""
        return Verdict(fraction=fraction)

    (result,) = judged(odd)
    assert result.outcome == "broken"


def test_zero_points() -> None:
    """A check worth nothing has an outcome all the same."""
    passed, failed = judged(full, none, points=0)
    assert (passed.outcome, failed.outcome) == ("passed", "failed")
    assert passed.earned == failed.earned == 0.0


def test_bonus() -> None:
    """A bonus counts in the score and not in the maximum."""
    assignment = Assignment("A", entry="a")
    assignment.check(points=10)(full)
    assignment.check(points=3, extra=True)(second)
    results = judge(assignment.checks, Measurements({}), Measurements({}, reference=True))
    assert assignment.max_score == 10.0
    assert score(results) == 13.0
    assert [r.extra for r in results] == [False, True]


def test_score_has_no_noise() -> None:
    """Sums are rounded to a thousandth."""
    (result,) = judged(half, points=0.2)
    assert score((result,) * 3) == 0.3


def test_a_place_is_that_of_what_the_check_itself_read() -> None:
    """What an earlier check read has no say, and nothing is noted on the class's measurements."""
    assignment = Assignment("A", entry="a")
    for function in (reading, full):
        assignment.check(points=1)(function)
    student = Measurements({ANSWER.key: 1})
    first, other = judge(assignment.checks, student, student, {"answer": Place(file="a", line=3)})
    assert (first.at, other.at) == (Place(file="a", line=3), None)
    one, two = student.for_check(student), student.for_check(student)
    assert one[ANSWER] == 1
    assert (one.subjects, two.subjects) == (["answer"], [])
    assert ANSWER in two
    assert two.each({"it": ANSWER}) == {"it": 1}
    assert two.subjects == ["answer"]


def test_a_missing_measurement_raises() -> None:
    """Reading what is missing raises Unmeasured with the reason; asking whether it is there does not."""
    measured = Measurements({ANSWER.key: THEIRS})
    assert ANSWER not in measured
    assert OTHER not in measured
    with pytest.raises(Unmeasured, match="your code raised an error") as error:
        measured[ANSWER]
    assert not error.value.missing.needs_review
    with pytest.raises(Unmeasured) as error:
        measured[OTHER]
    assert error.value.missing.needs_review


NET = probe.module("Net")
PARAMETERS = NET.parameters([[0.0]])
GRADIENTS = NET.gradients([[0.0]], [0])
PROBES = {"parameters": PARAMETERS, "gradients": GRADIENTS}


def claims(*sizes: int, used: bool | None = True) -> Parameters:
    """Parameters as a network claims to have them."""
    rows = tuple(
        Parameter(name=f"p{i}", shape=(n,), kind="parameter", trainable=True, used=used)
        for i, n in enumerate(sizes)
    )
    return Parameters(rows=rows)


def shows(*sizes: int) -> Gradients:
    """Gradients that a network has."""
    named = tuple(
        NamedArray(key=f"p{i}", name=f"p{i}", shape=(n,), values=np.zeros(n), sampled=False)
        for i, n in enumerate(sizes)
    )
    return Gradients(runs=(named,), precision="float64")


@pytest.mark.parametrize(
    ("claimed", "shown", "told"),
    [
        (claims(3, 4), shows(3, 4), 0),
        (claims(3, 4, 5), shows(3, 4), 0),
        (claims(3), shows(3, 4), 1),
        (claims(3, used=None), shows(3, 4), 0),
        (claims(3), Missing(why="died"), 0),
        (Missing(why="died"), shows(3), 0),
    ],
)
def test_contradictions(claimed: Any, shown: Any, told: int) -> None:
    """More gradients than claimed parameters is a contradiction; what is not known is none."""
    found = contradictions(PROBES, {PARAMETERS.key: claimed, GRADIENTS.key: shown})
    assert len(found) == told
    assert all("`Net` claims 3 trainable parameters in use, but 7" in t for t in found)


def test_every_reason_has_a_code_and_a_place_where_there_is_one() -> None:
    """What was not measured says why by a code; the error's statement comes before the definition,
    and a file that is missing, or a run that ended, stands nowhere.
    """
    error = StudentError(kind="KeyError", message="k", file="a.ipynb, cell 4", line=2)
    defined = Place(file="a.ipynb", cell=3, line=1)
    rows: tuple[tuple[Missing, str, Place | None], ...] = (
        (
            Missing(why="it raised", error=error),
            "run-raised",
            Place(file="a.ipynb", cell=4, line=2),
        ),
        (Missing(why="x", code="run-not-loaded", error=error), "run-not-loaded", error.at),
        (Missing(why="x", code="run-ended"), "run-ended", None),
        (Missing(why="x", code="saved-missing", about="a.pt"), "saved-missing", None),
        (Missing(why="x", code="never-heard-of"), "checks-not-measured", defined),
        (ELSEWHERE, "checks-elsewhere", defined),
        (OURS, "checks-not-judged", defined),
    )
    assignment = Assignment("A", entry="a")
    assignment.check(points=1)(reading)
    ours = Measurements({ANSWER.key: 1}, reference=True)
    for missing, code, place in rows:
        student = Measurements({ANSWER.key: missing})
        (result,) = judge(assignment.checks, student, ours, {"answer": defined})
        assert (result.code, result.at) == (code, place)
        assert result.feedback
