"""Brightspace and Gradescope: their own files, filled, and which file is of which system."""

from __future__ import annotations

import csv
import io

import pytest

from grader.export.brightspace import BRIGHTSPACE
from grader.export.export import ExportedFile, Filling, Results, Wishes, recognise
from grader.export.gradescope import GRADESCOPE
from grader.records.errors import UsageError
from grader.records.person import Person
from grader.records.result import Graded
from kit.gradebooks import CanvasCourse, CanvasStudent, MoodleAssignment, one, take_brightspace

ITEM = "HW1 Points Grade <Numeric MaxPoints:100 Weight:5 Category:Homework>"
GRADES = (
    f"OrgDefinedId,Username,Last Name,First Name,Email,{ITEM},HW2 Points Grade <Numeric MaxPoints:10>,"
    "Remark Text Grade <Text>,Calculated Final Grade Numerator,End-of-Line Indicator\r\n"
    "#0012,#mcurie,Curie,Marie,m@x.edu,,7,fine,55,#\r\n"
    "#0013,#aeinst,Einstein,Albert,a@x.edu,40,,,,#\r\n"
    "#0014,#eve,Adams,Eve,e@x.edu,,,,,#\r\n"
).encode()
SCORES = (
    b"First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,"
    b"Submission Time,Lateness (H:M:S),1: Code (60.0 pts),2: Text (40.0 pts)\n"
    b"Marie,Curie,0012,m@x.edu,A,,100.0,Ungraded,11,2026-03-01 10:00:00 +0100,00:00:00,,\n"
    b"Albert,Einstein,0013,a@x.edu,A,40.0,100.0,Graded,12,2026-03-01 10:00:00 +0100,00:00:00,30.0,10.0\n"
    b"Eve,Adams,0014,e@x.edu,A,,100.0,Missing,,,,,\n"
)
COURSE = (
    b"Name,SID,Email,HW1,HW1 - Max Points,HW1 - Submission Time,HW1 - Lateness (H:M:S),"
    b"HW2,HW2 - Max Points,HW2 - Submission Time,HW2 - Lateness (H:M:S)\n"
    b"Marie Curie,0012,m@x.edu,,100.0,,,5.0,10.0,,\n"
)
CLASS = [
    one("a", 87.5, Person(id="0012")),
    one("b", 40, Person(login="aeinst", email="a@x.edu")),
    one("Nobody", 1),
]


def fill(export: Filling, content: bytes, *graded: Graded, column: str = "") -> ExportedFile:
    wishes = Wishes(column=column)
    return export.make(Results(graded=graded or CLASS, own_file=content, wishes=wishes))


def test_brightspace_reads_the_grades_and_nothing_else() -> None:
    """Ids keep their `#`, lines their end, items their maximum."""
    made = fill(BRIGHTSPACE, GRADES, column="HW1")
    before, after = take_brightspace(GRADES, {}), take_brightspace(made.content, {})
    assert after == before | {"mcurie": {"HW1": "87.5", "HW2": "7"}}
    assert made.content == GRADES.replace(b"m@x.edu,,7", b"m@x.edu,87.5,7")
    assert made.unchanged == ["aeinst (b)"]
    assert (made.unmatched, made.rows) == (["Nobody"], ["Eve Adams eve"])


def test_brightspace_without_user_names() -> None:
    """OrgDefinedId alone will do, with names or without."""
    content = f"OrgDefinedId,{ITEM},End-of-Line Indicator\n#0012,,#\n".encode()
    made = fill(BRIGHTSPACE, content, CLASS[0])
    assert take_brightspace(made.content, {"0012": "m"}) == {"m": {"HW1": "87.5"}}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("HW3", "did you mean 'HW[12]'"),
        ("Remark", "no column 'Remark' of Brightspace that takes points"),
        ("Calculated Final Grade Numerator", "that takes points"),
        ("HW2", "has 10 points and the assignment 100"),
        ("", "2 columns that take points"),
    ],
)
def test_brightspace_takes_points_in_items_alone(column: str, said: str) -> None:
    """Texts, symbols and what it calculates itself are none; no item is made."""
    with pytest.raises(UsageError, match=said):
        fill(BRIGHTSPACE, GRADES, column=column)


def test_gradescopes_scores() -> None:
    """The total, and nothing of the questions."""
    made = fill(GRADESCOPE, SCORES)
    assert made.content == SCORES.replace(b"A,,100.0,Ungraded", b"A,87.5,100.0,Ungraded")
    assert made.unchanged == ["aeinst (b)"]
    assert made.rows == ["Eve Adams e@x.edu"]
    assert [c.by for c in made.changes] == ["SID"]


def test_gradescopes_course() -> None:
    """A column for each assignment, with its maximum."""
    made = fill(GRADESCOPE, COURSE, CLASS[0], column="HW1")
    (row,) = list(csv.DictReader(io.StringIO(made.content.decode())))
    assert (row["HW1"], row["HW2"]) == ("87.5", "5.0")
    with pytest.raises(UsageError, match="'HW2' has 10 points"):
        fill(GRADESCOPE, COURSE, CLASS[0], column="HW2")


CANVAS = CanvasCourse([CanvasStudent(1, "Curie, Marie", "m")], {7: "HW"}).export()
MOODLE = MoodleAssignment({1: ("Marie", "m@x")}).export()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CANVAS, "canvas"), (MOODLE, "moodle"), (GRADES, "brightspace"), (SCORES, "gradescope"),
        (COURSE, "gradescope"),
    ],
)  # fmt: skip
def test_a_file_is_recognised(content: bytes, name: str) -> None:
    """By its headings, without an option."""
    assert recognise(content) == name


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b'"student","score"\n"Ada",1\n']
)
def test_another_file_is_recognised_as_none(content: bytes) -> None:
    """For each system it is said what is missing."""
    with pytest.raises(UsageError, match="of no format that is known: for canvas, its first line"):
        recognise(content)
