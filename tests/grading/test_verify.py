"""Verifying an assignment: every way in which its own submissions can contradict its checks is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import data
from grader.assignment.course import Course
from grader.grading.images import images_of
from grader.grading.verify import Finding, Specimens, verify
from grader.records.errors import CourseError
from grader.sandbox import ForkServer
from kit.cases import COURSES
from kit.graded import Borrower
from kit.places import NOWHERE, ROOT
from kit.tiny import RIGHT, TANH, WRONG, Tiny

NOTHING = "# TODO: write the class Tiny and the function double.\n"
EVERY = "shapes, count, values, doubles"


def losing(names: str, text: str) -> str:
    """A mistake that says it loses these checks."""
    return f'"""A mistake.\n\nLoses: {names}\n"""\n{text}'


@pytest.fixture
def course(course: Tiny) -> Tiny:
    """With a handout and two mistakes, all of them as they should be."""
    course.write("assignments/tiny/handout/tiny.py", NOTHING)
    course.write("assignments/tiny/mistakes/nothing/tiny.py", losing(EVERY, NOTHING))
    course.write("assignments/tiny/mistakes/tanh/tiny.py", losing("values", TANH))
    return course


Verifying = Callable[[], dict[str, Finding]]


@pytest.fixture
def findings(course: Tiny, server: ForkServer, tmp_path: Path) -> Verifying:
    """Findings about the course as it is now, by name."""

    def run() -> dict[str, Finding]:
        with Borrower(server, course.load()) as executor:
            return {
                f.name: f
                for f in verify(
                    executor, Specimens.of(Course(course.root), executor.loaded), tmp_path
                )
            }

    return run


def test_all_as_it_should_be(findings: Verifying) -> None:
    """Reference, handout and each mistake have a finding without fault; no check is untested."""
    found = findings()
    assert list(found) == ["reference", "handout", "mistakes/nothing", "mistakes/tanh"]
    assert [f.fault for f in found.values()] == [""] * 4
    assert found["reference"].graded.score == 12
    assert found["handout"].graded.score == 0


def test_a_mistake_that_loses_nothing(course: Tiny, findings: Verifying) -> None:
    """What a mistake should lose and does not is named."""
    course.write("assignments/tiny/mistakes/tanh/tiny.py", losing("values, doubles", RIGHT))
    assert findings()["mistakes/tanh"].fault == "should lose doubles, values but does not"


def test_a_mistake_that_loses_more(course: Tiny, findings: Verifying) -> None:
    """What a mistake loses without saying so is named, with the feedback."""
    both = TANH.replace("2 * n", "n")
    course.write("assignments/tiny/mistakes/tanh/tiny.py", losing("values", both))
    assert findings()["mistakes/tanh"].fault == "loses doubles as well (Not doubled.)"


def test_a_mistake_whose_fault_is_not_named_first(course: Tiny, findings: Verifying) -> None:
    """Where a report names another fault than the code of the mistake, both are said."""
    text = losing("values", TANH)
    course.write(
        "assignments/tiny/mistakes/tanh/tiny.py", text.replace("Loses", "Code: layers-width\nLoses")
    )
    fault = findings()["mistakes/tanh"].fault
    assert fault.startswith("has the code `layers-width`, but a report names `")
    assert fault.endswith("first")


def test_a_handout_that_is_worth_too_much(course: Tiny, findings: Verifying) -> None:
    """An untouched handout may earn at most a twentieth."""
    course.write("assignments/tiny/handout/tiny.py", WRONG)
    fault = findings()["handout"].fault
    assert "an untouched handout earns 10 of 12" in fault
    assert "5%" in fault


def test_a_check_that_no_mistake_loses(course: Tiny, findings: Verifying) -> None:
    """A check that was never seen to fail is a finding of its own."""
    course.write("assignments/tiny/mistakes/nothing/tiny.py", losing("doubles", WRONG))
    found = findings()
    assert {n for n, f in found.items() if f.fault} == {"check shapes", "check count"}
    assert "no mistake loses this check" in found["check shapes"].fault


def test_a_reference_that_loses(course: Tiny, findings: Verifying) -> None:
    """A check that the reference itself does not pass is named with its feedback."""
    course.rule("FULL = 1.0", "FULL = 0.5")
    fault = findings()["reference"].fault
    assert fault.startswith("the reference itself loses doubles")


@pytest.mark.proof
def test_a_check_that_breaks(course: Tiny, findings: Verifying) -> None:
    """A check that raises is a fault wherever it does."""
    course.rule("FULL if right else 0.0", "FULL / right")
    found = findings()
    assert found["reference"].fault == ""
    course.rule("FULL / right", "FULL / 0")
    found = findings()
    assert "ZeroDivisionError" in found["reference"].fault
    assert "a check broke on it" in found["mistakes/tanh"].fault


WITH_NUMPY = "Verdict(fraction=np.float32(FULL if right else 0.0), evidence={'n': np.int64(1)}, "


def test_numbers_of_numpy_pass(course: Tiny, findings: Verifying) -> None:
    """They are converted where they are returned, here as where a class is graded."""
    course.rule("Verdict(fraction=FULL if right else 0.0, ", WITH_NUMPY)
    course.rule("from grader import", "import numpy as np\nfrom grader import")
    assert [f.fault for f in findings().values()] == [""] * 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FULL if right else 0.0", "__import__('sys').exit(4)", "SystemExit: 4"),
        ("FULL if right else 0.0", "'1'", "fraction lies between 0 and 1, not '1'"),
        (
            'Verdict(fraction=FULL if right else 0.0, feedback="" if right else "Not doubled.")',
            "Verdict(fraction=1, evidence={'a': student[doubled].item})",
            "evidence['a'][0] is a Returned; give numbers",
        ),
    ],
)
def test_a_check_that_grade_could_not_use(
    course: Tiny, findings: Verifying, old: str, new: str, said: str
) -> None:
    """What would stop a class is a fault of the reference's, with file and line."""
    course.rule(old, new)
    fault = findings()["reference"].fault
    assert fault.startswith("the reference itself loses doubles (2 of 2 points): ")
    assert said in fault
    assert "tiny/assignment.py, line " in fault


def test_a_check_that_breaks_on_the_handout(course: Tiny, findings: Verifying) -> None:
    """It would break on who hands that in."""
    course.write("assignments/tiny/handout/tiny.py", "def double(numbers):\n    return None\n")
    course.rule("right = compare", "student[doubled].item[0]\n    right = compare")
    fault = findings()["handout"].fault
    assert fault.startswith("a check broke on it: This check itself failed: TypeError")


def test_a_reference_that_does_not_load(course: Tiny, findings: Verifying) -> None:
    """Where the reference dies that is the finding, not a traceback."""
    course.write("reference/tiny/tiny.py", "1 / 0\n")
    assert "ZeroDivisionError" in findings()["reference"].fault


def test_no_handout(course: Tiny, findings: Verifying) -> None:
    """An assignment without a handout is refused by name."""
    (course.root / "assignments/tiny/handout/tiny.py").unlink()
    with pytest.raises(CourseError, match=r"handout of tiny has no tiny\.py"):
        findings()


# ---------------------------------------------------------------------- what is in this repository


def faults(
    server: ForkServer, slug: str, source: data.Source, out: Path, root: Path = ROOT
) -> dict[str, str]:
    """Everything that is wrong with an assignment of this repository."""
    here = Course(root)
    with Borrower(server, here.load(slug)) as executor:
        executor.source = source
        return {
            f.name: f.fault
            for f in verify(executor, Specimens.of(here, executor.loaded), out)
            if f.fault
        }


SLUGS = Course(ROOT).slugs()
QUICK = ("conv_arithmetic",)
"""The others take long, and are proofs."""
PARTED = [s if s in QUICK else pytest.param(s, marks=pytest.mark.proof) for s in SLUGS]


@pytest.mark.parametrize("slug", PARTED)
def test_ours(server: ForkServer, slug: str, tmp_path: Path) -> None:
    """Every assignment here verifies: reference, handout and each mistake, with the real data sets
    where they lie ready (CI does so), else with the stand-in, whose verdicts are recorded too.
    """
    ready = os.environ.get("GRADER_DATA") and images_of(Course(ROOT).load(slug))
    source = data.Source() if ready else data.Source(NOWHERE, stand_in=True)
    assert faults(server, slug, source, tmp_path) == {}


@pytest.mark.proof
@pytest.mark.parametrize("slug", ["attention", "block"])
def test_what_is_no_classifier_of_pictures(server: ForkServer, slug: str, tmp_path: Path) -> None:
    """The reference, each of its accepted forms, the handout and each mistake of other networks."""
    source = data.Source(NOWHERE, stand_in=True)
    assert faults(server, slug, source, tmp_path, COURSES / "attention") == {}
