"""One cause is named, and what only follows from it stands under it."""

from __future__ import annotations

from dataclasses import replace

from grader.records import messages
from grader.records.causes import EFFECTS, GUESSES, LONGEST, WAITS, list_causes, withdraw_advice
from grader.records.execution import Execution
from grader.records.place import Place
from grader.records.result import CheckResult
from kit.sample_records import graded


def _lose(name: str, points: float, **fields: object) -> CheckResult:
    """A check that lost everything."""
    result = CheckResult(name=name, title=name, outcome="failed", points=points, earned=0.0)
    return replace(result, **fields)  # type: ignore[arg-type]


def test_what_waits_stands_under_its_cause() -> None:
    """Also what waits for something that waits."""
    checks = (
        _lose("other", 10, code="x-other", feedback="Other."),
        _lose("shapes", 5, code="x-shape", at=Place(file="lenet.py", line=4)),
        _lose("values", 20, outcome="skipped", code=WAITS, facts={"check": "shapes"}),
        _lose("accuracy", 30, outcome="skipped", code=WAITS, facts={"check": "values"}),
    )
    first, second = list_causes(replace(graded(), checks=checks))
    assert [c.name for c in first.checks] == ["shapes"]
    assert [c.name for c in first.follows] == ["values", "accuracy"]
    assert first.points == 55
    assert first.at == Place(file="lenet.py", line=4)
    assert (second.code, second.title) == ("x-other", "Other")


def test_the_same_fault_is_one_cause() -> None:
    """Checks with one code at one place belong together."""
    checks = (
        _lose("a", 5, code="x-same"),
        _lose("b", 7, code="x-same"),
        replace(_lose("c", 7), outcome="passed", earned=7.0),
    )
    (cause,) = list_causes(replace(graded(), checks=checks))
    assert cause.points == 12


def test_what_only_follows_is_folded() -> None:
    """A count of parameters and an accuracy follow from a layer that is too wide, a wrong answer
    elsewhere does not; the fault comes first though the accuracy costs more.
    """
    checks = (
        _lose("accuracy", 30, code="accuracy-unproven"),
        _lose("count", 5, code="parameters-count"),
        _lose("shapes", 10, code="layers-width"),
        _lose("answer", 2, code="answer-wrong"),
    )
    first, second = list_causes(replace(graded(), checks=checks))
    assert (first.code, [c.name for c in first.follows]) == ("layers-width", ["accuracy", "count"])
    assert (first.points, second.code) == (45, "answer-wrong")


def test_what_nothing_explains_stands_for_itself() -> None:
    """Effects alone are causes; of two the upper one of the table explains the lower."""
    checks = (_lose("a", 5, code="accuracy-classes"), _lose("b", 3, code="accuracy-guessing"))
    (cause,) = list_causes(replace(graded(), checks=checks))
    assert (cause.code, [c.name for c in cause.follows]) == ("accuracy-guessing", ["a"])
    (alone,) = list_causes(replace(graded(), checks=checks[:1]))
    assert (alone.code, alone.follows) == ("accuracy-classes", ())


def test_one_code_at_two_places_is_two_causes() -> None:
    """A check without a place belongs to the first."""
    here, there = Place(file="a.py", line=1), Place(file="a.py", line=9)
    checks = (
        _lose("a", 5, code="x-same", at=here),
        _lose("b", 4, code="x-same"),
        _lose("c", 3, code="x-same", at=there),
    )
    first, second = list_causes(replace(graded(), checks=checks))
    assert [c.name for c in first.checks] == ["a", "b"]
    assert [c.name for c in second.checks] == ["c"]


def test_a_guess_is_withdrawn_where_the_cause_shows() -> None:
    """A larger learning rate is no advice to whoever never sets gradients to zero."""
    guess = _lose("curve", 10, code="training-learns-little", hint="A larger learning rate.")
    steps = _lose("steps", 14, code="step-never-zeroed", hint="Call zero_grad().")
    assert [c.hint for c in withdraw_advice((steps, guess))] == ["Call zero_grad().", ""]
    assert withdraw_advice((guess,)) == (guess,)


def test_the_table_knows_its_codes() -> None:
    """Each code in it is said somewhere, and what explains it begins as some code does."""
    words = messages.current()
    assert all(code in words and words[code].title for code in (*EFFECTS, *GUESSES))
    beginnings = {start for starts in EFFECTS.values() for start in starts}
    assert [b for b in beginnings if not any(code.startswith(b) for code in words)] == []


def test_a_heading_is_short() -> None:
    """However long the names are that stand in it."""
    checks = (_lose("a", 5, feedback="x" * 5_000),)
    (cause,) = list_causes(replace(graded(), checks=checks))
    assert len(cause.title) == LONGEST


def test_without_a_loss_there_is_none() -> None:
    """A full score names nothing, and what a person has yet to decide is no loss."""
    passed = replace(_lose("a", 5), outcome="passed", earned=5.0)
    assert list_causes(replace(graded(), checks=(passed, _lose("b", 5, outcome="open")))) == ()


def test_a_place_is_described() -> None:
    """File, cell and line, without what is not known."""
    assert Place(file="lenet.py", line=12).describe() == "lenet.py, line 12"
    assert Place(file="a.ipynb", cell=7, line=3).describe() == "a.ipynb, cell 7, line 3"
    assert Place.from_json(None) is None


def test_a_program_that_did_not_run_is_one_cause() -> None:
    """It is called after how the run ended, stands where that happened, and counts for all."""
    at = Place(file="lenet.ipynb", cell=3, line=2)
    fields = {"outcome": "unmeasured", "code": "run-not-loaded", "at": at}
    checks = tuple(_lose(name, 10, feedback=f"{name}: no.", **fields) for name in "abc")
    execution = Execution(status="crashed", reason="Your file could not be loaded.")
    (cause,) = list_causes(replace(graded(), execution=execution, checks=checks))
    assert (cause.code, cause.title) == ("run-crashed", "The submission crashed")
    assert (cause.at, cause.points, len(cause.checks)) == (at, 30, 3)


def test_two_names_that_are_missing_are_two_causes() -> None:
    """Though they have one code and no place; the same one for two checks is one."""
    fields = {"outcome": "unmeasured", "code": "names-missing"}
    first, second = (_lose(n, 10, feedback=f"No {n}.", facts={"about": n}, **fields) for n in "fg")
    third = replace(first, name="third")
    causes = list_causes(replace(graded(), checks=(first, second, third)))
    assert [c.title for c in causes] == ["`f` is not defined", "`g` is not defined"]
