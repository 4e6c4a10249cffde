"""grades.csv: one row per student, one column per check, harmless in any spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from grader.export.export import write_export
from grader.records.adjustment import Adjustment
from grader.records.execution import Execution
from grader.records.person import Person
from grader.records.result import CheckResult, Graded


def one(student: str, *earned: float, **more: Any) -> Graded:
    """A record with a check for each number of points earned."""
    outcome = more.pop("outcome", "passed")
    names = more.pop("names", ("layer_shapes", "two_steps", "test_accuracy"))
    checks = tuple(
        CheckResult(name=name, title=name, outcome=outcome, points=10.0, earned=points)
        for name, points in zip(names, earned, strict=False)
    )
    return Graded(
        student=student,
        assignment="lenet5_mnist",
        title="LeNet-5",
        score=sum(earned),
        max_score=30.0,
        execution=more.pop("execution", Execution(status="ok")),
        checks=checks,
        provenance={},
        digest="",
        **more,
    )


def rows(path: Path) -> list[list[str]]:
    """What is in the file, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_columns_and_order(tmp_path: Path) -> None:
    """Columns and rows have a fixed order; whole numbers have no decimals, noise is cut."""
    late = one("alan", 10, 0.1 + 0.2, 3.5, late=True)
    lost = one("Émile", 0.0, 0.0, 0.0, execution=Execution(status="tampered"))
    path = write_export("csv", [one("Zoe", 10, 10, 10), lost, late], tmp_path / "out")
    assert path == tmp_path / "out" / "grades.csv"
    assert rows(path) == [
        ["student", "score", "final", "max_score", "status", "layer_shapes", "two_steps",
         "test_accuracy", "needs a person", "late"],
        ["alan", "13.8", "13.8", "30", "ok", "10", "0.3", "3.5", "no", "yes"],
        ["Émile", "0", "0", "30", "tampered", "0", "0", "0", "yes", "no"],
        ["Zoe", "30", "30", "30", "ok", "10", "10", "10", "no", "no"],
    ]  # fmt: skip


def test_pandas_reads_it_back(tmp_path: Path) -> None:
    """Points come back as numbers, names as they were."""
    path = write_export("csv", [one("ada", 10, 2.5, 0)], tmp_path)
    frame = pd.read_csv(path)
    assert frame["score"].tolist() == [12.5]
    assert frame["two_steps"].tolist() == [2.5]
    assert frame["student"].tolist() == ["ada"]


def test_formulas_are_text(tmp_path: Path) -> None:
    """A student called like a formula is a student, whichever sign separates the cells."""
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "a;=1+1", 'quo"te,comma', "two\nlines"]
    path = write_export("csv", [one(name, 1) for name in names], tmp_path)
    students = {row[0] for row in rows(path)[1:]}
    assert students == {
        "'=cmd|' /C calc'!A0", "'+1", "'-1", "'@x", "a;=1+1", 'quo"te,comma', "two\\nlines",
    }  # fmt: skip
    assert '"a;=1+1"' in path.read_text("utf-8"), "quoted, so that a semicolon ends no cell"


def test_undecided_checks_are_empty(tmp_path: Path) -> None:
    """A check that broke, or that a student does not have, has an empty cell and not a zero."""
    broken = one("ada", 0, outcome="broken")
    path = write_export("csv", [broken, one("bob", 1, 2, 3)], tmp_path)
    assert rows(path)[1] == ["ada", "", "", "30", "ok", "", "", "", "yes", "no"]


def test_check_named_like_a_column(tmp_path: Path) -> None:
    """Headings stay different from each other, and harmless."""
    path = write_export("csv", [one("ada", 1, 2, 3, names=("score", "late", "=x"))], tmp_path)
    heads = rows(path)[0]
    assert heads[5:8] == ["score (check)", "late (check)", "'=x"]
    assert len(set(heads)) == len(heads)


def test_nobody(tmp_path: Path) -> None:
    """A class of nobody has a heading."""
    assert rows(write_export("csv", [], tmp_path)) == [
        ["student", "score", "final", "max_score", "status", "needs a person", "late"]
    ]


def test_members_of_a_group_and_what_is_known_of_them(tmp_path: Path) -> None:
    """A row for each, with the group's points; what is known of nobody has no column."""
    ana, bob = Person(name="Ana", id="007"), Person(name="=Bob", login="bob")
    late = Adjustment(kind="late", points=-2.5, reason="One day late.")
    path = write_export("csv", [one("G", 10, persons=(bob, ana), adjustments=(late,))], tmp_path)
    assert rows(path) == [
        ["student", "name", "id", "login", "score", "adjustments", "final", "max_score", "status",
         "layer_shapes", "needs a person", "late"],
        ["G", "'=Bob", "", "bob", "10", "late -2.5: One day late.", "7.5", "30", "ok", "10", "no",
         "no"],
        ["G", "Ana", "007", "", "10", "late -2.5: One day late.", "7.5", "30", "ok", "10", "no",
         "no"],
    ]  # fmt: skip


def test_who_is_excused_has_no_final_score(tmp_path: Path) -> None:
    """The points stand there, and count for nothing."""
    path = write_export("csv", [one("ada", 10, excused=True)], tmp_path)
    assert rows(path)[1] == ["ada", "10", "", "30", "excused", "10", "no", "no"]


def test_unchanged_is_left_alone(tmp_path: Path) -> None:
    """The same grades, in any order, are the same file."""
    path = write_export("csv", [one("a", 1), one("b", 2)], tmp_path)
    before = path.stat().st_ino
    write_export("csv", [one("b", 2), one("a", 1)], tmp_path)
    assert path.stat().st_ino == before


@given(st.lists(st.text(alphabet=st.characters(), max_size=20), unique=True, max_size=5))
def test_any_class_has_its_rows(tmp_path_factory: Any, students: list[str]) -> None:
    """Each student has one line, and no cell of text begins like a formula."""
    path = write_export(
        "csv", [one(name, 1, 2, 3) for name in students], tmp_path_factory.mktemp("g")
    )
    lines = path.read_text("utf-8").split("\n")
    assert len(lines) == len(students) + 2
    assert lines[-1] == ""
    for row in rows(path):
        assert not row[0].strip().startswith(("=", "+", "-", "@"))
