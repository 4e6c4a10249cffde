"""GitHub Classroom: what its reporter takes from a runner, and the two notices that it makes of it.

Classroom reads the points from the notices in the log, so the reporter is not needed; its table
shows counts of tests and no partial points. It adds up the scores of tests, where a missing one
gives NaN, and runs that fail by themselves are red however many points they have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.ci_run import Total
from grader.export.points import show, to_number
from grader.records.causes import Cause
from grader.records.hidden_checks import ELSEWHERE
from grader.records.result import CheckResult
from grader.report import escape

LARGEST = 64 << 10
"""Bytes: the reporter finds the file in a variable of its environment, as base64, and Linux gives a
program at most 128 KiB in one.
"""
CAPS = (2_000, 400, 80, 0)
"""Characters of a message; the first that fits is taken."""
VERSION = 1


class Classroom:
    """The reporter's JSON, and the notices as the log's lines."""

    def make(self, run: Run) -> ResultFile:
        """Messages are as long as fit."""
        causes = ci_run.list_shown_causes(run)
        sizes = (_dump(_make(run, causes, cap)) for cap in CAPS)
        content = next((c for c in sizes if len(c) <= LARGEST), b"") or _dump(_make_total(run))
        total = ci_run.count(run.graded)
        return ResultFile(content=content, log=_make_notices(total))

    def fail(self, failure: Failure) -> ResultFile:
        """No points are reported: those of an earlier run stay."""
        text = f"{failure.why}\n{ci_run.NO_FAULT}"
        log = escape.annotation("error", text, title=f"This {ci_run.NOT_GRADED}")
        return ResultFile(content=_dump(_make_failure(failure.why)), log=f"{log}\n")


CLASSROOM = Classroom()


def _dump(value: Mapping[str, object]) -> bytes:
    return f"{json.dumps(value, allow_nan=False)}\n".encode()


def _make_notices(total: Total) -> str:
    """Where nothing could be earned, nothing is said, as by the reporter."""
    if total.most <= 0:
        return ""
    report = {"totalPoints": to_number(total.earned), "maxPoints": to_number(total.most)}
    text = f"Points {show(total.earned)}/{show(total.most)}"
    lines = (
        escape.annotation("notice", text, title="Autograding complete"),
        escape.annotation(
            "notice", json.dumps(report, separators=(",", ":")), title="Autograding report"
        ),
    )
    return "".join(f"{line}\n" for line in lines)


def _make_failure(why: str) -> dict[str, object]:
    text = escape.log(f"{why} {ci_run.NO_FAULT}"[:4_000])
    test = _make_test("grading", "error", 0, text)
    return {"version": VERSION, "status": "error", "max_score": 0, "tests": [test]}


def _make(run: Run, causes: Sequence[Cause], cap: int) -> dict[str, object]:
    tests = [_describe(run, causes, check, cap) for check in ci_run.list_checks(run.graded)]
    return _wrap(run, tests)


def _make_total(run: Run) -> dict[str, object]:
    """Where a course has so many checks that not even their names fit."""
    total = ci_run.count(run.graded)
    status = "pass" if run.passed else "fail"
    test = _make_test("all checks", status, to_number(total.earned), total.sentence())
    return _wrap(run, [test])


def _wrap(run: Run, tests: list[dict[str, object]]) -> dict[str, object]:
    total = ci_run.count(run.graded)
    status = "pass" if run.passed else "fail"
    most = to_number(total.most)
    return {"version": VERSION, "status": status, "max_score": most, "tests": tests}


def _describe(run: Run, causes: Sequence[Cause], check: CheckResult, cap: int) -> dict[str, object]:
    place = ci_run.find_place(run, check)
    decided = check.outcome not in ELSEWHERE
    status = "pass" if check.outcome == "passed" else "fail" if decided else "error"
    cell = f"cell {place.cell}: " if place.cell else ""
    said = ci_run.explain(check, cap) or ci_run.describe_points(check)
    text = f"{ci_run.announce(causes, check)}{cell}{said}"
    return _make_test(
        check.name,
        "pass" if check.outcome in ("deferred", "open") else status,
        to_number(check.earned) if decided else 0,
        escape.log(text),
        "" if check.hidden else place.file,
        ci_run.find_line(place),
    )


def _make_test(
    name: str, status: str, score: float, message: str, file: str = "", line: int = 0
) -> dict[str, object]:
    """A test of the reporter's, which shows no line that is 0; how long it took is not known."""
    return {
        "name": escape.line(name),
        "status": status,
        "score": score,
        "message": message,
        "test_code": "",
        "filename": escape.line(file),
        "line_no": line,
        "duration": 0,
    }
