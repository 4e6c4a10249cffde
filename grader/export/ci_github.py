"""GitHub Actions: the file is a job summary, and the log has annotations beside the lines of code.

The runner shows ten annotations of a kind for each step. Lines of a notebook are those of its
JSON, which nobody reads: there the title names the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.ci_markdown import MARKDOWN
from grader.records.causes import Cause
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import CheckResult
from grader.report import escape

MOST = 10
"""Annotations of a kind that a step shows."""
LONGEST = 4_000
"""Characters of a message."""
Kind = Literal["error", "warning"]


class GitHub:
    """Summary and annotations."""

    def make(self, run: Run) -> ResultFile:
        """An error for each check that is lost, a warning for each that is lost in part."""
        log = "".join(f"{line}\n" for line in _annotate(run))
        return ResultFile(content=MARKDOWN.make(run).content, log=log)

    def fail(self, failure: Failure) -> ResultFile:
        """One error."""
        text = f"{failure.why}\n{ci_run.NO_FAULT}"
        log = escape.annotation("error", text[:LONGEST], title=f"This {ci_run.NOT_GRADED}")
        return ResultFile(content=MARKDOWN.fail(failure).content, log=f"{log}\n")


GITHUB = GitHub()


def _annotate(run: Run) -> Iterator[str]:
    rows = list(_list(run))
    for kind in ("error", "warning"):
        own = [line for of, line in rows if of == kind]
        yield from own if len(own) <= MOST else own[: MOST - 1]
        if len(own) > MOST:
            more = f"{len(own) - MOST + 1} more stand in the summary of this job."
            yield escape.annotation(kind, more, title="More checks are lost")


def _list(run: Run) -> Iterator[tuple[Kind, str]]:
    """What is lost, with its kind: first where the program stopped."""
    graded = run.graded
    stopped = ci_run.find_error(run)
    ended = graded.execution.status != "ok"
    if ended:
        place = stopped or Place(file=run.entry)
        reason = graded.execution.reason or graded.execution.status
        ended_so = Message(f"run-{graded.execution.status}").title()
        title = Message("causes-title", {"title": ended_so}).text()
        yield "error", _annotation("error", title, place, reason)
    causes = ci_run.list_shown_causes(run)
    for check in ci_run.order_by_cause(run, causes):
        follows = ended and check.outcome == "unmeasured"
        if check.lost and not follows and check.outcome != "skipped":
            yield _annotate_check(run, causes, check)


def _annotate_check(run: Run, causes: Sequence[Cause], check: CheckResult) -> tuple[Kind, str]:
    kind: Kind = "warning" if check.outcome in ("partial", "broken") else "error"
    place = ci_run.find_place(run, check)
    title = f"{ci_run.announce(causes, check)}{check.name}: {ci_run.describe_points(check)}"
    text = ci_run.explain(check, LONGEST) or check.title
    return kind, _annotation(kind, title, Place() if check.hidden else place, text)


def _annotation(kind: Kind, title: str, place: Place, text: str) -> str:
    where: dict[str, str | int] = {}
    if place.file:
        where["file"] = place.file
    if line := ci_run.find_line(place):
        where["line"] = line
    of_cell = f" (cell {place.cell})" if place.cell else ""
    return escape.annotation(kind, text[:LONGEST], **where, title=f"{title}{of_cell}")
