"""A small course with written questions, and what a class answers."""

from __future__ import annotations

from kit.tiny import RIGHT, Tiny

QUESTIONS = '''

why = probe.text("Q1")
when = probe.text("Q2")


@assignment.check(points=3, person=True)
def saves_memory(student: Measurements, _reference: Measurements) -> Verdict:
    """Why does it save memory to stop autograd?

    One point for each: no graph is kept, no inputs are kept,
    it is faster.

    - Half a point for
    a word alone.
    - None for a guess.
    """
    return compare.written(student[why])


@assignment.check(points=2, person=True)
def when_used(student: Measurements, _reference: Measurements) -> Verdict:
    """When is it used?"""
    return compare.written(student[when])
'''
MODEL = "# Q1: No graph is kept.\n\n# Q2: When a network is tested.\n\n"
"""The reference's answers, which the person who marks reads."""


def ask(course: Tiny) -> None:
    """The assignment asks two questions, and its reference answers them."""
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text() + QUESTIONS)
    course.write("reference/tiny/tiny.py", MODEL + RIGHT)


def answer(first: str, second: str = "") -> str:
    """What is handed in: a right program with these answers; without an empty one."""
    lines = [f"# Q{n}: {text}\n" for n, text in enumerate((first, second), 1) if text]
    return "\n".join(lines) + "\n" + RIGHT
