"""Moodle: worksheets in several languages from its export through ours into its import."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.export.export import ExportedFile, Results, Wishes
from grader.export.moodle import MOODLE
from grader.records.errors import UsageError
from grader.records.person import Person
from grader.records.result import Graded
from kit.gradebooks import ENGLISH, FRENCH, GERMAN, MoodleAssignment, one

PEOPLE = {
    123456: ("Maria Curie", "m1@x.edu"),
    123457: ("Maria Curie", "m2@x.edu"),
    123458: ("José López", "j@x.edu"),
}
CLASS = [
    one("Maria Curie_123456", 87.5, Person(name="Maria Curie", id="123456")),
    one("Maria Curie_123457", 100, Person(name="Maria Curie", id="123457")),
    one("José López", 0),
]


def make(content: bytes, *graded: Graded, **wishes: object) -> ExportedFile:
    return MOODLE.make(Results(graded=graded, own_file=content, wishes=Wishes(**wishes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [ENGLISH, GERMAN, FRENCH], ids=lambda w: w[0])
@pytest.mark.parametrize("blind", [False, True])
def test_moodle_reads_the_grades_and_nothing_else(words: tuple[str, ...], *, blind: bool) -> None:
    """In its own language, names shown or not: comments, dates and everything else are as they
    were, byte for byte.
    """
    here = MoodleAssignment(PEOPLE, words=words, blind=blind, comments={123458: 'said "no", twice'})
    content = here.export()
    graded = [*CLASS[:2], one("x", 0, Person(id="123458"))]
    assert MOODLE.refuse(content) == ""
    made = make(content, *graded)
    assert here.take(made.content) == ({123456: 87.5, 123457: 100.0, 123458: 0.0}, {})
    assert made.column == words[4]
    assert (made.complete, made.rows, made.notes) == (True, [], [])
    for new in (b"87.5", b"100", b"0"):
        assert made.content.count(b"," + new + b",100.00") == 1
        content = content.replace(b'grading",,', b'grading",' + new + b",", 1)
    assert made.content == content


def test_a_worksheet_of_another_assignment_is_refused() -> None:
    """Its participants have other numbers, and the names would all fit."""
    content = MoodleAssignment({7: ("José López", "j@x.edu")}).export()
    graded = one("José López", 5, Person(name="José López", id="123458"))
    there = replace(graded, place="José López_123458_assignsubmission_file")
    with pytest.raises(UsageError, match="such as 123458, stands in it: it is the worksheet of"):
        make(content, there)
    assert [c.by for c in make(content, graded).changes] == ["Full name"]


def test_two_of_one_name_are_told_apart_by_number() -> None:
    """By the number of the download's folder, or by address; by name alone they are not."""
    content = MoodleAssignment(PEOPLE).export()
    made = make(content, CLASS[0], one("m", 5, Person(name="Maria Curie", email="m2@x.edu")))
    assert [(c.row, c.by) for c in made.changes] == [
        ("Participant 123456 Maria Curie", "Identifier"),
        ("Participant 123457 Maria Curie", "Email address"),
    ]
    made = make(content, one("Maria Curie", 5))
    assert made.changes == []
    assert (
        "Full name fits Participant 123456 Maria Curie and Participant 123457" in made.left[0].why
    )
    assert made.rows == ["Participant 123458 José López"]


def test_a_grade_that_is_there_stays_as_it_is_written() -> None:
    """`87.50` says 87.5 already, and so does `87,50`."""
    here = MoodleAssignment(PEOPLE, grades={123456: 87.5, 123457: 3})
    content = here.export()
    made = make(content, *CLASS[:2])
    assert made.content == content.replace(b"3.00", b"100")
    comma = content.replace(b"87.50", b'"87,50"').replace(b"100.00", b'"100,00"')
    made = make(comma, CLASS[0], one("x", 12.25, Person(id="123457")))
    assert made.content == comma.replace(b"3.00", b'"12,25"')
    assert here.take(made.content)[0] == {123457: 12.25}


def test_what_moodle_would_pass_over_is_said() -> None:
    """More than the maximum, with a bonus: Moodle leaves the old grade without a word."""
    here = MoodleAssignment(PEOPLE)
    made = make(here.export(), one("a", 103, Person(id="123456")))
    assert "More than the 100 points of the column: 123456 (a). Moodle passes over" in made.notes[0]
    assert here.take(made.content)[0] == {}


def test_a_maximum_that_is_not_ours_has_to_be_decided() -> None:
    """As points, or as a share."""
    here = MoodleAssignment(PEOPLE, maximum=10)
    with pytest.raises(UsageError, match="'Grade' has 10 points and the assignment 100"):
        make(here.export(), *CLASS)
    made = make(here.export(), *CLASS, points="scaled")
    assert here.take(made.content)[0] == {123456: 8.75, 123457: 10.0, 123458: 0.0}


def test_who_is_excused_has_no_sign_in_moodle() -> None:
    """Nothing is written, and it is said."""
    content = MoodleAssignment(PEOPLE).export()
    made = make(content, one("a", 40, Person(id="123456"), excused=True))
    assert made.content == content
    assert "is excused, for which there is no sign here" in made.left[0].why
    assert made.complete


def test_a_scale_takes_no_points() -> None:
    """Moodle stores nothing of a number where words are meant."""
    content = MoodleAssignment(PEOPLE).export()
    scale = content.replace(b'"Maximum grade"', b"Scale").replace(b"100.00", b'"Fail, Pass"')
    with pytest.raises(UsageError, match="'Fail, Pass', which is no maximum, so the assignment"):
        make(scale, *CLASS)
    with pytest.raises(UsageError, match=r"'0\.00', which is no maximum"):
        make(MoodleAssignment(PEOPLE, maximum=0).export(), *CLASS)


def test_other_words_need_the_column_named() -> None:
    """Where no heading names the grades in brackets."""
    content = MoodleAssignment(PEOPLE).export().replace(b"(grade)", b"of grade")
    assert "names the column of grades in brackets" in MOODLE.refuse(content)
    with pytest.raises(UsageError, match="Name the column of grades with --column"):
        make(content, *CLASS)
    assert make(content, *CLASS, column="Grade").column == "Grade"


def test_a_spreadsheet_programs_form_is_kept_and_said() -> None:
    """Semicolons, another encoding: the file can be uploaded, if Moodle is told."""
    content = MoodleAssignment({1: ("Zoë", "z@x")}).export().replace(b",", b";").decode()
    made = make(content.encode("cp1252"), one("Zoë", 7))
    assert made.content.decode("cp1252") == content.replace('grading";;', 'grading";7;')
    assert "this file has ';' and cp1252" in made.notes[-1]


@pytest.mark.parametrize(
    "content",
    [b"", b"Identifier,Grade\n", b"Student,Grade\nAda,\n", b"ID,G\nParticipant 1,\nStudent 2,\n"],
)
def test_another_file_is_no_worksheet(content: bytes) -> None:
    """Its first column has to be identifiers, all of one word."""
    assert "does not hold identifiers" in MOODLE.refuse(content)
    with pytest.raises(UsageError, match="it is no grading worksheet of Moodle"):
        make(content, *CLASS)
