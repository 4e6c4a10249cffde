"""Autolab: the last line of a driver's output is JSON with the points of each problem.

Autolab puts quotation marks around every word that a colon follows, also within texts, before it
reads the line; what cannot be read, and a line without problems, then counts as 0 in every problem.
So no text here holds a colon: it is escaped. A problem of the line has to exist under that name in
the assessment; null gives it no score.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.points import to_number
from grader.records.causes import Cause
from grader.records.hidden_checks import ELSEWHERE
from grader.records.result import CheckResult
from grader.report import escape

LONGEST = 300
"""Characters of a hint."""
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_STAGE = "Checks"


class Autolab:
    """Two lines: what Autolab shows, and the points."""

    def make(self, run: Run) -> ResultFile:
        """A problem for each check that was decided; the scoreboard has the sum."""
        checks, causes = ci_run.list_checks(run.graded), ci_run.list_shown_causes(run)
        decided = [c for c in checks if c.outcome not in ELSEWHERE]
        shown = _present({escape.line(c.name): _describe(causes, c) for c in checks})
        scores: dict[str, object] = {escape.line(c.name): to_number(c.earned) for c in decided}
        total = to_number(ci_run.count(run.graded).earned)
        return ResultFile(content=_dump(shown, {"scores": scores, "scoreboard": [total]}))

    def fail(self, failure: Failure) -> ResultFile:
        """No problem has a score, as far as their names are known: Autolab gives the others 0."""
        hint = f"{failure.why} {ci_run.NO_FAULT}"
        shown = _present({"grading": _tell(passed=False, hint=hint)})
        scores = {escape.line(name): None for name in failure.checks}
        return ResultFile(content=_dump(shown, {"scores": scores}))


AUTOLAB = Autolab()


def _present(tests: dict[str, object]) -> dict[str, object]:
    return {"_presentation": "semantic", "stages": [_STAGE], _STAGE: tests}


def _describe(causes: Sequence[Cause], check: CheckResult) -> dict[str, object]:
    if check.outcome == "passed":
        return _tell(passed=True)
    first = ci_run.announce(causes, check)
    hint = f"{first}{ci_run.describe_points(check)}. {ci_run.explain(check, LONGEST)}"
    return _tell(passed=False, hint=hint.strip())


def _tell(*, passed: bool, hint: str = "") -> dict[str, object]:
    return {"passed": passed, **({"hint": escape.log(hint[: 2 * LONGEST])} if hint else {})}


def _dump(*lines: dict[str, object]) -> bytes:
    """Each on a line of its own, in ASCII, without a colon in a text."""
    return "".join(f"{_escape(json.dumps(one, allow_nan=False))}\n" for one in lines).encode()


def _escape(text: str) -> str:
    return _TEXT.sub(lambda m: m[0].replace(":", "\\u003a"), text)
