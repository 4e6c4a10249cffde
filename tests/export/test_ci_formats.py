"""Result formats: each file is read by code written from its system's rules, and holds one number."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export import ci_github, ci_run
from grader.export.ci_format import GROUP, Failure, ResultFile, Run, find_format
from grader.export.csv_table import CSV
from grader.export.export import Results
from grader.records import extensions
from grader.records.adjustment import Adjustment
from grader.records.causes import write_record
from grader.records.errors import GraderError
from grader.records.execution import Execution, StudentError
from grader.records.place import Place
from grader.records.result import CheckResult
from kit import ci_systems
from kit.sample_records import HOSTILE, a_class, check, graded

NAMES = extensions.names(GROUP)
LOST = check(
    "forward_values",
    "failed",
    feedback="They differ.",
    hint="Look.",
    at=Place(file="lenet.py", line=31),
)
PART = check(
    "layer_shapes",
    "partial",
    0.714,
    feedback="`pool1` is missing.",
    at=Place(file="lenet.ipynb", cell=7, line=2),
)


def make(name: str, run: Run) -> ResultFile:
    return find_format(name).make(run)


def one(*checks: CheckResult, entry: str = "hw4/lenet.py", passed: bool = True, **more: Any) -> Run:
    return Run(graded=graded("ada", *checks, **more), entry=entry, passed=passed)


def hidden(name: str, earned: float, points: float = 10, **more: Any) -> CheckResult:
    ends = "passed" if earned == points else "failed"
    return CheckResult(
        name=name, title="Secret.", outcome=more.pop("outcome", ends), points=points, earned=earned,
        feedback="SECRET feedback", hidden=True, **more,
    )  # fmt: skip


def read(name: str, made: ResultFile) -> float | None:
    """The points in the file, by the system's rules; None where it has none."""
    content = made.content
    if name == "github-classroom":
        points, most, _ = ci_systems.report_to_classroom(content)
        return points if most else None
    if name == "gradescope":
        total = ci_systems.read_gradescope(content)["total"]
        return None if total is None else float(total)
    if name == "prairielearn":
        run = ci_systems.read_prairielearn(content)
        return sum(t["points"] for t in run["tests"]) if run["counts"] else None
    if name == "junit":
        score = ci_systems.read_junit(content)[0].get("score")
        return None if score is None else float(score)
    if name == "autolab":
        scores = ci_systems.read_autolab(content)
        return sum(scores.values()) if scores else None
    head = ci_systems.read_summary(content)[0]
    return float(head.rpartition(": ")[2].partition(" of ")[0]) if " of " in head else None


# ---------------------------------------------------------------------- one number


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("student", a_class(), ids=lambda one: one.student[:6])
def test_every_file_has_the_number_of_the_gradebook(name: str, student: Any) -> None:
    """Whatever became of the submission."""
    seen = read(name, make(name, Run(graded=student, entry="lenet.py")))
    if name == "prairielearn" and student.execution.status == "missing":
        assert seen is None, "not gradable there, which costs no attempt"
        return
    row = CSV.make(Results(graded=[student])).content.decode().splitlines()[1].split(",")
    score = next(cell for cell in row if cell.strip('"').replace(".", "").isdigit())
    assert seen is not None
    assert math.isclose(seen, float(score.strip('"')), abs_tol=1e-9)
    assert math.isclose(seen, ci_run.count(student).earned, abs_tol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_noise_of_fractions_is_cut(name: str) -> None:
    """0.1 and 0.2 are 0.3 everywhere."""
    thirds = check("layer_shapes", "partial", 0.1 / 20), check("parameter_count", "partial", 0.02)
    rest = [
        check(n, "failed")
        for n in ("forward_values", "gradient_values", "two_steps", "test_accuracy")
    ]
    made = make(name, one(*thirds, *rest))
    assert read(name, made) == pytest.approx(0.3, abs=1e-12)
    assert b"0.30000" not in made.content + made.log.encode()


@pytest.mark.parametrize("name", NAMES)
def test_what_was_adjusted_is_in_the_sum(name: str) -> None:
    """A late day is a line of its own."""
    late = Adjustment(kind="late", points=-10.0, reason="One day late: 10 points.")
    assert read(name, make(name, one(adjustments=(late,)))) == 90


# ---------------------------------------------------------------------- our own failure


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_of_ours_costs_nobody_a_point(name: str) -> None:
    """The file is valid, says why, and holds no points."""
    why = "The disk is full: \x1b[31m<script>\ufffe ]]> `x` \udcff\nFree some space."
    made = find_format(name).fail(Failure(why=why))
    assert read(name, made) is None
    assert b"disk is full" in made.content
    if name == "prairielearn":
        assert not ci_systems.read_prairielearn(made.content)["counts"]
    if name == "github-classroom":
        assert not ci_systems.report_to_classroom(made.content)[2], "the step is red"
        assert {c["kind"] for c in ci_systems.run_commands(made.log)} == {"error"}, "no notice"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_number_that_is_none_is_a_fault_of_ours(name: str, broken: float) -> None:
    """NaN is no JSON, and no zero either: the check is open."""
    wrong = replace(check("two_steps"), earned=broken)
    assert read(name, make(name, one(wrong, score=90))) == 90


@pytest.mark.parametrize("name", NAMES)
def test_what_broke_is_not_counted(name: str) -> None:
    """Neither its points nor what it is worth."""
    broken = check("two_steps", "broken", feedback="The reference could not be measured.")
    run = one(broken)
    assert read(name, make(name, run)) == ci_run.count(run.graded).earned == 90
    assert ci_run.count(run.graded).most == 90


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_marks_is_not_counted_yet(name: str) -> None:
    """Neither its points nor what it is worth, and it is no failure."""
    run = one(check("two_steps", "open"))
    made = make(name, run)
    assert read(name, made) == ci_run.count(run.graded).earned == 90
    assert ci_run.count(run.graded).most == 90
    assert ci_run.is_enough(run.graded, None)
    assert "::error" not in made.log
    assert "is marked by a person" in made.content.decode()
    if name == "github-classroom":
        assert json.loads(made.content)["tests"][-1]["status"] == "pass"


# ---------------------------------------------------------------------- hidden checks


@pytest.mark.parametrize("name", [n for n in NAMES if n != "gradescope"])
def test_hidden_checks_are_one_line(name: str) -> None:
    """They count, and neither name nor feedback is told."""
    checks = (*graded().checks, hidden("private_a", 10), hidden("private_b", 0))
    run = Run(graded=replace(graded(), checks=checks, score=110, max_score=120), entry="lenet.py")
    made = make(name, run)
    assert read(name, made) == 110
    text = made.content.decode() + made.log
    assert ci_run.HIDDEN in text or name in ("github", "markdown")
    assert "private" not in text
    assert "SECRET" not in text


def test_gradescope_shows_hidden_checks_when_grades_are_published() -> None:
    """Not `hidden`, under which nothing may have points."""
    checks = (*graded().checks, hidden("private", 5))
    made = make("gradescope", Run(graded=replace(graded(), checks=checks, score=105)))
    run = ci_systems.read_gradescope(made.content)
    assert run["total"] == 105
    assert run["by_name"]["private"]["visibility"] == "after_published"
    assert run["by_name"]["layer_shapes"]["visibility"] == "visible"


def test_hidden_bonus_checks_have_a_line_of_their_own() -> None:
    """Otherwise they would be part of what can be reached."""
    checks = (*graded().checks, hidden("private", 10), hidden("more", 5, 5, extra=True))
    run = Run(graded=replace(graded(), checks=checks, score=115))
    assert ci_run.count(run.graded) == ci_run.Total(earned=115, most=110)
    assert read("junit", make("junit", run)) == 115


# ---------------------------------------------------------------------- GitHub


def test_annotations_name_line_or_cell() -> None:
    """A module's line; of a notebook the cell, since its lines are those of JSON."""
    module = ci_systems.run_commands(make("github", one(LOST)).log)
    assert module == [
        {"kind": "error", "file": "hw4/lenet.py", "line": "31", "title": "Mend first: They differ. forward_values: 0 of 20 points",
         "text": "They differ.\nNext step: Look."},
    ]  # fmt: skip
    (notebook,) = ci_systems.run_commands(make("github", one(PART, entry="lenet.ipynb")).log)
    assert notebook["kind"] == "warning"
    assert notebook["title"].endswith("layer_shapes: 14.28 of 20 points (cell 7)")
    assert "line" not in notebook


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (StudentError(kind="NameError", message="x", file="lenet.py", line=3), {"file": "hw4/lenet.py", "line": "3"}),
        (StudentError(kind="NameError", message="x", file="blocks/net.py", line=3), {"file": "hw4/blocks/net.py", "line": "3"}),
        (StudentError(kind="NameError", message="x", file="lenet.ipynb, cell 2", line=12), {"file": "hw4/lenet.ipynb"}),
    ],
)  # fmt: skip
def test_where_a_program_stopped_is_one_annotation(
    error: StudentError, where: dict[str, str]
) -> None:
    """And not one for each check that could not be measured."""
    execution = Execution(status="crashed", reason="It stopped.", error=error)
    checks = [check(c.name, "unmeasured") for c in graded().checks]
    (told,) = ci_systems.run_commands(make("github", one(*checks, execution=execution)).log)
    assert {k: told[k] for k in ("file", "line") if k in told} == where
    assert told["text"] == "It stopped."
    assert ("cell 2" in told["title"]) == ("ipynb" in where["file"])


def test_where_nothing_was_handed_in_nothing_ran() -> None:
    """No place, and no level of a sandbox."""
    missing = Execution(status="missing", reason="There is no `lenet.py`.")
    run = one(*(check(c.name, "unmeasured") for c in graded().checks), entry="", execution=missing)
    assert ci_systems.run_commands(make("github", run).log) == [
        {
            "kind": "error",
            "title": "Mend first: The file that is asked for is missing",
            "text": missing.reason,
        }
    ]
    assert "level" not in make("github", run).content.decode()
    assert ci_systems.read_junit(make("junit", run).content)[0]["sandbox_level"] == ""


def many(number: int, outcome: Any = "failed", text: str = "No.") -> Run:
    checks = tuple(
        CheckResult(
            name=f"check_{n}", title="One.", outcome=outcome, points=1, earned=0, feedback=text
        )
        for n in range(number)
    )
    return Run(graded=replace(graded(), checks=checks, score=0, max_score=number), entry="a.py")


def test_every_reader_says_the_same_first() -> None:
    """Title, sentence and place of what cost most, whatever stands first in the rubric; hidden
    checks have no part in it.
    """
    facts = {"check": "forward_values"}
    waits = check("test_accuracy", "skipped", code="checks-wait", facts=facts)
    secret = hidden("secret", 0, 90)
    run = one(PART, LOST, waits, secret)
    said = "Mend first: They differ (hw4/lenet.py, line 31)."
    more = "with 1 check that only follows from it: test_accuracy. They differ."
    texts = {
        "junit": "".join(ET.fromstring(make("junit", run).content).itertext()),
        "gradescope": json.loads(make("gradescope", run).content)["output"],
        "prairielearn": json.loads(make("prairielearn", run).content)["output"],
    }
    for name, text in texts.items():
        assert f"{said} It costs 40 points, {more}" in text, name
    summary = make("github", run).content.decode()
    assert summary.index("They differ") < summary.index("| check |")
    assert summary.count("They differ.<br>") == 1
    first, second = ci_systems.run_commands(make("github", run).log)[:2]
    assert first["title"] == "Mend first: They differ. forward_values: 0 of 20 points"
    assert (first["line"], second["title"]) == ("31", "layer_shapes: 14.28 of 20 points (cell 7)")
    tests = {t["name"]: t for t in json.loads(make("github-classroom", run).content)["tests"]}
    assert tests["forward_values"]["message"].startswith("Mend first: They differ. They differ.")
    shown = json.loads(make("autolab", run).content.splitlines()[0])["Checks"]
    assert shown["forward_values"]["hint"].startswith("Mend first: They differ. ")
    (cause, *_) = [c for c in write_record(run.graded)["causes"] if c["checks"] != ["secret"]]
    assert (cause["title"], cause["points"], cause["follows"]) == ("They differ", 40, ["test_accuracy"])  # fmt: skip
    assert cause["at"] == {"file": "lenet.py", "line": 31, "cell": None}


@pytest.mark.parametrize("number", [10, 11, 40])
def test_no_more_annotations_than_are_shown(number: int) -> None:
    """The last says how many more there are."""
    commands = ci_systems.run_commands(make("github", many(number)).log)
    ci_systems.require_shown(commands)
    assert len(commands) == ci_github.MOST
    if number > ci_github.MOST:
        assert commands[-1]["text"] == f"{number - 9} more stand in the summary of this job."


def test_a_summary_that_is_too_large_is_cut_at_a_section() -> None:
    """It says so; GitHub would drop it whole."""
    content = make("github", many(300, text="\U0010ffff" * 4_000)).content
    assert 900_000 < len(content) <= ci_systems.SUMMARY_BYTES
    assert content.endswith(b"The rest was left out, as a summary has a greatest size.\n")
    ci_systems.read_summary(content)


def test_the_two_notices_of_classroom() -> None:
    """With exactly the titles and texts that the reporter gives them."""
    commands = ci_systems.run_commands(make("github-classroom", one(PART)).log)
    assert [(c["kind"], c["title"]) for c in commands] == [
        ("notice", "Autograding complete"),
        ("notice", "Autograding report"),
    ]
    assert commands[0]["text"] == "Points 94.28/100"
    assert commands[1]["text"] == '{"totalPoints":94.28,"maxPoints":100}'


@pytest.mark.parametrize("passed", [True, False])
def test_the_run_is_red_where_the_points_are_too_few(passed: bool) -> None:  # noqa: FBT001
    """And not where a check is lost: the reporter fails the step of a run that failed."""
    made = make("github-classroom", one(LOST, passed=passed))
    assert ci_systems.report_to_classroom(made.content) == (80, 100, passed)


def test_the_reporters_file_fits_into_a_variable() -> None:
    """Linux gives a program no more than 128 KiB in one, and base64 makes four bytes of three."""
    made = make("github-classroom", many(150, text="\u202e" * 4_000))
    assert len(made.content) * 4 / 3 < 128 * 1024
    assert ci_systems.report_to_classroom(made.content) == (0, 150, True)
    huge = make("github-classroom", many(2_000))
    assert len(huge.content) * 4 / 3 < 128 * 1024
    assert ci_systems.report_to_classroom(huge.content)[1] == 2_000


# ---------------------------------------------------------------------- others


def test_gradescope_knows_two_statuses() -> None:
    """What is neither passed nor failed has none, and what is open has no points."""
    run = ci_systems.read_gradescope(
        make("gradescope", one(PART, LOST, check("two_steps", "broken"))).content
    )
    tests = {name.partition(" ")[0]: test for name, test in run["by_name"].items()}
    assert "status" not in tests["layer_shapes"]
    assert tests["forward_values"]["status"] == "failed"
    assert tests["test_accuracy"]["status"] == "passed"
    assert not {"score", "max_score", "status"} & set(tests["two_steps"])


def test_gradescopes_leaderboard_has_its_own_words() -> None:
    """`name` and `order`, in which it differs from what some libraries write."""
    ranked = check(
        "test_accuracy", evidence={"leaderboard": {"accuracy": 0.98, "parameters": 61706}}
    )
    run = ci_systems.read_gradescope(make("gradescope", one(ranked)).content)
    assert run["leaderboard"] == [
        {"name": "Accuracy", "value": 0.98, "order": "desc"},
        {"name": "Parameters", "value": 61706, "order": "asc"},
    ]


def test_prairielearn_counts_no_attempt_without_a_file() -> None:
    """Nothing was there to be graded."""
    missing = Execution(status="missing", reason="There is no `lenet.py`.")
    run = ci_systems.read_prairielearn(make("prairielearn", one(execution=missing)).content)
    assert not run["counts"]
    assert run["format_errors"] == ["There is no `lenet.py`."]


def test_prairielearns_score_is_a_share() -> None:
    """At most 1, bonus or not; only what is open is worth 0, which is shown as neutral."""
    bonus = CheckResult(name="b", title="B.", outcome="passed", points=5, earned=5, extra=True)
    more = replace(
        graded(), checks=(*graded().checks, bonus, check("two_steps", "broken")), score=105
    )
    run = ci_systems.read_prairielearn(make("prairielearn", Run(graded=more)).content)
    assert run["score"] == 1
    assert [t["name"] for t in run["tests"] if t["max_points"] == 0] == ["two_steps"]
    part = ci_systems.read_prairielearn(make("prairielearn", one(LOST)).content)
    assert part["score"] == 0.8


@pytest.mark.parametrize("name", ["prairielearn", "gradescope"])
def test_large_results_are_shortened(name: str) -> None:
    """Every check stays."""
    made = make(name, many(400, text="\U0010ffff" * 4_000))
    assert len(made.content) <= 1_000_000
    assert len(json.loads(made.content)["tests"]) == 400


def test_points_are_properties_of_junits_suite() -> None:
    """Tests themselves have none."""
    properties, ends = ci_systems.read_junit(
        make("junit", one(PART, check("two_steps", "skipped"))).content
    )
    assert properties["score"] == "84.28"
    assert properties["max_score"] == "100"
    assert properties["points.layer_shapes"] == "14.28"
    assert properties["max_points.layer_shapes"] == "20"
    assert ends["layer_shapes"] == "failure"
    assert ends["two_steps"] == "skipped"


def test_what_xml_may_not_hold_is_escaped() -> None:
    """ANSI colours, a NUL, surrogates, and what Unicode calls no character."""
    text = "\x1b[31mred\x00 \udcff \ufffe\uffff ]]> <b> & \u202e"
    content = make("junit", one(check("two_steps", "failed", feedback=text), entry=text)).content
    root = ET.fromstring(content)
    (failure,) = root.iter("failure")
    assert failure.text == "\\x1b[31mred\\x00 \\udcff \ufffd\ufffd ]]> <b> & \\u202e"


def test_autolab_reads_texts_with_colons() -> None:
    """It quotes every word before a colon, and takes what it then cannot read for zeros."""
    text = "lenet.py, line 12: NameError: name 'F' is not defined; {\"a\": 1}, http://x"
    made = make("autolab", one(check("two_steps", "failed", feedback=text)))
    assert ci_systems.read_autolab(made.content)["two_steps"] == 0
    assert text in ci_systems.read_autolab_shown(made.content)["two_steps"]["hint"]
    broken = json.dumps({"scores": {"a": 1}, "why": "Note: x"}).encode()
    with pytest.raises(json.JSONDecodeError):
        ci_systems.read_autolab(broken)


def test_autolab_gives_no_zeros_for_a_failure_of_ours() -> None:
    """A line without problems would be one in each; null is no score."""
    known = Failure(why="The disk is full.", checks=("shapes", "hidden_checks"))
    content = find_format("autolab").fail(known).content
    seen = ci_systems.score_by_autolab(content, "shapes", "hidden_checks", "style")
    assert seen == {"shapes": None, "hidden_checks": None}
    unknown = find_format("autolab").fail(Failure(why="The disk is full.")).content
    assert ci_systems.score_by_autolab(unknown, "shapes") == {"shapes": 0}, "it is said in the docs"


# ---------------------------------------------------------------------- hostile text


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_stays_text(name: str) -> None:
    """In every place where a student's text may stand."""
    for text in HOSTILE:
        lost = check(
            "two_steps", "failed", feedback=f"{text} `{text}`", hint=text, at=Place(line=3)
        )
        stop = Execution(status="crashed", reason=text, notes=(text,),
                         error=StudentError(kind="X", message=text, file=text, line=2))  # fmt: skip
        made = make(name, one(lost, entry=text, execution=stop, notes=(text,)))
        assert read(name, made) == 90
        ci_systems.require_shown(ci_systems.run_commands(made.log))
        assert all(line.startswith("::") for line in made.log.splitlines())


@given(text=st.text(st.characters(), max_size=60), number=st.floats(0, 20))
def test_any_text_and_any_points(text: str, number: float) -> None:
    """Files can be read, and hold the number."""
    lost = replace(check("layer_shapes", "partial", feedback=text, hint=text), earned=number)
    run = one(lost, notes=(text,))
    for name in NAMES:
        assert read(name, make(name, run)) == pytest.approx(round(80 + number, 3), abs=2e-3)
        find_format(name).fail(Failure(why=text))


def test_an_unknown_format_is_named() -> None:
    """With the nearest one that there is."""
    with pytest.raises(GraderError, match="no result format 'junitt'; did you mean 'junit'"):
        find_format("junitt")


@pytest.mark.parametrize("name", NAMES)
def test_equal_runs_make_equal_files(name: str) -> None:
    """Nothing of the clock is in them."""
    assert make(name, one(LOST)) == make(name, one(LOST))
