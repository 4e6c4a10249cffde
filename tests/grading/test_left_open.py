"""What fails on the machine that grades is open for a person: it costs no points, and ends no run."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_STORED

import pytest

from grader.grading.grade import RunSummary, grade
from grader.report import summary
from grader.sandbox import ForkServer
from grader.submissions.layouts.layout import load_layouts
from kit.archives import zipped
from kit.command_line import CommandLine
from kit.graded import Borrower, by_name, check, outcomes, said
from kit.tiny import POINTS, RIGHT, WRONG, Tiny, found

EVERY = {"shapes", "count", "values", "doubles"}
HELPED = RIGHT.replace("def double(numbers):", "def double_own(numbers):") + (
    "\n\nfrom helper import double\n"
)
HELPER = "def double(numbers):\n    return [2 * n for n in numbers]\n"


@pytest.fixture
def open_course() -> Iterator[Tiny]:
    """A course whose files everybody may read, if they are not closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        course = found(Path(folder) / "course")
        course.submit("Ada", f"# Ada\n{RIGHT}")
        course.submit("Bob", WRONG)
        course.submit("Cy", HELPED, helper=HELPER)
        yield course


def grade_as_somebody(course: Tiny, server: ForkServer) -> RunSummary:
    """Graded by root, after somebody who may not read everything has read the class."""
    load_layouts()  # whose files somebody else may not read either
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        handed_in = course.submissions()
    finally:
        os.seteuid(before)
    with Borrower(server, course.load()) as executor:
        return grade(executor, handed_in, course.out)


def read_table(course: Tiny) -> list[dict[str, str]]:
    """The rows of grades.csv."""
    return list(csv.DictReader(io.StringIO((course.out / "grades.csv").read_text())))


def test_a_folder_that_is_closed(open_course: Tiny, server: ForkServer) -> None:
    """Its student is in the table, open, and a person is asked; opened, it is graded."""
    (open_course.class_ / "Ada").chmod(0)
    graded = by_name(grade_as_somebody(open_course, server).graded)
    ada = graded["Ada"]
    assert ada.execution.status == "broken"
    assert outcomes(ada) == dict.fromkeys(EVERY, "broken")
    assert ada.needs_review
    text = said(ada)
    assert "`Ada` could not be read (Permission denied). That is a fault of the machine" in text
    assert "handed in" not in text
    assert "missing" not in text
    assert "the submission could not be run through no fault" in " ".join(summary.reasons(ada))
    assert graded["Bob"].score == POINTS - 2
    rows = read_table(open_course)
    assert {r["student"]: r["needs a person"] for r in rows} == {
        "Ada": "yes",
        "Bob": "no",
        "Cy": "no",
    }
    (open_course.class_ / "Ada").chmod(0o755)
    again = by_name(grade_as_somebody(open_course, server).graded)["Ada"]
    assert (again.score, again.needs_review, again.execution.status) == (POINTS, False, "ok")


@pytest.mark.proof
def test_a_helper_that_is_closed(open_course: Tiny, server: ForkServer) -> None:
    """What runs without it is judged; what was lost may be lost for that, and is open."""
    (open_course.class_ / "Cy/helper.py").chmod(0)
    cy = by_name(grade_as_somebody(open_course, server).graded)["Cy"]
    assert outcomes(cy)["doubles"] == "broken"
    feedback = check(cy, "doubles").feedback
    assert feedback.startswith("Not judged: `helper.py` could not be read (Permission denied). ")
    assert "failed" not in outcomes(cy).values()
    assert "unmeasured" not in outcomes(cy).values()
    assert cy.needs_review
    assert cy.unclear.startswith("`helper.py` could not be read")
    (open_course.class_ / "Cy/helper.py").chmod(0o644)
    again = by_name(grade_as_somebody(open_course, server).graded)["Cy"]
    assert (again.score, again.needs_review) == (POINTS, False)


@pytest.mark.proof
def test_it_ends_with_1(course: Tiny, call: CommandLine) -> None:
    """Everybody else is graded, and the command says that somebody has to look."""
    code = b"# Ada's\n" + RIGHT.encode()
    data = bytearray(zipped({"Ada/tiny.py": code, "Bob/tiny.py": WRONG.encode()}, ZIP_STORED))
    data[data.index(b"# Ada's") + 2] ^= 1
    class_ = course.write("class.zip", bytes(data))
    done = call("grade", "tiny", class_, "-o", course.out, "--course", course.root)
    assert done.code == 1
    ada, bob = (line for line in done.out.splitlines() if line.startswith(("Ada", "Bob")))
    assert ada.split()[1:4] == ["open", "/", "12"]
    assert "a person is needed" in ada
    assert bob.split()[1:4] == ["10", "/", "12"]
    page = (course.out / "Ada.html").read_text()
    assert "<strong>open</strong> / 12" in page
    assert "is damaged in the archive of the class" in page
    rows = read_table(course)
    assert (rows[0]["score"], rows[0]["status"]) == ("", "broken")


@pytest.mark.proof
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import sys; sys.exit(4)", "SystemExit: 4, in tiny/assignment.py, line "),
        ("raise KeyboardInterrupt", "KeyboardInterrupt, in tiny/assignment.py, line "),
        ("return None", "This check returned NoneType instead of a Verdict, in tiny/assignment.py"),
        ("return Verdict(fraction=2)", "fraction lies between 0 and 1, not 2, in tiny/assignment."),
        ("return Verdict(fraction=1, evidence={'a': {1}})", "evidence['a'] is a set; give"),
    ],
)
def test_a_check_that_can_judge_nobody(
    course: Tiny, call: CommandLine, body: str, said: str
) -> None:
    """`verify` fails wherever `grade` would, and both name the check, the file and the line."""
    course.submit("Ada")
    course.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    course.rule("    return compare.count(", f"    {body}\n    return compare.count(")
    words = ("--course", course.root)
    sentence = call("grade", "tiny", course.class_, "-o", course.out, *words).sentence
    assert "nobody is graded, as the reference itself loses count (2 of 2 points)" in sentence
    assert said in sentence
    done = call("verify", "tiny", *words)
    assert done.code == 1
    assert "the reference itself loses count" in done.out
    assert said in done.out
