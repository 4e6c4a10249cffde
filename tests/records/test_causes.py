"""One cause is named, and what only follows from it stands under it."""

from __future__ import annotations

from dataclasses import replace

from grader.records.causes import WAITS, list_causes
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
