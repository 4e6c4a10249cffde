"""Untidy hand-ins, and what is right for each: `submissions/cases/GROUP/NAME/`.

A case is a folder with a class as it was handed in (`class/STUDENT/…`) and an `expected.toml`:

    why = "What is untidy about it, in a sentence."
    assignment = "lenet5_mnist"             # this one where left out
    course = "attention"                    # of tests/courses; where left out, the bundled one
    limits = { cell_seconds = 3.0 }         # other limits than the assignment's
    whole = false                           # true: the weights that are not there are meant to be absent

    [students.Ada]
    score = 100.0                           # points that she gets, of all
    at_least = 97.0                         # or: no fewer than these
    checks = { test_accuracy = 30.0 }       # points of single checks
    says = ["…"]                            # stand in what she reads
    never = ["not here"]                    # do not
    status = "ok"                           # of the execution
    needs_review = false                    # whether a person is asked

Where an entry has no weights beside it and the assignment asks for some, they are the reference's.
`make.py` beside it has a function `make(folder)`, which makes in the class's folder what git cannot
hold. `proof = true` marks a case that takes long.
"""

from __future__ import annotations

import runpy
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from kit.places import ROOT, SUBMISSIONS

CASES = SUBMISSIONS / "cases"
COURSES = ROOT / "tests/courses"
KNOWN = {"why", "assignment", "course", "limits", "whole", "proof", "students"}
KNOWN_OF_A_STUDENT = {
    "score",
    "at_least",
    "checks",
    "says",
    "never",
    "status",
    "needs_review",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One class of untidy hand-ins."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.relative_to(CASES).as_posix()

    @property
    def students(self) -> Mapping[str, Mapping[str, Any]]:
        students: Mapping[str, Mapping[str, Any]] = self.facts["students"]
        return students

    @property
    def place(self) -> tuple[str, str]:
        """The course and the assignment that it is handed in for."""
        return self.facts.get("course", ""), self.facts.get("assignment", "lenet5_mnist")

    def hand_in(self, folder: Path, loaded: LoadedAssignment) -> Path:
        """The class as a folder of hand-ins."""
        made = folder / "class"
        source = self.folder / "class"
        if source.is_dir():
            shutil.copytree(source, made)
        made.mkdir(exist_ok=True)
        maker = self.folder / "make.py"
        if maker.is_file():
            runpy.run_path(str(maker))["make"](made)
        if not self.facts.get("whole", False):
            _add_weights(made, loaded)
        return made


def _add_weights(hand_ins: Path, loaded: LoadedAssignment) -> None:
    """Each student's folder has the files of the reference's that it lacks, beside its entry."""
    asked = loaded.assignment
    for student in (p for p in hand_ins.iterdir() if p.is_dir()):
        entries = sorted(p for p in student.rglob(f"{asked.entry}.*") if p.suffix != ".pt")
        place = entries[0].parent if entries else student
        for name in asked.extra_files:
            if not list(student.rglob(f"*{Path(name).suffix}")) and name in loaded.reference.files:
                (place / name).write_bytes(loaded.reference.files[name])


def load_course(name: str) -> Course:
    """A course of tests/courses, or the bundled one."""
    return Course(COURSES / name if name else ROOT)


def find_cases() -> Iterator[Case]:
    """All of them, by name."""
    for path in sorted(CASES.rglob("expected.toml")):
        yield Case(folder=path.parent, facts=tomllib.loads(path.read_text(encoding="utf-8")))
