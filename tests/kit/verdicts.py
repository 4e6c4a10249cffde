"""What was decided about every submission of the course, in a form that can be kept and compared.

Lines are left out: where a mistake stands in its file is no verdict.
"""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.records.causes import list_causes
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.submissions import collect
from kit.places import GOLDEN

RECORD = GOLDEN / "verdicts"
SEED = 7
UNSTEADY = {
    "Oleksandr_Kovalenko/notes",
    "Olumide_Adeyemi/reason",
    "Olumide_Adeyemi/status",
    "Liam_OConnor/checks/test_accuracy/feedback",
}
"""How far a cell that prints without end comes within its limit, which line of an endless loop is
run then, and by which clock, is the machine's business. Of dropout that stays on it is chance how much it reads.
"""
_LINE = re.compile(r"\bline \d+")
SHOWN = ("outcome", "points", "earned", "feedback", "hint")
"""What is kept of each check."""


def condense(record: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts in a student's JSON record: numbers and sentences, no durations, no evidence, and
    nothing that persons mark.
    """
    execution = record["execution"]
    return {
        "score": record["score"],
        "status": record["status"],
        "reason": mask(execution["reason"]),
        "notes": [mask(n) for n in (*record["notes"], *execution["notes"])],
        "checks": {
            c["name"]: {k: mask(c[k]) for k in SHOWN} for c in record["checks"] if not c["person"]
        },
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


def find_unnamed(
    course: Course, loaded: LoadedAssignment, graded: Collection[Graded]
) -> dict[str, tuple[str, str]]:
    """The code of a mistake's fault, and of the cause that is named first instead, by student; of
    a right solution that has a cause nothing, and that.
    """
    faults = {m.name: m.code for m in course.mistakes(loaded)}
    right = [s.student.replace("/", "--") for s in course.references(loaded)]
    asked = faults | dict.fromkeys(right, "")
    found = {g.student: next((c.code for c in list_causes(g)), "") for g in graded}
    return {n: (code, found[n]) for n, code in asked.items() if code != found[n]}


def differences(was: Any, now: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Old and new value of everything that is not the same, by its place."""
    if isinstance(was, dict) and isinstance(now, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in sorted(was.keys() | now.keys()):
            found |= differences(was.get(key), now.get(key), f"{path}/{key}" if path else key)
        return found
    return {} if was == now else {path: (was, now)}


def meant(slug: str) -> dict[str, tuple[Any, Any]]:
    """The changes of one assignment that are on purpose."""
    rows = tomllib.loads((RECORD / "meant.toml").read_text(encoding="utf-8"))
    assert all(row["why"] for row in rows["change"])
    return {r["at"]: (r["was"], r["is"]) for r in rows["change"] if r["assignment"] == slug}


def recorded(slug: str) -> dict[str, Any]:
    """What was decided about each submission of an assignment, by student."""
    verdicts: dict[str, Any] = json.loads(
        gzip.decompress((RECORD / f"{slug}.json.gz").read_bytes())
    )
    for one in verdicts.values():
        one["checks"] = {n: {k: c[k] for k in SHOWN} for n, c in one["checks"].items()}
    return verdicts
