"""A small course that takes no time, and the submissions that are made for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.records.asked_files import AskedFiles
from grader.records.submission import Submission
from grader.submissions import collect

ASSIGNMENT = '''\
"""Two layers and a function: an assignment that takes no time."""

from grader import Assignment, Limits, Measurements, Verdict, compare, data, probe

assignment = Assignment(
    "Two layers", entry="tiny", limits=Limits(cpu_seconds=2, memory_mib=2048, processes=16)
)
x = data.normal(3, 4)
net = probe.module("Tiny", output="logits")
layers = net.layers(x)
parameters = net.parameters(x)
outputs = net.outputs(x)
doubled = probe.call("double", [1.0, 2.5])
FULL = 1.0


@assignment.check(points=4)
def shapes(student: Measurements, reference: Measurements) -> Verdict:
    """The layers of `Tiny` have the right shapes."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=2)
def count(student: Measurements, reference: Measurements) -> Verdict:
    """`Tiny` has 37 parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=4, depends_on=[shapes])
def values(student: Measurements, reference: Measurements) -> Verdict:
    """Equal weights give equal answers."""
    return compare.close(student[outputs], reference[outputs])


@assignment.check(points=2)
def doubles(student: Measurements, reference: Measurements) -> Verdict:
    """`double` doubles a list of numbers."""
    right = compare.close(student[doubled], reference[doubled]).fraction == 1
    return Verdict(fraction=FULL if right else 0.0, feedback="" if right else "Not doubled.")
'''
RIGHT = '''\
"""A network of two layers, and a function."""

import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.second = nn.Linear(5, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def double(numbers):
    return [2 * n for n in numbers]
'''
POINTS = 12.0
"""What RIGHT earns."""
WRONG = RIGHT.replace("2 * n", "n")
"""Loses `doubles`, and nothing else."""
TANH = RIGHT.replace("torch.relu", "torch.tanh")
"""Loses `values`, and nothing else."""


@dataclass(frozen=True)
class Tiny:
    """A throw-away course with one assignment, `tiny`, and a class that hands in."""

    root: Path

    @property
    def class_(self) -> Path:
        """Folder of all students' folders."""
        return self.root / "class"

    @property
    def out(self) -> Path:
        """Output folder."""
        return self.root / "out"

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the course."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def rule(self, old: str, new: str) -> None:
        """`assignment.py` says `new` where it said `old`."""
        path = self.root / "assignments/tiny/assignment.py"
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in assignment.py"
        path.write_text(text.replace(old, new))

    def submit(self, student: str, text: str = RIGHT, **more: str) -> Path:
        """What a student hands in: tiny.py, and further files by stem."""
        for name, content in more.items():
            self.write(f"class/{student}/{name}.py", content)
        return self.write(f"class/{student}/tiny.py", text)

    def load(self) -> LoadedAssignment:
        """The assignment as it is written now."""
        return Course(self.root).load("tiny")

    def submissions(self) -> list[Submission]:
        """The class as it lies there now."""
        return collect.read_class(self.class_, AskedFiles(entry="tiny"))


def found(root: Path) -> Tiny:
    """A new course in an empty folder."""
    tiny = Tiny(root)
    tiny.write("assignments/tiny/assignment.py", ASSIGNMENT)
    tiny.write("reference/tiny/tiny.py", RIGHT)
    return tiny
