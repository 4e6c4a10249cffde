"""JUnit's XML, as GitLab, Jenkins and others read it. It has no points: they are properties of the
suite. GitLab reads one of several tests with one name, and shows `classname` as the suite.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

from grader.export import ci_run
from grader.export.ci_format import Failure, ResultFile, Run
from grader.export.points import show
from grader.records.result import CheckResult
from grader.report import escape

_NOT_XML = re.compile("[\ufffe\uffff]")
"""What no XML 1.0 may hold and `escape.log` leaves, as it has a shape."""
_ENDS = {"broken": "error", "skipped": "skipped", "deferred": "skipped", "open": "skipped"}
"""How an outcome is called that neither passed nor failed."""


class JUnit:
    """A test for each check."""

    def make(self, run: Run) -> ResultFile:
        """One suite in a list of suites."""
        return ResultFile(content=_dump(_make_suite(run)))

    def fail(self, failure: Failure) -> ResultFile:
        """A suite with one test, which has an error."""
        return ResultFile(content=_dump(_make_failure(failure.why)))


JUNIT = JUnit()


def _dump(suite: ET.Element) -> bytes:
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", escape.log(text))


def _make_failure(why: str) -> ET.Element:
    suite = ET.Element(
        "testsuite", name="grader", tests="1", failures="0", errors="1", skipped="0", time="0"
    )
    case = ET.SubElement(suite, "testcase", classname="grader", name="grading", time="0")
    error = ET.SubElement(case, "error", message=_text(why), type="grader")
    error.text = ci_run.NO_FAULT
    return suite


def _make_suite(run: Run) -> ET.Element:
    graded = run.graded
    checks = ci_run.list_checks(graded)
    ends = Counter(_end(c) for c in checks)
    suite = ET.Element(
        "testsuite",
        name=_text(graded.title),
        tests=str(len(checks)),
        failures=str(ends["failure"]),
        errors=str(ends["error"]),
        skipped=str(ends["skipped"]),
        time=f"{graded.execution.seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _list_properties(run).items():
        ET.SubElement(properties, "property", name=_text(name), value=_text(value))
    for check in checks:
        suite.append(_make_case(run, check))
    told = [*ci_run.say_first(run), *ci_run.describe_run(run)]
    if told:
        ET.SubElement(suite, "system-out").text = _text("\n".join(told))
    return suite


def _list_properties(run: Run) -> dict[str, str]:
    graded = run.graded
    total = ci_run.count(graded)
    points = {f"points.{c.name}": show(c.earned) for c in ci_run.list_checks(graded)}
    most = {f"max_points.{c.name}": show(c.points) for c in ci_run.list_checks(graded)}
    return {
        "score": show(total.earned),
        "max_score": show(total.most),
        "percent": show(total.percent),
        "assignment": graded.assignment,
        "status": graded.execution.status,
        "needs_review": str(graded.needs_review).lower(),
        "seed": str(graded.provenance.get("seed", "")),
        "sandbox_level": ci_run.describe_level(graded),
        **points,
        **most,
    }


def _end(check: CheckResult) -> str:
    return "" if check.outcome == "passed" else _ENDS.get(check.outcome, "failure")


def _make_case(run: Run, check: CheckResult) -> ET.Element:
    place = ci_run.find_place(run, check)
    slug = run.graded.assignment
    case = ET.Element("testcase", classname=_text(slug), name=_text(check.name), time="0")
    if place.file and not check.hidden:
        case.set("file", _text(place.file))
    if (line := ci_run.find_line(place)) and not check.hidden:
        case.set("line", str(line))
    if end := _end(check):
        cell = f" (cell {place.cell})" if place.cell else ""
        message = f"{ci_run.describe_points(check)}{cell}"
        inner = ET.SubElement(case, end, message=_text(message))
        if end != "skipped":
            inner.set("type", check.outcome)
        inner.text = _text(ci_run.explain(check) or check.title)
    return case
