"""Gradescope's results.json.

The score at the top is what counts, so tests need not add up to it. A test is `passed` or `failed`
and nothing else: what is neither has no status. Hidden checks are shown when grades are published,
and until then no total is: a test that is `hidden` for ever may not carry points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.points import to_number
from grader.records.hidden_checks import ELSEWHERE
from grader.records.result import CheckResult, Graded
from grader.report import escape
from grader.report.ranking import RANKED

LARGEST = 1_000_000
"""Bytes; Gradescope names no limit, this keeps its page usable."""
CAPS = (8_000, 1_000, 100, 0)
"""Characters of a test's text; the first that fits is taken."""
_STATUS = {"passed": "passed", "failed": "failed", "unmeasured": "failed", "skipped": "failed"}


class Gradescope:
    """A test for each check."""

    def make(self, run: Run) -> ResultFile:
        """Texts are as long as fit."""
        sizes = [_dump(_make(run, cap)) for cap in CAPS]
        return ResultFile(content=next((c for c in sizes if len(c) <= LARGEST), sizes[-1]))

    def fail(self, failure: Failure) -> ResultFile:
        """There is no score: one test says so, and neither gives nor takes points."""
        return ResultFile(content=_dump(_make_failure(failure.why)))


GRADESCOPE = Gradescope()


def _dump(value: Mapping[str, object]) -> bytes:
    return f"{json.dumps(value, indent=2, allow_nan=False)}\n".encode()


def _make_failure(why: str) -> dict[str, object]:
    text = escape.log(f"{why}\n{ci_run.NO_FAULT}")
    test = {"name": f"This {ci_run.NOT_GRADED}", "output": text, "visibility": "visible"}
    return {"output": text, "visibility": "visible", "tests": [test]}


def _make(run: Run, cap: int) -> dict[str, object]:
    graded = run.graded
    total = ci_run.count(graded)
    told = [f"{total.sentence()}.", *ci_run.say_first(run), *ci_run.describe_run(run)]
    board = _list_board(graded)
    return {
        "score": to_number(total.earned),
        "execution_time": round(graded.execution.seconds, 3),
        "output": escape.log("\n".join(told)[: cap + 500]),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "tests": [_describe(run, c, cap) for c in ci_run.list_checks(graded, merged=False)],
        **({"leaderboard": board} if board else {}),
        "extra_data": {
            "max_score": to_number(total.most),
            "needs_review": graded.needs_review,
            "seed": graded.provenance.get("seed"),
            "sandbox_level": ci_run.describe_level(graded),
        },
    }


def _describe(run: Run, check: CheckResult, cap: int) -> dict[str, object]:
    where = ci_run.describe_place(ci_run.find_place(run, check))
    text = f"{check.title}\n{ci_run.explain(check, cap)}".strip()
    test: dict[str, object] = {
        "name": f"{escape.line(check.name)}{f' ({escape.line(where)})' if where else ''}",
        "output": escape.log(text if cap else ""),
        "visibility": "after_published" if check.hidden else "visible",
    }
    if check.outcome in ELSEWHERE:
        return {
            **test,
            "output": escape.log(f"{ci_run.describe_points(check)}\n{text}"[: cap + 99]),
        }
    points = {
        "score": to_number(check.earned),
        "max_score": 0 if check.extra else to_number(check.points),
    }
    status = {"status": _STATUS[check.outcome]} if check.outcome in _STATUS else {}
    return {**test, **points, **status}


def _list_board(graded: Graded) -> list[dict[str, object]]:
    """What a check that is ranked and earned something has read, and with how many parameters."""
    for check in graded.checks:
        facts = check.evidence.get(RANKED)
        if not isinstance(facts, Mapping) or check.earned <= 0:
            continue
        rows = [("accuracy", "desc"), ("parameters", "asc")]
        return [
            {"name": name.capitalize(), "value": facts[name], "order": order}
            for name, order in rows
            if isinstance(facts.get(name), (int, float))
        ]
    return []
