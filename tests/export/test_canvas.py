"""Canvas: from its export through ours into its import, where nothing changes but the grades."""

from __future__ import annotations

import pytest

from grader.export.canvas import CANVAS
from grader.export.export import ExportedFile, Results, Wishes
from grader.records.adjustment import Adjustment
from grader.records.errors import UsageError
from grader.records.execution import Execution
from grader.records.person import Person
from grader.records.result import Graded
from kit.gradebooks import CanvasCourse, CanvasStudent, one
from kit.sample_records import check

MARIE, ALBERT, JOSE = (
    CanvasStudent(12345, "Curie, Marie", "mcurie@x.edu", "S1"),
    CanvasStudent(12346, "Einstein, Albert", "aeinst", "S2"),
    CanvasStudent(12347, "López, José", "jlopez", "S3"),
)
HW1 = {77: "HW1 (part a)", 78: "HW2"}


def course(**more: object) -> CanvasCourse:
    return CanvasCourse([MARIE, ALBERT, JOSE], HW1, **more)  # type: ignore[arg-type]


def make(content: bytes, *graded: Graded, **wishes: object) -> ExportedFile:
    column = Wishes(column="77", **wishes) if "column" not in wishes else Wishes(**wishes)  # type: ignore[arg-type]
    return CANVAS.make(Results(graded=graded, own_file=content, wishes=column))


CLASS = [
    one("curiemarie", 87.5, Person(name="curiemarie", id="12345")),
    one("einsteinalbert", 100 / 3, Person(id="12346")),
    one("José López", 0, Person(name="José López")),
]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("points", ["100.00", "100,00"])
@pytest.mark.parametrize("hidden", [None, "Manual Posting", "Muted"])
def test_canvas_reads_the_grades_and_nothing_else(
    delimiter: str, mark: str, points: str, hidden: str | None
) -> None:
    """Whatever the delimiter, the mark at the start, the decimals and the rows above the students:
    other assignments, names and totals are as they were, and nothing is made.
    """
    here = course(grades={(12345, 78): "55.50"})
    more = {"delimiter": delimiter} | ({"hidden": hidden} if hidden else {})
    content = here.export(points, mark, **more)
    made = make(content, *CLASS)
    assert here.take(made.content) == {
        (12345, 77): "87.5", (12346, 77): "33.33", (12347, 77): "0",
    }  # fmt: skip
    assert here.made == []
    assert ("87,5" in made.content.decode()) == ("," in points)
    assert made.column == "HW1 (part a) (77)"
    assert made.complete
    assert made.rows == []


def test_what_is_the_same_stays_as_it_is() -> None:
    """Canvas compares at two decimals, and so is a cell that says the same."""
    here = course(grades={(12345, 77): "87.50", (12346, 77): "33.33", (12347, 77): "5.00"})
    content = here.export()
    made = make(content, *CLASS)
    assert made.unchanged == ["curiemarie", "12346 (einsteinalbert)"]
    assert [(c.name, c.old, c.new) for c in made.changes] == [("José López", "5.00", "0")]
    assert made.content == content.replace(b"5.00,,", b"0,,", 1)
    assert here.take(made.content) == {(12347, 77): "0"}


def test_students_are_known_by_number_sis_login_and_name() -> None:
    """In this order, as Canvas does; the report says by what."""
    content = course().export()
    known = [Person(id="12345"), Person(id="S2"), Person(login="jlopez")]
    made = make(content, *(one(f"s{n}", 1, p) for n, p in enumerate(known)))
    assert [c.by for c in made.changes] == ["ID", "SIS User ID", "SIS Login ID"]
    made = make(content, one("s", 1, Person(email="mcurie@x.edu")), one("Albert Einstein", 2))
    assert [c.by for c in made.changes] == ["SIS Login ID", "Student"]
    assert made.rows == ["López, José (12347)"]


def test_excused_and_not_assigned_stay() -> None:
    """`EX` and `N/A` in the file are somebody's decision."""
    here = course(grades={(12345, 77): "EX", (12346, 77): "N/A"})
    made = make(here.export(), *CLASS)
    assert [(left.name, left.settled) for left in made.left] == [
        ("curiemarie", True), ("12346 (einsteinalbert)", True),
    ]  # fmt: skip
    assert [c.name for c in made.changes] == ["José López"]


def test_who_is_excused_here_is_excused_there() -> None:
    """Written as Canvas writes it, and no change where it says so already."""
    here = course(grades={(12346, 77): "EX"})
    excused = [one(f"s{n}", 40, Person(id=n), excused=True) for n in ("12345", "12346")]
    made = make(here.export(), *excused)
    assert here.take(made.content) == {(12345, 77): "EX"}
    assert (len(made.unchanged), made.complete) == (1, True)


def test_an_account_alone_is_said() -> None:
    """A repository tells GitHub's, and the gradebook's may be somebody else's."""
    graded = [one("jlopez", 40, Person(login="jlopez")), one("m", 1, Person(id="12345", login="m"))]
    (note,) = make(course().export(), *graded).notes
    assert note.startswith(
        "Found by an account alone: jlopez. Where it is that of another platform"
    )


def test_no_assignment_is_ever_made() -> None:
    """A column without a number behind its title would become a new assignment; so would a title
    that is written otherwise. Such a column is not there to be filled.
    """
    content = course().export().replace(b"HW2 (78)", b"HW2")
    with pytest.raises(UsageError, match="no column 'HW2' of Canvas that takes points"):
        make(content, *CLASS, column="HW2")
    with pytest.raises(UsageError, match="no column 'Final Score'"):
        make(content, *CLASS, column="Final Score")
    with pytest.raises(UsageError, match=r"did you mean 'HW1 \(part a\)'"):
        make(content, *CLASS, column="HW1 part b")


@pytest.mark.parametrize("asked", ["78", "HW2", "hw2", "HW2 (78)"])
def test_a_column_is_named_by_number_title_or_heading(asked: str) -> None:
    """In any case."""
    assert make(course().export(), *CLASS, column=asked).column == "HW2 (78)"


def test_the_column_is_found_by_the_assignments_name() -> None:
    """The only one, or the one called like what was graded; of several others, all are listed."""
    only = CanvasCourse([MARIE], {5: "Homework"})
    assert make(only.export(), *CLASS, column="").column == "Homework (5)"
    named = CanvasCourse([MARIE], {5: "Homework", 6: "LeNet-5 on MNIST"})
    assert make(named.export(), *CLASS, column="").column == "LeNet-5 on MNIST (6)"
    with pytest.raises(UsageError, match=r"2 columns that take points: 'HW1 \(part a\) \(77\)'"):
        make(course().export(), *CLASS, column="")
    twice = CanvasCourse([MARIE], {5: "HW", 6: "HW"})
    with pytest.raises(UsageError, match="2 columns are called 'HW'"):
        make(twice.export(), *CLASS, column="HW")


def test_other_points_are_never_taken_for_ours() -> None:
    """An assignment of 10 points in Canvas: somebody has to say what is meant."""
    here = course()
    content = here.export("10.00")
    with pytest.raises(UsageError, match=r"has 10 points and the assignment 100\. Give --points"):
        make(content, *CLASS)
    scaled = make(content, *CLASS, points="scaled")
    assert here.take(scaled.content)[12345, 77] == "8.75"
    assert scaled.notes == ["Points are multiplied by 0.1."]
    graded = make(content, *CLASS, points="graded")
    assert here.take(graded.content)[12345, 77] == "87.5"
    assert "More than the 10 points of the column: curiemarie" in graded.notes[0]


def test_read_only_columns_take_nothing() -> None:
    """Canvas passes over them without a word, and a total of a grading period looks like one."""
    content = course().export("(schreibgeschützt)")
    with pytest.raises(UsageError, match="the file has no column of Canvas that takes points"):
        make(content, *CLASS, column="")
    whole = course().export().replace(b",Final Score", b",Final Score (2026)")
    with pytest.raises(UsageError, match="'2026' of Canvas that takes points; there are: 'HW1"):
        make(whole, *CLASS, column="2026")


def test_final_scores_are_written() -> None:
    """With what is taken off for late work, and never less than nothing."""
    late = Adjustment(kind="late", points=-10, reason="Two days late.")
    much = Adjustment(kind="person", points=-99, reason="Copied.")
    made = make(
        course().export(),
        one("a", 87.5, Person(id="12345"), adjustments=(late,)),
        one("b", 50, Person(id="12346"), adjustments=(late, much)),
    )
    assert [c.new for c in made.changes] == ["77.5", "0"]


def test_who_needs_a_person_is_left_until_then() -> None:
    """The cell stays as it is; with a score, it is written where that is asked for."""
    doubted = one("a", 40, Person(id="12345"), execution=Execution(status="tampered"))
    broken = [check(c.name, "broken") for c in one("x", 0).checks]
    undecided = one("b", 0, Person(id="12346"))
    undecided = Graded(
        **{f: getattr(undecided, f) for f in Graded.__slots__} | {"checks": tuple(broken)}
    )
    content = course(grades={(12345, 77): "3.00"}).export()
    made = make(content, doubted, undecided)
    assert (made.content, made.complete) == (content, False)
    assert [left.why for left in made.left] == [
        "needs a person before the score counts",
        "has no score yet: a person is needed",
    ]
    asked = make(content, doubted, undecided, with_open=True)
    assert [(c.name, c.old, c.new) for c in asked.changes] == [("12345 (a)", "3.00", "40")]


def test_groups_and_withdrawn_students() -> None:
    """Each member of a group has the grade; who is withdrawn keeps the old one, and is named."""
    group = one("Group 1", 60, Person(id="12345"), Person(id="12346"))
    gone = one("José López", 10, withdrawn="2026-03-01T00:00:00+00:00")
    here = course()
    results = Results(
        graded=[group], withdrawn=[gone], own_file=here.export(), wishes=Wishes(column="77")
    )
    made = CANVAS.make(results)
    assert here.take(made.content) == {(12345, 77): "60", (12346, 77): "60"}
    assert [(left.name, left.settled) for left in made.left] == [("José López", True)]
    assert (made.rows, made.complete) == ([], True)


def test_nobody_is_lost_on_either_side() -> None:
    """Who has no row, whose row is unclear, and rows without anybody."""
    twin = CanvasStudent(12348, "Curie, Marie", "mcurie3", "S4")
    here = CanvasCourse([MARIE, twin, JOSE], HW1)
    made = make(here.export(), one("Marie Curie", 5), one("anon_1a2B3", 6, Person(id="anon_1a2B3")))
    assert made.changes == []
    assert made.left[0].why == (
        "could be in several rows: Student fits Curie, Marie (12345) and Curie, Marie (12348)"
    )
    assert made.unmatched == ["anon_1a2B3"]
    assert made.rows == ["López, José (12347)"]


def test_first_and_last_names_in_two_columns() -> None:
    """Canvas can export them so; a name like a formula is in a formula of its own."""
    content = (
        b"LastName,FirstName,ID,SIS Login ID,Section,HW (7)\n"
        b"    Points Possible,,,,,100.00\n"
        b'Curie,Marie,1,m,A,\n"=""=1+1""",Eve,2,e,A,\n'
    )
    made = make(content, one("Marie Curie", 9), column="")
    assert made.content == content.replace(b"1,m,A,", b"1,m,A,9")
    formula = b'Student,ID,SIS Login ID,Section,HW (7)\n"=""=cmd""",1,m,A,\n'
    made = make(formula, one("=cmd", 9), column="")
    assert made.content.endswith(b",A,9\n")


@pytest.mark.parametrize(
    "content",
    [b"", b"student,score\nAda,1\n", b"Student,ID,HW (1)\n", b"Identifier,Grade\nParticipant 1,\n"],
)
def test_another_file_is_no_gradebook(content: bytes) -> None:
    """It is said what is missing."""
    assert "its first line does not begin with Student" in CANVAS.refuse(content)
    with pytest.raises(UsageError, match="it is no gradebook of Canvas"):
        make(content, *CLASS)


def test_a_file_has_to_be_named() -> None:
    """Nothing is invented."""
    with pytest.raises(UsageError, match="Name it with --into"):
        CANVAS.make(Results(graded=CLASS))
