"""Written questions wait for a person, and no regrade loses what a person has decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader import compare
from grader.grading import mark_table, marking
from grader.grading.changes import compare_classes
from grader.grading.grade import grade, render
from grader.grading.verify import verify
from grader.grading.written import read_answers
from grader.ledger.ledger import DUE, Ledger
from grader.records.errors import UsageError
from grader.records.mark import Mark
from grader.records.measurements import Text
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.graded import Borrower, by_name, check, results
from kit.questions import QUESTIONS, answer, ask
from kit.sample_records import graded
from kit.tiny import POINTS, RIGHT, WRONG, Tiny, found

TOTAL = POINTS + 5


@pytest.fixture(scope="module")
def graded_once(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A class of three: two answers, one answer, none."""
    course = found(tmp_path_factory.mktemp("questions") / "course")
    ask(course)
    course.submit("Ada", answer("It keeps no graph.", "In tests."))
    course.submit("Bob", answer("No idea."))
    course.submit("Cy", RIGHT)
    _grade(server, course)
    return course


def _grade(server: ForkServer, course: Tiny) -> Borrower:
    with Borrower(server, course.load()) as executor:
        grade(executor, course.submissions(), course.out)
    return executor


def _mark(course: Tiny, *marks: Mark) -> None:
    with Ledger(course.out / "grades.db") as ledger:
        ledger.add_marks(marks)


def test_an_answer_waits_for_a_person_and_none_is_lost(graded_once: Tiny) -> None:
    """No zero stands where nobody has looked; who wrote nothing is told where to write."""
    seen = by_name(results(graded_once))
    first = check(seen["Ada"], "saves_memory")
    assert (first.outcome, first.person, seen["Ada"].score) == ("open", True, POINTS)
    assert first.evidence["answer"]["text"] == "It keeps no graph."  # type: ignore[index, call-overload]
    assert [g.needs_review for g in seen.values()] == [True, True, False]
    assert check(seen["Bob"], "when_used").outcome == "unmeasured"
    assert "after `Q2:`" in check(seen["Cy"], "when_used").feedback
    assert seen["Cy"].max_score == TOTAL


@pytest.mark.proof
def test_a_regrade_keeps_every_mark_extension_and_excuse(
    server: ForkServer, tmp_path: Path
) -> None:
    """After a changed threshold, with nothing run; and after another file with the same words."""
    course = found(tmp_path / "course")
    ask(course)
    course.submit("Ada", answer("It keeps no graph.", "In tests."))
    course.submit("Bob", answer("No idea.").replace(RIGHT, WRONG))
    course.submit("Cy", answer("Faster."))
    _grade(server, course)
    before = by_name(results(course))
    ada, bob, cy = before["Ada"], before["Bob"], before["Cy"]
    _mark(
        course,
        marking.mark_check(ada, "saves_memory", "2.5", "Almost.", by="Grace"),
        marking.mark_check(ada, "when_used", "2", "", by="Grace"),
        marking.mark_check(ada, "doubles", "0", "Copied.", by="Grace"),
        marking.extend(bob, "2026-03-05T12:00:00+01:00", "", by="Grace"),
        marking.excuse(cy, "Ill.", by="Grace"),
    )
    with Ledger(course.out / "grades.db") as ledger:
        ledger.set_setting(DUE, "due = 2026-03-01T12:00:00Z\npercent_per_day = 10")
    marked = by_name(results(course))
    assert marked["Ada"].score == POINTS + 2.5

    course.rule("FULL if right else 0.0", "FULL if right else 0.5")
    assert not _grade(server, course).started  # judged again, from what was measured
    course.submit("Ada", answer("It keeps no graph.", "In tests.") + "\n# tidied\n")
    _grade(server, course)
    after = by_name(results(course))
    assert [check(after["Ada"], n).earned for n in ("saves_memory", "when_used")] == [2.5, 2]
    assert check(after["Ada"], "saves_memory").comment == "Almost."
    assert not check(after["Ada"], "saves_memory").needs_review
    # The override was of other code: it stands, and a person is asked whether it still should.
    assert (check(after["Ada"], "doubles").earned, after["Ada"].needs_review) == (0, True)
    assert after["Bob"].due == "2026-03-05T12:00+01:00"
    assert check(after["Bob"], "doubles").earned == 1.0
    assert (after["Cy"].excused, after["Cy"].comment) == (True, "Ill.")
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        assert len(ledger.marks()) == 5


def test_what_is_too_large_to_be_read_costs_nothing(tmp_path: Path) -> None:
    """A person is asked to look into it."""
    course = found(tmp_path / "course")
    ask(course)
    files = {"tiny.ipynb": b" " * (16 << 20) + b"{}"}
    one = Submission(student="Ada", files=files, entry="tiny.ipynb")
    (first, _) = read_answers(course.load(), one).values()
    assert isinstance(first, Text)
    assert "Too large to be read: `tiny.ipynb`" in compare.written(first).feedback


def test_marks_show_in_every_output(graded_once: Tiny) -> None:
    """Page, record, gradebook, class page; hostile words act nowhere."""
    bob = by_name(results(graded_once))["Bob"]
    said = "=1+1 <script>alert(1)</script>"
    _mark(graded_once, marking.mark_check(bob, "saves_memory", "1", said, by="Grace"))
    with Ledger(graded_once.out / "grades.db", readonly=True) as ledger:
        render(ledger, graded_once.out, None)
    page = (graded_once.out / "Bob.html").read_text()
    assert "marked by a person" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    record = json.loads((graded_once.out / "Bob.json").read_text())
    assert (record["score"], record["needs_review"]) == (POINTS + 1, False)
    rows = (graded_once.out / "grades.csv").read_text().splitlines()
    assert f'"Bob",{POINTS + 1:g},' in rows[2]
    assert rows[2].endswith('"no","no"')
    index = (graded_once.out / "index.html").read_text()
    assert "marked by a person" in index
    assert "A person did not give all the points" in index


def test_verify_passes_over_what_persons_mark(server: ForkServer, tmp_path: Path) -> None:
    """No mistake has to lose it, and the reference is not held to have lost it."""
    course = found(tmp_path / "course")
    ask(course)
    course.write("assignments/tiny/handout/tiny.py", '"""Q1:\n\nQ2: ...\n"""\n')
    for name, text in {"tanh": ("values", "torch.relu", "torch.tanh")}.items():
        wrong = RIGHT.replace(text[1], text[2])
        course.write(
            f"assignments/tiny/mistakes/{name}/tiny.py", f'"""Loses: {text[0]}"""\n{wrong}'
        )
    from grader.assignment.course import Course
    from grader.grading.verify import Specimens

    loaded = course.load()
    with Borrower(server, loaded) as executor:
        specimens = Specimens.of(Course(course.root), loaded)
        findings = verify(executor, specimens, tmp_path / "verified")
    faults = {f.name: f.fault for f in findings if f.fault}
    assert "check saves_memory" not in faults
    assert "reference" not in faults


# ---------------------------------------------------------------------- tables


def _read(course: Tiny, text: str) -> list[Mark]:
    return mark_table.read_table(text.encode(), results(course), "Grace")


def test_a_table_lists_what_is_open_and_is_read_when_filled(graded_once: Tiny) -> None:
    """With the answer beside it; rows that nobody filled in say nothing."""
    content = mark_table.write_table(results(graded_once)).decode("utf-8-sig")
    lines = content.splitlines()
    assert lines[0].startswith('"student","check","points","comment"')
    ada = next(n for n, row in enumerate(lines) if "It keeps no graph." in row)
    assert _read(graded_once, content) == []
    lines[ada] = lines[ada].replace(
        '"Ada","saves_memory","",""', '"Ada","saves_memory","2,5","Yes"'
    )
    (mark,) = _read(graded_once, "\n".join(lines))
    assert (mark.student, mark.check, mark.points, mark.comment) == (
        "Ada",
        "saves_memory",
        2.5,
        "Yes",
    )


def test_a_table_says_everything_that_a_person_decides(graded_once: Tiny) -> None:
    """Semicolons as Excel writes them in Europe; a hyphen takes back."""
    marks = _read(
        graded_once,
        "\ufeffstudent;check;points;comment;adjustment;settled;excused;extension\r\n"
        "Ada;saves_memory;3;;;;;\r\n"
        "Bob;;;Late train;;;;2026-03-05T12:00+01:00\r\n"
        "Cy;;;Ill;;;yes;\r\n"
        "ada;when_used;-;;;;;\r\n"
        "Bob;;;Neat;1,5;yes;no;\r\n",
    )
    kinds = [(m.student, m.kind, m.taken_back) for m in marks]
    assert kinds == [
        ("Ada", "check", False),
        ("Bob", "extension", False),
        ("Cy", "excused", False),
        ("Ada", "check", True),
        ("Bob", "settled", False),
        ("Bob", "excused", True),
        ("Bob", "whole", False),
    ]
    assert marks[-1].points == 1.5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Ada,saves_memory,4", "line 2: 4 points cannot be given. Give 0 to 3"),
        ("Ada,saves_memory,-1", "Give 0 to 3"),
        ("Ada,saves_memory,nan", "are no points"),
        ("Ada,saved,1", "there is no check 'saved'"),
        ("Eve,saves_memory,1", "there is no student 'Eve'"),
        ("Ada,,1", "there are points and no check"),
        ("Ada,saves_memory,1\nAda,saves_memory,2", "line 3: this is said in an earlier row"),
        ("Ada,saves_memory,2,5", "line 2 has more cells than the first line names"),
        ('Ada,saves_memory,"2', "line 2 of the table cannot be read"),
        ("Ada,saves_memory,1_0", "are no points"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(graded_once: Tiny, row: str, said: str) -> None:
    """And nothing of the table is kept."""
    with pytest.raises(UsageError, match=said):
        _read(graded_once, f"student,check,points\n{row}\n")


def test_a_name_that_a_table_cannot_tell_apart_is_nobodys() -> None:
    """A table shows a formula behind an apostrophe, and others may be called so."""
    two = [graded("=1+1"), graded("'=1+1")]
    assert mark_table.read_table(b"student,adjustment\n=1+1,2\n", two, "Grace")[0].student == "=1+1"
    with pytest.raises(UsageError, match="could be"):
        mark_table.read_table(b"student,adjustment\n'=1+1,2\n", two, "Grace")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,extension\nA,2026-03-05\n", "no day with its time"),
        ("student,comment,comment\nA,b,c\n", "column comment twice"),
        ('"student,comment\nA,b', "line 2 of the table cannot be read"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused(text: str, said: str) -> None:
    """A day alone would end with its first moment; of two columns one would be lost."""
    with pytest.raises(UsageError, match=said):
        mark_table.read_table(text.encode(), [graded("A")], "Grace")


@pytest.mark.parametrize("text", ["name,points\nAda,1\n", "", "student,check,grade\nAda,x,1"])
def test_a_table_with_other_columns_is_refused(graded_once: Tiny, text: str) -> None:
    """The sentence says which it may have."""
    with pytest.raises(UsageError, match="It may have student, check"):
        _read(graded_once, text)


def test_what_changed_between_two_classes_is_said(graded_once: Tiny) -> None:
    """Who, by how much, which check, and why."""
    before = results(graded_once)
    ada = by_name(before)["Ada"]
    _mark(graded_once, marking.mark_check(ada, "when_used", "2", "Right.", by="Grace"))
    (change,) = compare_classes(before, results(graded_once))
    assert (change.student, change.before, change.after) == ("Ada", POINTS, POINTS + 2)
    assert change.reasons == ("a person marked",)
    (one,) = change.checks
    assert (one.name, one.before, one.after, one.why) == ("when_used", None, 2, "Right.")
    gone = compare_classes(before, before[1:])
    assert [(c.student, c.after) for c in gone] == [("Ada", None)]
    assert compare_classes(before, before) == []


def test_a_rubric_is_for_who_marks(graded_once: Tiny) -> None:
    """The first paragraph is the student's, the rest is not in the record."""
    (first, _) = (c for c in graded_once.load().assignment.checks if c.person)
    one, _, two = first.rubric.partition("\n\n")
    assert one == "One point for each: no graph is kept, no inputs are kept, it is faster."
    assert two == "- Half a point for a word alone.\n- None for a guess."
    assert "One point for each" in QUESTIONS
    assert "One point" not in (graded_once.out / "Ada.json").read_text()


def test_what_was_decided_about_somebody_else_is_named() -> None:
    """Somebody who has another name now would lose marks without a word."""
    here = [graded("Ada Lovelace"), replace(graded("Bob"), withdrawn="2026-03-01T10:00:00+00:00")]
    log = [Mark(student=name, kind="excused") for name in ("Ada", "Ada Lovelace", "Bob")]
    marked, meant = marking.describe_strangers(here, log, ["adda", "ada lovelace"])
    assert marked.startswith("marks are kept of Ada, Bob, who handed in nothing here.")
    assert meant.startswith("due.toml extends for adda, who")
    assert marking.describe_strangers(here, [], ["ada lovelace"]) == []
