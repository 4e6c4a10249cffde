"""`--json`: one document on stdout and nothing else, with keys that are documented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.command_line import CommandLine
from kit.places import ROOT
from kit.sample_records import HOSTILE
from kit.tiny import ASSIGNMENT, RIGHT, TANH, WRONG, Tiny

PAGES = [ROOT / f"docs/reference/{name}.md" for name in ("commands", "records")]
HIDDEN = '''\
"""What students do not see."""

from assignment import assignment, doubled
from grader import Measurements, Verdict, compare


@assignment.check(points=1)
def secret(student: Measurements, reference: Measurements) -> Verdict:
    """`double` doubles other numbers."""
    return compare.close(student[doubled], reference[doubled])
'''


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def read(text: str) -> dict[str, Any]:
    """The one document that the text is."""
    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    assert text.isascii()
    assert text == json.dumps(value, indent=2) + "\n"
    return value


def keys(value: object) -> Iterator[str]:
    """Every key of ours, at any depth; what is named after students, checks or packages is not."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key == "checks" and isinstance(item, dict):
                yield from keys(list(item.values()))
            elif key not in ("arguments", "digests", "evidence", "facts", "numbers", "versions"):
                yield from keys(item)


def described(value: object) -> bool:
    """Every key stands in the page of the commands, or in that of the records."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    quoted = re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    )
    words = set(re.findall(r"\w+", " ".join(quoted)))
    missing = set(keys(value)) - words
    assert not missing, sorted(missing)
    return True


@pytest.mark.proof
def test_grade(call: CommandLine, course: Tiny) -> None:
    """The run and each student in short; the exit code is that of the table."""
    course.submit("Ada")
    course.submit("Bob", WRONG)
    words = ("grade", "tiny", course.class_, "-o", course.out, "--course", course.root, "--json")
    first = call(*words)
    assert (first.code, first.err) == (0, "")
    value = read(first.out)
    assert described(value)
    assert value["out"] == str(course.out)
    assert (value["assignment"], value["title"], value["max_score"]) == ("tiny", "Two layers", 12)
    assert (value["executed"], value["reused"], value["regraded"]) == (2, 0, 0)
    assert value["versions"]["torch"]
    assert isinstance(value["seed"], int)
    assert value["level"] >= 2
    ada, bob = value["students"]
    assert (ada["student"], ada["score"], ada["status"]) == ("Ada", 12, "ok")
    assert bob["checks"]["doubles"] == {"outcome": "failed", "earned": 0, "points": 2}
    assert {c["outcome"] for c in ada["checks"].values()} == {"passed"}
    # A check that breaks on a student's measurements needs a person, and exits with 1.
    course.rule("FULL if right else 0.0", "FULL / right")
    again = call(*words)
    value = read(again.out)
    assert again.code == 1
    assert (value["executed"], value["reused"], value["regraded"]) == (0, 2, 1)
    assert value["needs_review"] == 1
    assert value["students"][1]["checks"]["doubles"]["outcome"] == "broken"


@pytest.mark.proof
def test_students_text_is_escaped(call: CommandLine, course: Tiny) -> None:
    """Names and errors of students come out as they were, as pure ASCII."""
    names = [n for n in HOSTILE if "\0" not in n and "/" not in n and "\udcff" not in n]
    for name in names:
        course.submit(name, "raise ValueError('\\x1b[31m\\u202e\\n::error::\\ud800')\n")
    words = ("grade", "tiny", course.class_, "-o", course.out, "--course", course.root, "--json")
    value = read(call(*words).out)
    shown = {s["student"] for s in value["students"]}
    assert len(shown) == len(names)
    assert "Eve\u202egnp.exe" in shown
    assert {s["status"] for s in value["students"]} == {"crashed"}


@pytest.mark.proof
def test_check(call: CommandLine, course: Tiny) -> None:
    """The record that `grade` keeps of a student, and what was decided here."""
    right, wrong = course.write("a/tiny.py", RIGHT), course.write("b/tiny.py", TANH)
    done = call("check", right, "--course", course.root, "--json")
    assert (done.code, done.err) == (0, "")
    value = read(done.out)
    assert described(value)
    assert value["decided"] == {
        "earned": 12,
        "points": 12,
        "checks": ["shapes", "count", "values", "doubles"],
    }
    done = call("check", wrong, "--course", course.root, "--json")
    value = read(done.out)
    assert done.code == 1
    assert value["decided"]["earned"] == 8
    (lost,) = [c for c in value["checks"] if c["outcome"] == "failed"]
    assert lost["name"] == "values"
    assert lost["feedback"]


@pytest.mark.proof
def test_check_without_the_data_set(call: CommandLine) -> None:
    """What is not decided here is named, and does not count."""
    file = ROOT / "reference/lenet5_mnist/lenet.py"
    done = call("check", file, "--course", ROOT, "--json")
    value = read(done.out)
    assert done.code == 0
    assert value["decided"]["points"] == 70
    (other,) = [c for c in value["checks"] if c["name"] not in value["decided"]["checks"]]
    assert (other["name"], other["outcome"]) == ("test_accuracy", "deferred")


@pytest.mark.proof
def test_verify(call: CommandLine, course: Tiny) -> None:
    """One document for all assignments, with what each of their own submissions lost."""
    course.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    declared = '"""Loses: shapes, count, values, doubles"""\n'
    course.write("assignments/tiny/mistakes/nothing/tiny.py", declared)
    words = ("verify", "--all", "--course", course.root, "--json")
    done = call(*words)
    value = read(done.out)
    assert (done.code, done.err) == (0, "")
    assert described(value)
    assert value["faults"] == 0
    (one,) = value["assignments"]
    assert (one["assignment"], one["faults"]) == ("tiny", 0)
    found = {f["name"]: f for f in one["findings"]}
    assert list(found) == ["reference", "handout", "mistakes/nothing"]
    assert found["mistakes/nothing"]["loses"] == ["count", "doubles", "shapes", "values"]
    course.write("assignments/tiny/mistakes/nothing/tiny.py", declared + RIGHT)
    done = call(*words)
    value = read(done.out)
    assert (done.code, value["faults"]) == (1, value["assignments"][0]["faults"])
    assert "should lose" in value["assignments"][0]["findings"][2]["fault"]


def test_show(call: CommandLine, course: Tiny) -> None:
    """Hidden checks are marked; what is passed to a probe is told in plain values or in words."""
    course.write("assignments/tiny/hidden.py", HIDDEN)
    done = call("show", "tiny", "--course", course.root, "--json")
    assert (done.code, done.err) == (0, "")
    value = read(done.out)
    assert described(value)
    assert {c["name"]: c["hidden"] for c in value["checks"]} == {
        **dict.fromkeys(("shapes", "count", "values", "doubles"), False),
        "secret": True,
    }
    assert value["checks"][2]["depends_on"] == ["shapes"]
    assert value["limits"]["cpu_seconds"] == 2
    probes = {p["name"]: p for p in value["probes"]}
    assert probes["outputs"]["arguments"]["x"].startswith("normal(3,4)")
    assert [[1.0, 2.5]] in probes["doubled"]["arguments"].values()


def test_show_every_assignment_of_ours(call: CommandLine) -> None:
    """Whatever is passed to a probe can be written, arrays included."""
    for path in sorted((ROOT / "assignments").glob("*/assignment.py")):
        done = call("show", path.parent.name, "--course", ROOT, "--json")
        assert (done.code, done.err) == (0, "")
        assert described(read(done.out))


@pytest.mark.proof
def test_data_and_doctor(call: CommandLine, bare: Path) -> None:
    """Both describe the data sets alike."""
    value = read(call("data", "--json").out)
    assert described(value)
    assert [row["name"] for row in value["data"]][:2] == ["mnist", "cifar10"]
    assert str(bare) in value["data"][0]["folder"]
    doctor = read(call("doctor", "--json").out)
    assert doctor["data"] == value["data"]
    assert described(doctor)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "tony"),
        ("check", "tony.py"),
        ("verify", "tony"),
        ("grade", "tony", "class"),
        ("data", "fetch", "tony"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done(call: CommandLine, course: Tiny, words: tuple[str, ...]) -> None:
    """One sentence on stderr and exit 2; stdout is empty, so that nothing is taken for a result."""
    place = [] if words[0] == "data" else ["--course", course.root]
    json_ = ("data", "--json", *words[1:]) if words[0] == "data" else (*words, "--json")
    done = call(*json_, *place)
    assert "tony" in done.sentence
    assert done.out == ""


def test_what_json_has_no_number_for(call: CommandLine, course: Tiny) -> None:
    """A number that JSON does not have is written as text."""
    odd = ASSIGNMENT.replace("[1.0, 2.5]", "[float('nan'), 2.5]")
    course.write("assignments/tiny/assignment.py", odd)
    value = read(call("show", "tiny", "--course", course.root, "--json").out)
    (doubled,) = [p for p in value["probes"] if p["name"] == "doubled"]
    assert [["nan", 2.5]] in doubled["arguments"].values()
