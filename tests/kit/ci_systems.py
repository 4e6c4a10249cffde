"""How the systems that take results read them, written from their rules and sources."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

SUMMARY_BYTES = 1024 * 1024
"""What GitHub takes as a summary of a step."""
ANNOTATIONS = 10
"""Of a kind that it shows of a step."""


def strict(content: bytes) -> Any:
    """JSON without the constants that are none."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(content.decode("utf-8"), parse_constant=refuse)


# ---------------------------------------------------------------------- GitHub

COMMAND = re.compile(r"::(?P<kind>[a-z-]+)(?: (?P<where>.*?))?::(?P<text>.*)")


def run_commands(log: str) -> list[dict[str, str]]:
    """What the runner makes of the lines of a log: kind, text, and each property."""
    commands = []
    for line in log.splitlines():
        seen = COMMAND.fullmatch(line)
        if seen is None:
            continue
        where = dict(p.split("=", 1) for p in (seen["where"] or "").split(",") if p)
        values = {k: _unescape(v, {"%3A": ":", "%2C": ","}) for k, v in where.items()}
        commands.append({"kind": seen["kind"], "text": _unescape(seen["text"], {}), **values})
    return commands


def _unescape(text: str, more: dict[str, str]) -> str:
    for code, character in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(code, character)
    return text


def require_shown(commands: list[dict[str, str]]) -> None:
    """Each of them is shown."""
    kinds = Counter(c["kind"] for c in commands)
    assert set(kinds) <= {"error", "warning", "notice"}
    assert all(n <= ANNOTATIONS for n in kinds.values()), kinds
    assert all(int(c.get("line", 1)) >= 1 for c in commands)


def read_summary(content: bytes) -> list[str]:
    """The text that a reader of the summary sees, by block. Nothing in it acts."""
    assert len(content) <= SUMMARY_BYTES
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(content.decode("utf-8"))
    flat = [t for token in tokens for t in (token, *(token.children or []))]
    assert not {t.type for t in flat} & {"link_open", "image", "html_block", "code_block"}, flat
    html = {t.content for t in flat if t.type == "html_inline"}
    assert html <= {"<br>", "<sub>", "</sub>", "<!-- -->"}, html
    return [
        "".join(t.content for t in token.children if t.type in ("text", "code_inline"))
        for token in tokens
        if token.type == "inline" and token.children
    ]


def report_to_classroom(*files: bytes) -> tuple[float, float, bool]:
    """Points, greatest points, and whether the reporter's step passes, as the reporter adds up."""
    runs = [strict(f) for f in files]
    points = most = 0.0
    for run in runs:
        assert isinstance(run["tests"], list), "the reporter dies without tests"
        assert run["version"] == 1
        assert run["status"] in ("pass", "fail", "error")
        for test in run["tests"]:
            assert test["status"] in ("pass", "fail", "error")
            assert isinstance(test["line_no"], int)
            assert isinstance(test["name"], str)
        if not run["max_score"]:
            continue
        most += run["max_score"]
        points += sum(test["score"] for test in run["tests"])  # a KeyError is the reporter's NaN
    return points, most, all(r["status"] == "pass" for r in runs)


# ---------------------------------------------------------------------- others

VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
OF_RUN = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
    "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
OF_TEST = {
    "score", "max_score", "status", "name", "name_format", "number", "output", "output_format",
    "tags", "visibility", "extra_data",
}  # fmt: skip


def read_gradescope(content: bytes) -> dict[str, Any]:
    """What Gradescope reads: `total`, None where there is none, and the tests by name."""
    run = strict(content)
    assert set(run) <= OF_RUN
    assert "score" in run or "tests" in run
    assert run.get("visibility", "visible") in VISIBILITY
    assert {run.get(k, "text") for k in OF_RUN if k.endswith("_format")} <= FORMATS
    assert isinstance(run.get("execution_time", 0), (int, float))
    for test in run.get("tests", []):
        assert set(test) <= OF_TEST
        assert test.get("status", "passed") in ("passed", "failed")
        assert test.get("visibility", "visible") in VISIBILITY
        if test.get("visibility") == "hidden":
            assert not test.get("score"), "what stays hidden may carry no points"
        assert all(isinstance(test.get(k, 0), (int, float)) for k in ("score", "max_score"))
    for row in run.get("leaderboard", []):
        assert set(row) <= {"name", "value", "order"}
        assert row.get("order", "desc") in ("asc", "desc")
    scores = [t["score"] for t in run.get("tests", []) if "score" in t]
    total = run.get("score", sum(scores) if scores else None)
    return {**run, "total": total, "by_name": {t["name"]: t for t in run.get("tests", [])}}


def read_prairielearn(content: bytes) -> dict[str, Any]:
    """What PrairieLearn takes: `counts` says whether an attempt is counted."""
    assert len(content) <= 1_000_000
    run = strict(content)
    run["counts"] = run.get("gradable", True)
    if run["counts"]:
        assert isinstance(run["score"], (int, float))
        assert 0 <= run["score"] <= 1
        tests = run.get("tests", [])
        with_points = [t for t in tests if "points" in t and "max_points" in t]
        assert len(with_points) == len(tests), "no points are shown"
    else:
        errors = run.get("format_errors", [])
        assert isinstance(errors, str) or all(isinstance(e, str) for e in errors)
    return run


def read_junit(content: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Properties of the suite, and by name how each test ended; what it counts is so."""
    root = ET.fromstring(content)
    assert root.tag == "testsuites"
    (suite,) = root
    cases = suite.findall("testcase")
    names = [c.attrib["name"] for c in cases]
    assert len(set(names)) == len(names), "GitLab reads one of each name"
    assert all(c.attrib["classname"] for c in cases)
    ends = {c.attrib["name"]: next((inner.tag for inner in c), "passed") for c in cases}
    counted = Counter(ends.values())
    assert set(counted) <= {"passed", "failure", "error", "skipped"}
    said = {k: int(suite.attrib[k]) for k in ("tests", "failures", "errors", "skipped")}
    assert said == {
        "tests": len(cases),
        "failures": counted["failure"],
        "errors": counted["error"],
        "skipped": counted["skipped"],
    }
    float(suite.attrib["time"])
    properties = {
        p.attrib["name"]: p.attrib["value"] for p in suite.iterfind("properties/property")
    }
    return properties, ends


def read_autolab(stdout: bytes) -> dict[str, Any]:
    """The points of each problem, from a driver's output, as Autolab reads its last line."""
    last = stdout.decode("utf-8").rstrip("\n").splitlines()[-1]
    parsed = json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', last))
    assert parsed["scores"] is not None, "every problem would be 0"
    return dict(parsed["scores"])


def score_by_autolab(stdout: bytes, *problems: str) -> dict[str, Any]:
    """What the assessment's problems get of a first submission: None is no score."""
    points: dict[str, Any] = {}
    try:
        read = read_autolab(stdout)
        points = {name: score for name, score in read.items() if name in problems}
        if not read or len(points) < len(read):
            raise ValueError
    except (ValueError, KeyError):
        points = dict.fromkeys(problems, 0) | points
    return points


def read_autolab_shown(stdout: bytes) -> dict[str, Any]:
    """What it shows of each test."""
    line = stdout.decode("utf-8").splitlines()[-2]
    shown = json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', line))
    assert shown["_presentation"] == "semantic"
    return {name: test for stage in shown["stages"] for name, test in shown[stage].items()}
