"""A class is judged in a child: what one student's answer does to a check costs nobody else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.grading.grade import RunSummary, grade
from grader.records.result import Graded
from grader.sandbox import ForkServer
from grader.sandbox.limited_child import LimitedChild
from kit.graded import Borrower, by_name, check, outcomes
from kit.tiny import POINTS, RIGHT, Tiny, found

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is forked"),
]

RULE = """
    given = student[doubled].plain
    if given == "loops":
        while True:
            pass
    if given == "grows":
        given = bytearray(1 << 32)
    if given == "dies":
        import os
        os.kill(os.getpid(), 9)
    if given == "deaf":
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue
    if given == "leaves":
        import sys
        sys.exit()
    if given == "prints":
        print("a check prints")
"""
STUDENTS = ("loops", "grows", "dies", "deaf", "leaves", "prints")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    made = found(tmp_path_factory.mktemp("judging"))
    made.rule(
        '"""`double` doubles a list of numbers."""\n',
        f'"""`double` doubles a list of numbers."""\n{RULE}',
    )
    for name in STUDENTS:
        made.submit(name, RIGHT.replace("return [2 * n for n in numbers]", f"return {name!r}"))
    made.submit("Ada")
    made.submit("Zoë", f"# Zoë\n{RIGHT}")
    return made


@pytest.fixture(scope="module")
def patience() -> Iterator[None]:
    """A check may take half a second of computing time, however long that is on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LimitedChild.__init__.__kwdefaults__, "cpu_seconds", 0.5)
        patch.setitem(LimitedChild.__init__.__kwdefaults__, "patience", 200.0)
        yield


@pytest.fixture(scope="module")
def run(course: Tiny, server: ForkServer, patience: None) -> RunSummary:
    with Borrower(server, course.load()) as executor:
        return grade(executor, course.submissions(), course.out)


@pytest.fixture(scope="module")
def graded(run: RunSummary) -> dict[str, Graded]:
    return by_name(run.graded)


def test_the_others_lose_nothing(graded: dict[str, Graded]) -> None:
    """Before and after whatever happens to a check, and everybody is there."""
    assert graded.keys() == {*STUDENTS, "Ada", "Zoë"}
    for name in ("Ada", "Zoë"):
        assert graded[name].score == POINTS
        assert not graded[name].needs_review
    assert graded["prints"].score == POINTS - 2


@pytest.mark.parametrize(("name", "why"), [("loops", "TimeoutError"), ("grows", "MemoryError")])
def test_a_check_without_end_is_broken_alone(
    graded: dict[str, Graded], name: str, why: str
) -> None:
    """The other checks of the same student count, and a person is asked about this one."""
    one = graded[name]
    assert outcomes(one) == {
        "shapes": "passed",
        "count": "passed",
        "values": "passed",
        "doubles": "broken",
    }
    assert why in check(one, "doubles").feedback
    assert one.needs_review


@pytest.mark.parametrize(
    ("name", "why"), [("dies", "was ended by signal 9"), ("deaf", "took more computing time")]
)
def test_what_kills_the_child_is_that_submissions_alone(
    graded: dict[str, Graded], name: str, why: str
) -> None:
    """Nothing of it is decided, nothing is lost, and a person is told why."""
    one = graded[name]
    assert set(outcomes(one).values()) == {"broken"}
    assert all(why in c.feedback for c in one.checks)
    assert one.needs_review
    assert one.execution.status == "ok"


def test_an_exit_ends_no_run(graded: dict[str, Graded]) -> None:
    """It is a check's fault, for a person to see."""
    assert outcomes(graded["leaves"])["doubles"] == "broken"
    assert graded["leaves"].needs_review


def test_judged_again_it_is_the_same(
    course: Tiny, server: ForkServer, run: RunSummary, patience: None
) -> None:
    """Nothing is run a second time, and everything is decided as before."""
    with Borrower(server, course.load()) as executor:
        again = grade(executor, course.submissions(), course.out)
    assert (again.executed, again.regraded) == (0, 0)
    assert [(g.student, outcomes(g)) for g in again.graded] == [
        (g.student, outcomes(g)) for g in run.graded
    ]


def test_the_page_says_so(course: Tiny, run: RunSummary) -> None:
    """In words for the student, and for whoever looks at it."""
    page = next(p for p in course.out.glob("dies*.html")).read_text(encoding="utf-8")
    assert "A person needs to look at this before the score counts" in page
    assert "Not judged" in page


def test_other_personal_numbers_have_another_reference(server: ForkServer, tmp_path: Path) -> None:
    """The child keeps the reference that it was given last, and is given another where it has to be."""
    made = found(tmp_path)
    made.write(
        "assignments/tiny/assignment.py",
        (made.root / "assignments/tiny/assignment.py").read_text()
        + "\n@assignment.personal(seed=1)\ndef numbers(rng):\n    return {'n': int(rng.randint(1, 10**9))}\n"
        "\nown = probe.value('own')\n"
        "@assignment.check(points=1)\ndef owns(student: Measurements, reference: Measurements) -> Verdict:\n"
        '    """`own` is your number."""\n    return compare.equal(student[own], reference[own])\n',
    )
    text = RIGHT + "\nimport json\nown = json.load(open('numbers.json'))['n']\n"
    made.write("reference/tiny/tiny.py", text)
    for name in ("a", "b", "c"):
        made.submit(name, f"# {name}\n{text}")
    made.submit("d", f"{RIGHT}\nown = 1\n")
    with Borrower(server, made.load()) as executor:
        done = by_name(grade(executor, made.submissions(), made.out).graded)
    assert [done[n].score for n in "abcd"] == [POINTS + 1] * 3 + [POINTS]
