"""Measuring code of a course's own: run in the box, and never at a student's cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.command_line import CommandLine
from kit.graded import Grading, by_name, check, said
from kit.tiny import POINTS, RIGHT, Tiny

PROBES = '''\
"""How `double` does on what the class does not foresee."""

import torch


def doubled(student, numbers, times):
    found = numbers
    for _ in range(times):
        found = student.array(student["double"](list(found)), "what `double` returned", (3,))
    return {"found": found, "shape": list(found.shape)}


def endless(student, seconds):
    return student.within(seconds, lambda: student["double"]([1.0]))


def faulty(student):
    return 1 / len(student["double"]([1.0]))


def equal(student, x):
    net, inputs = student.network("Tiny", x)
    with torch.no_grad():
        return {"answers": net(inputs), "training": net.training, "dtype": str(inputs.dtype)}


def fitting(student):
    return student.function("double", [1.0], times=2)([1.0], times=2)
'''


def asked(course: Tiny, probe: str, points: str = "4") -> Tiny:
    """The course with one more probe and a check that compares it."""
    course.write("assignments/tiny/probes.py", PROBES)
    course.rule("FULL = 1.0\n", f"FULL = 1.0\nown = {probe}\n")
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(
        path.read_text()
        + f'''

@assignment.check(points={points})
def scripted(student: Measurements, reference: Measurements) -> Verdict:
    """The course's own measuring code agrees."""
    return compare.close(student[own], reference[own])
'''
    )
    return course


DOUBLED = 'probe.script("doubled", data.normal(3), 2)'


def test_a_function_of_the_course_measures(course: Tiny, regrade: Grading) -> None:
    """It takes the student's names and the class's inputs, and returns what is compared."""
    asked(course, DOUBLED)
    course.submit("Ada")
    course.submit("Bob", RIGHT.replace("2 * n", "2.0001 * n"))
    course.submit("Cy", RIGHT.replace("def double(", "def doubled("))
    course.submit("Dee", RIGHT.replace("return [2 * n for n in numbers]", "return 'two'"))
    course.submit("Eve", RIGHT.replace("2 * n for", "2 * n[0] for"))
    graded = by_name(regrade(course)[0].graded)
    assert graded["Ada"].score == POINTS + 4
    assert check(graded["Bob"], "scripted").outcome == "failed"
    assert "does not define `double`, but `doubled`" in said(graded["Cy"])
    assert "what `double` returned is a str; return an array of numbers" in said(graded["Dee"])
    assert "tiny.py, line 18" in check(graded["Eve"], "scripted").feedback
    assert not any(g.needs_review for g in graded.values())


def test_an_error_of_the_course_costs_nobody_points(course: Tiny, regrade: Grading) -> None:
    """No line of the student's takes part in it: a person is asked, with file and line."""
    asked(course, 'probe.script("faulty")')
    course.submit("Ada")
    course.submit("Bob", RIGHT.replace("for n in numbers", "for n in []"))
    graded = by_name(regrade(course)[0].graded)
    assert graded["Ada"].score == POINTS + 4
    assert check(graded["Bob"], "scripted").outcome == "broken"
    assert "probes.py, line 18" in check(graded["Bob"], "scripted").feedback
    assert graded["Bob"].needs_review


def test_a_call_can_be_stopped(course: Tiny, regrade: Grading) -> None:
    """A function of the student's that never ends costs its seconds, and the question is answered."""
    asked(course, 'probe.script("endless", 0.2)')
    course.submit("Ada")
    course.submit(
        "Bob", RIGHT.replace("    return [2", "    while numbers == [1.0]: pass\n    return [2")
    )
    graded = by_name(regrade(course)[0].graded)
    assert graded["Ada"].score == POINTS + 4
    assert check(graded["Bob"], "scripted").outcome == "failed"
    assert check(graded["Bob"], "doubles").outcome == "passed"
    assert graded["Bob"].execution.status == "ok"


@pytest.mark.proof
def test_changed_measuring_code_runs_everybody(course: Tiny, regrade: Grading) -> None:
    """It is part of what identifies an execution."""
    asked(course, DOUBLED)
    course.submit("Ada")
    assert regrade(course)[0].executed == 1
    assert regrade(course)[0].executed == 0
    course.write("assignments/tiny/probes.py", PROBES.replace("does on", "does with"))
    assert regrade(course)[0].executed == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "tiny has no probes.py, and a probe calls `doubled` of it"),
        ("def other(student): pass\n", "tiny/probes.py does not define `doubled`"),
        ("def doubled(student:\n", "tiny/probes.py, line 1: "),
    ],
    ids=["absent", "other name", "syntax"],
)
def test_authors_are_told(course: Tiny, call: CommandLine, text: str | None, sentence: str) -> None:
    """Before anything is run."""
    asked(course, DOUBLED)
    path: Path = course.root / "assignments/tiny/probes.py"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    assert sentence in call("show", "tiny", "--course", course.root).sentence


def test_a_network_under_equal_weights(course: Tiny, regrade: Grading) -> None:
    """Names and order of declaration do not matter to it; what differs shows, or is said."""
    asked(course, 'probe.script("equal", data.normal(3, 4))')
    course.submit("Ada")
    renamed = RIGHT.replace("self.first", "self.later").replace("self.second", "self.earlier")
    course.submit("Bob", renamed)
    course.submit("Cy", RIGHT.replace("torch.relu", "torch.tanh"))
    course.submit("Dee", RIGHT.replace("nn.Linear(5, 2)", "nn.Linear(6, 2)"))
    graded = by_name(regrade(course)[0].graded)
    assert check(graded["Ada"], "scripted").outcome == "passed"
    assert check(graded["Bob"], "scripted").outcome == "passed"
    assert check(graded["Cy"], "scripted").outcome == "failed"
    assert "`Tiny` cannot be run on (3, 4): mat1 and mat2" in said(graded["Dee"])
    assert not any(one.needs_review for one in graded.values())


def test_a_function_that_cannot_be_called_so_is_the_students(
    course: Tiny, regrade: Grading
) -> None:
    """Arguments are looked at before the call."""
    asked(course, 'probe.script("fitting")')
    course.write("reference/tiny/tiny.py", RIGHT.replace("(numbers)", "(numbers, times=2)"))
    course.submit("Ada", RIGHT.replace("(numbers)", "(numbers, times=2)"))
    course.submit("Bob")
    course.submit("Cy", RIGHT + "\ndouble = 3\n")
    graded = by_name(regrade(course)[0].graded)
    assert check(graded["Ada"], "scripted").outcome == "passed"
    assert "`double` cannot be called as the brief says" in said(graded["Bob"])
    assert "`double` is a int, not a function" in said(graded["Cy"])
    assert not any(one.needs_review for one in graded.values())
