"""What was decided about every submission of the course, in a form that can be kept and compared.

Lines are left out: where a mistake stands in its file is no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.records.submission import Submission
from grader.submissions import collect

_LINE = re.compile(r"\bline \d+")
SHOWN = ("outcome", "points", "earned", "feedback", "hint", "place")
"""What is kept of each check."""


def condense(record: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts in a student's JSON record: numbers and sentences, no durations, no evidence."""
    execution = record["execution"]
    return {
        "score": record["score"],
        "status": record["status"],
        "reason": mask(execution["reason"]),
        "notes": [mask(n) for n in (*record["notes"], *execution["notes"])],
        "checks": {c["name"]: {k: mask(c[k]) for k in SHOWN} for c in record["checks"]},
    }


def mask(value: Any) -> Any:
    """A text without the numbers of lines; anything else as it is."""
    return _LINE.sub("line #", value) if isinstance(value, str) else value


def hand_in_all(course: Course, loaded: LoadedAssignment, folder: Path) -> list[Submission]:
    """References, handouts, mistakes and the sample class, handed in as folders of one class."""
    mistakes = [m.submission for m in course.mistakes(loaded)]
    for one in (*course.references(loaded), *course.handouts(loaded), *mistakes):
        for name, content in one.files.items():
            path = folder / one.student.replace("/", "--") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if (loaded.folder / "sample").is_dir():
        course.write_sample(loaded, folder)
    return collect.read_class(folder, loaded.asked)
