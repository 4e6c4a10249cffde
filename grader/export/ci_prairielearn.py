"""PrairieLearn's results.json, of at most 1 MB. Its score lies between 0 and 1.

Where one test lacks points no test shows any, so all have both; a test worth 0 is shown as neutral.
What is not gradable costs the student no attempt: a submission without its file, and our own
failure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.points import to_number
from grader.records.hidden_checks import ELSEWHERE
from grader.records.result import CheckResult
from grader.report import escape

LARGEST = 1_000_000
"""Bytes."""
CAPS = (8_000, 1_000, 100, 0)
"""Characters of a test's text; the first that fits is taken."""


class PrairieLearn:
    """A test for each check."""

    def make(self, run: Run) -> ResultFile:
        """The file, with texts as long as fit."""
        sizes = (_dump(_choose(run, cap)) for cap in CAPS)
        fitting = next((c for c in sizes if len(c) <= LARGEST), b"")
        return ResultFile(content=fitting or _dump(_make_score(run)))

    def fail(self, failure: Failure) -> ResultFile:
        """Not gradable: no attempt is counted."""
        said = f"This {ci_run.NOT_GRADED}. {escape.log(failure.why[:8_000])}"
        return ResultFile(content=_dump(_refuse(said, [f"{said} {ci_run.NO_FAULT}"])))


PRAIRIELEARN = PrairieLearn()


def _dump(value: Mapping[str, object]) -> bytes:
    return f"{json.dumps(value, allow_nan=False)}\n".encode()


def _choose(run: Run, cap: int) -> dict[str, object]:
    every = [*ci_run.say_first(run), *ci_run.describe_run(run)]
    told = [escape.log(t[: cap + 500]) for t in every]
    if run.graded.execution.status == "missing":
        return _refuse("There is nothing to grade.", told or ["The file asked for is not there."])
    return {**_make_score(run), "output": "\n".join(told), "tests": _list_tests(run, cap)}


def _refuse(message: str, why: list[str]) -> dict[str, object]:
    return {"gradable": False, "message": message, "format_errors": why}


def _make_score(run: Run) -> dict[str, object]:
    total = ci_run.count(run.graded)
    score = min(1.0, total.percent / 100)  # a bonus lifts it no higher
    return {"gradable": True, "score": to_number(score), "message": f"{total.sentence()}."}


def _list_tests(run: Run, cap: int) -> list[dict[str, object]]:
    return [_describe(run, c, cap) for c in ci_run.list_checks(run.graded)]


def _describe(run: Run, check: CheckResult, cap: int) -> dict[str, object]:
    decided = check.outcome not in ELSEWHERE
    text = ci_run.explain(check, cap)
    where = ci_run.describe_place(ci_run.find_place(run, check))
    place = f" ({where})" if where and not check.hidden else ""
    return {
        "name": f"{escape.line(check.name)}{escape.line(place)}",
        "description": escape.log(check.title[: cap + 80]),
        "points": to_number(check.earned) if decided else 0,
        "max_points": to_number(check.points) if decided else 0,
        "message": "" if decided else ci_run.describe_points(check),
        "output": escape.log(text),
    }
