"""A summary in Markdown: the points, a table of the checks, and what to do about those that are
lost. GitHub takes a summary of a step up to 1024 KiB, and drops a larger one whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.records.place import Place
from grader.records.result import CheckResult, Graded
from grader.report import escape

LARGEST = 1_000_000
"""Bytes; what would come after is left out, and a line says so."""
_LEFT_OUT = "\nThe rest was left out, as a summary has a greatest size.\n"


class Markdown:
    """A summary for people, also in GitHub's job summaries."""

    def make(self, run: Run) -> ResultFile:
        """The summary, in at most `LARGEST` bytes: whole sections, the first ones first."""
        return ResultFile(content=_fit(_list(run)).encode("utf-8"))

    def fail(self, failure: Failure) -> ResultFile:
        """A summary that says so."""
        text = f"## This {ci_run.NOT_GRADED}\n\n{escape.prose(failure.why)}\n\n{ci_run.NO_FAULT}\n"
        return ResultFile(content=text.encode("utf-8"))


MARKDOWN = Markdown()


def _fit(sections: Iterable[str]) -> str:
    kept: list[str] = []
    left = LARGEST - len(_LEFT_OUT)
    for section in sections:
        left -= len(section.encode("utf-8"))
        if left < 0:
            return "".join([*kept, _LEFT_OUT])
        kept.append(section)
    return "".join(kept)


def _list(run: Run) -> Iterator[str]:
    graded = run.graded
    checks = ci_run.list_checks(graded)
    yield f"## {escape.prose(graded.title)}: {ci_run.count(graded).sentence()}\n\n"
    causes = ci_run.list_shown_causes(run)
    for cause in causes[:1]:
        said = ci_run.explain(cause.checks[0])
        yield f"### {escape.prose(ci_run.describe_cause(run, cause))}\n\n{escape.prose(said)}\n\n"
    for sentence in ci_run.describe_run(run):
        yield f"- {escape.prose(sentence)}\n"
    yield "\n|   | check | points |\n|---|---|---|\n"
    for check in checks:
        points = ci_run.describe_points(check)
        yield f"| {ci_run.mark(check)} | {_name(check)} | {points} |\n"
    for check in checks:
        if check.outcome == "passed" or ci_run.announce(causes, check):
            continue
        if ci_run.explain(check):
            yield _describe(check, ci_run.find_place(run, check))
    yield _describe_grader(graded)


def _name(check: CheckResult) -> str:
    name = escape.markdown(check.name, table=True)
    return f"{name} {escape.prose(check.title, table=True)}"


def _describe(check: CheckResult, place: Place) -> str:
    where = ci_run.describe_place(place)
    written = f" in {escape.markdown(where)}" if where else ""
    return (
        f"\n### {escape.markdown(check.name)}{written}\n\n{escape.prose(ci_run.explain(check))}\n"
    )


def _describe_grader(graded: Graded) -> str:
    behind = graded.provenance
    data = behind.get("data")
    used = data.get("used") if isinstance(data, dict) else ""
    facts = {
        "grader": behind.get("grader"),
        "sandbox level": ci_run.describe_level(graded),
        "seed": behind.get("seed"),
        "data": used,
    }
    told = ", ".join(f"{k} {escape.prose(str(v))}" for k, v in facts.items() if v not in (None, ""))
    return f"\n<sub>{told}</sub>\n"
