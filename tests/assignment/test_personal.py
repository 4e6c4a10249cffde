"""Numbers of one's own: drawn, handed out, laid beside what runs, and compared with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from grader.assignment import handout
from grader.assignment.assignment import Assignment
from grader.assignment.course import Course
from grader.assignment.variants import Personal
from grader.grading.grade import grade
from grader.records.errors import CourseError, UsageError
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.command_line import CommandLine
from kit.graded import Borrower, opened
from kit.tiny import Tiny

ASSIGNMENT = '''\
"""Twice one's own number."""

from grader import Assignment, Limits, compare, probe

assignment = Assignment("Twice", entry="tiny", limits=Limits(cpu_seconds=2, memory_mib=2048))
answers = probe.values("twice")


@assignment.personal(seed=1)
def numbers(rng):
    """A number."""
    return {"number": rng.randint(1000), "row": rng.permutation(3)}


@assignment.check(points=4)
def doubled(student, reference):
    """`twice` is twice your number."""
    return compare.parts(student.each(answers), {n: reference[p] for n, p in answers.items()})
'''
REFERENCE = """\
import json

twice = 2 * json.load(open("numbers.json"))["number"]
"""
HANDOUT = '"""{{ student }} has the number {{ number }}."""\n\ntwice = None\n'


@pytest.fixture
def course(course: Tiny) -> Tiny:
    """The small course with numbers for each student."""
    course.write("assignments/tiny/assignment.py", ASSIGNMENT)
    course.write("reference/tiny/tiny.py", REFERENCE)
    course.write("assignments/tiny/handout/tiny.py", HANDOUT)
    course.write("assignments/tiny/README.md", "# Twice\n")
    return course


def test_the_same_for_a_name_and_no_other() -> None:
    """Numbers depend on seed and name alone, not on capitals, spaces or the form of an accent."""
    draw = Personal(seed=1, draw=lambda rng: {"n": rng.randint(10**6, size=3), "m": rng.normal()})
    one = draw.numbers("Zoë  Meyer")
    assert one == draw.numbers(" zoe\u0308 meyer")
    assert one["student"] == "zoë meyer"
    assert one["n"] == [int(n) for n in one["n"]]  # type: ignore[arg-type, union-attr]
    others = [draw.numbers(f"s{i}")["n"] for i in range(200)]
    assert len({tuple(n) for n in others}) == 200  # type: ignore[arg-type]
    assert Personal(seed=2, draw=draw.draw).numbers("zoë meyer")["n"] != one["n"]


def test_frozen_numbers() -> None:
    """The numbers of a name are the same on every machine and in every year."""
    draw = Personal(seed=1, draw=lambda rng: {"n": rng.randint(10**6, size=3)})
    assert draw.numbers("ada")["n"] == FROZEN


FROZEN = [215175, 220756, 367264]


@pytest.mark.parametrize("made", [{"n": {1, 2}}, {"n": object()}])
def test_what_cannot_be_drawn(made: dict[str, object]) -> None:
    """A drawing function that returns something else is the course's fault, named."""

    def numbers(rng: np.random.RandomState) -> dict[str, object]:
        return made

    with pytest.raises(CourseError, match="`numbers` draws no numbers for 'ada'"):
        Personal(seed=1, draw=numbers).numbers("ada")


def hand_in(student: str, files: dict[str, bytes]) -> Submission:
    """These files of a student."""
    entry = "tiny.py" if "tiny.py" in files else None
    return Submission(student=student, files=files, entry=entry)


def test_an_assignment_without_numbers() -> None:
    """Nothing is drawn, nothing is laid beside."""
    plain = Assignment("Plain", entry="tiny")
    one = hand_in("ada", {"tiny.py": b""})
    assert plain.numbers("ada") is None
    assert plain.add_numbers(one) == one


def test_each_is_compared_with_their_own(course: Tiny, server: ForkServer, tmp_path: Path) -> None:
    """The same answer is right for one and wrong for the other; what was handed in has no say."""
    loaded = course.load()
    mine, other = (loaded.assignment.numbers(n)["number"] for n in ("ada", "bob"))  # type: ignore[index]
    forged = json.dumps({"student": "bob", "number": mine}).encode()
    made = [
        hand_in("ada", {"tiny.py": f"twice = {2 * mine}\n".encode()}),
        hand_in("bob", {"tiny.py": f"twice = {2 * mine}\n".encode()}),
        hand_in("Bob", {"tiny.py": REFERENCE.encode(), "numbers.json": forged}),
    ]
    with Borrower(server, loaded) as executor:
        outcome = grade(executor, made, tmp_path / "out")
        again = grade(executor, made, tmp_path / "out")
    assert mine != other
    assert [g.score for g in outcome.graded] == [4, 0, 4]
    assert outcome.graded[2].provenance["numbers"]["number"] == other  # type: ignore[index, call-overload]
    assert (again.executed, again.reused) == (0, 3)
    assert [g.score for g in again.graded] == [4, 0, 4]


def test_other_numbers_run_again(course: Tiny, server: ForkServer, tmp_path: Path) -> None:
    """An execution under other numbers is another one."""
    one = hand_in("ada", {"tiny.py": REFERENCE.encode()})
    with opened(server, course.load(), tmp_path) as group:
        executor = group.executor
        given = executor.loaded.assignment.add_numbers
        keys = {executor.key(s, 3) for s in (one, given(one))}
        assert len(keys) == 2
        first, second = (group.reference(given(hand_in(n, {}))) for n in ("ada", "bob"))
        probe = executor.loaded.probes["answers.twice"]
        assert first[probe].plain != second[probe].plain


def test_handouts_are_filled_in(course: Tiny) -> None:
    """A module and the cells of a notebook hold the student's numbers; what is no text stays."""
    cells = [{"cell_type": "markdown", "source": ["Number {{ number }}\n", "of {{ student }}"]}]
    course.write("assignments/tiny/handout/tiny.ipynb", json.dumps({"cells": cells}))
    found = Course(course.root).handout(course.load(), "Ada")
    number = course.load().assignment.numbers("Ada")["number"]  # type: ignore[index]
    assert found["tiny.py"].decode().startswith(f'"""ada has the number {number}."""')
    told = json.loads(found["tiny.ipynb"])["cells"][0]["source"]
    assert told == [f"Number {number}\n", "of ada"]
    assert found["README.md"] == b"# Twice\n"
    assert handout.fill({"net.pt": b"{{ number }}"}, {"number": 1}) == {"net.pt": b"{{ number }}"}


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% if %}"])
def test_a_handout_that_cannot_be_filled_in(course: Tiny, text: str) -> None:
    """A name that is not drawn, or a template that is none, is named with its file."""
    course.write("assignments/tiny/handout/tiny.py", text)
    with pytest.raises(CourseError, match=r"handout's tiny\.py cannot be filled in"):
        Course(course.root).handouts(course.load())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where a file holds something else, nothing at all is written."""
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "tiny.py").write_text("my work\n")
    plan = handout.plan_folders(tmp_path, {"ada": {"tiny.py": b"1"}, "bob": {"tiny.py": b"2"}})
    with pytest.raises(UsageError, match=r"tiny\.py would be overwritten; nothing was written"):
        handout.write(plan)
    assert not (tmp_path / "ada").exists()
    (tmp_path / "bob" / "tiny.py").unlink()
    assert handout.write(plan) == 2
    assert handout.write(plan) == 0


def test_the_verb(course: Tiny, call: CommandLine, tmp_path: Path) -> None:
    """`grader handout` writes a folder for each student of a roster."""
    roster = tmp_path / "class.txt"
    roster.write_text("\ufeffAda Lovelace\n\n  bob \n", encoding="utf-8")
    done = call(
        "handout",
        "--course",
        course.root,
        "tiny",
        "eve",
        "--roster",
        roster,
        "-o",
        tmp_path / "out",
    )
    assert done.code == 0, done.err
    assert "6 files written" in done.out
    folders = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert [f.split("-")[0] for f in folders] == ["Ada", "bob", "eve"]
    again = call("handout", "--course", course.root, "tiny", "bob", "-o", tmp_path / "out")
    assert "0 files written, 2 as they were" in again.out


def test_what_the_verb_refuses(course: Tiny, call: CommandLine, tmp_path: Path) -> None:
    """No student where numbers are drawn; a student where none are; a roster that is not there."""
    done = call("handout", "--course", course.root, "tiny", "-o", tmp_path / "out")
    assert (done.code, "drawn for each student. Name students" in done.err) == (2, True)
    done = call(
        "handout",
        "--course",
        course.root,
        "tiny",
        "--roster",
        tmp_path / "none.txt",
        "-o",
        tmp_path / "out",
    )
    assert (done.code, "none.txt cannot be read" in done.err) == (2, True)
    text = ASSIGNMENT.replace("@assignment.personal(seed=1)\n", "")
    course.write("assignments/tiny/assignment.py", text)
    done = call("handout", "--course", course.root, "tiny", "ada", "-o", tmp_path / "out")
    assert (done.code, "same for everybody; name no students" in done.err) == (2, True)
    course.write("assignments/tiny/handout/tiny.py", "twice = None\n")
    assert call("handout", "--course", course.root, "tiny", "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "tiny.py").read_text() == "twice = None\n"


@pytest.mark.proof
def test_a_student_checks(course: Tiny, call: CommandLine, tmp_path: Path) -> None:
    """`check` wants the name, and compares with that student's numbers."""
    number = course.load().assignment.numbers("ada")["number"]  # type: ignore[index]
    (tmp_path / "tiny.py").write_text(f"twice = {2 * number}\n")  # type: ignore[operator]
    words = ("check", "--course", course.root, tmp_path / "tiny.py", "-a", "tiny")
    assert "Pass --student with the name" in call(*words).sentence
    assert call(*words, "--student", "Ada").code == 0
