"""A class with hostile archives, names and texts, graded by the command line: what it writes.

One run grades all of them beside an honest student. Nothing lies outside the output folder
afterwards, and nothing that was written or shown can act.
"""

from __future__ import annotations

import csv
import json
import re
import runpy
import tomllib
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main as command_line
from grader.report.pages import bundled_templates
from kit.corpus import ARCHIVES, HOSTILE, specimens
from kit.host import _tree
from kit.page import ACTIVE, Page
from kit.places import NOWHERE, ROOT

pytestmark = pytest.mark.proof

SECRET = "s3cret-of-another-student"
EXPECTED: Mapping[str, Mapping[str, Any]] = tomllib.loads((ARCHIVES / "expected.toml").read_text())
FORMULA = "=cmd|' C calc'!A0"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m"
MARKUP = "<img src=x onerror=alert(1)>"
STUDENTS = {
    FORMULA: ("csv_formula", "module"),
    "@SUM(1+1)": ("csv_formula", "notebook"),
    ESCAPES: ("terminal_escapes", "module"),
    f"{ESCAPES}2": ("terminal_escapes", "notebook"),
    MARKUP: ("html_js", "module"),
    f"{MARKUP}2": ("html_js", "notebook"),
    "evil outputs": ("evil_outputs", "notebook"),
    "new\nline\r\n::error::annotated": ("forged_stdout", "module"),
    "\u202egnp.exe": ("results_json", "module"),
    "é" * 127: ("results_json", "notebook"),
}
"""Names under which specimens are handed in."""
_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What one run of `grader grade` left."""

    code: int
    shown: str
    """On the terminal."""
    out: Path
    records: Mapping[str, Mapping[str, Any]]
    """By student."""
    before: object
    after: object
    """Files outside the output folder, before and after."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The class is graded."""
    root = tmp_path_factory.mktemp("hostile")
    handed_in, out, canary = root / "class", root / "deep" / "out", root / "canary" / "file"
    canary.parent.mkdir()
    canary.write_text(SECRET)
    out.parent.mkdir()
    hand_in(handed_in, canary)
    before = _tree(root)
    words = ["grade", "lenet5_mnist", str(handed_in), "-o", str(out), "--course", str(ROOT)]
    with redirect_stdout(StringIO()) as shown, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            command_line.main([*words, "--data", str(NOWHERE), "--stand-in"])
    records = [json.loads(p.read_text()) for p in out.glob("*.json")]
    return Written(
        code=int(end.value.code or 0),
        shown=shown.getvalue(),
        out=out,
        records={r["student"]: r for r in records},
        before=[e for e in before if not e[0].startswith(str(out.parent))],
        after=[e for e in _tree(root) if not e[0].startswith(str(out.parent))],
    )


def hand_in(folder: Path, canary: Path) -> None:
    """Archives, specimens under odd names, and an honest student."""
    known = specimens()
    for student, (name, form) in STUDENTS.items():
        for path, content in known[name].submission(form, "").files.items():
            place(folder / student / path, content)
    make = runpy.run_path(str(ARCHIVES / "make.py"))["make"]
    make(folder, (HOSTILE / "network.py").read_bytes(), canary)
    for path in (ROOT / "reference/lenet5_mnist").glob("lenet.*"):
        place(folder / "ada" / path.name, path.read_bytes())


def place(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_everybody_has_a_row(written: Written) -> None:
    """The honest student has full marks, nobody is left out, no person is needed."""
    assert set(written.records) == {"ada", *STUDENTS, *EXPECTED}
    ada = written.records["ada"]
    assert ada["score"] == ada["max_score"]
    assert written.code == 0
    assert not [r["student"] for r in written.records.values() if r["needs_review"]]


@pytest.mark.parametrize("name", EXPECTED)
def test_files_are_refused_by_name(written: Written, name: str) -> None:
    """What leads out or grows is named; the rest of the submission is graded where it is whole."""
    record, expected = written.records[name], EXPECTED[name]
    assert record["status"] == ("ok" if expected["runs"] else "missing"), record["notes"]
    assert 0 <= record["score"] < 20
    for words in expected["says"]:
        assert words in "\n".join(record["notes"]), record["notes"]


def test_nothing_lies_outside(written: Written) -> None:
    """No archive was unpacked, no link followed, no name became a path."""
    assert written.after == written.before
    files = [p for p in written.out.rglob("*") if p.is_file()]
    assert {p.parent for p in files} == {written.out}
    for path in files:
        assert not path.is_symlink()
        assert SECRET.encode() not in path.read_bytes()
        assert path.name.isascii() or path.name.isprintable()
        assert not _ESCAPE.search(path.name)


def test_pages_do_nothing(written: Written) -> None:
    """Every page is text: no script, no handler, no address, a policy that forbids them."""
    pages = sorted(written.out.glob("*.html"))
    notebooks = [form for _, form in STUDENTS.values() if form == "notebook"]
    assert len(pages) == len(written.records) + len(notebooks) + 1
    texts = [inert(path) for path in pages]
    assert any("<script>alert(1)</script>" in t for t in texts), "shown as text"
    assert any("\\x1b]0;owned\\x07" in t for t in texts), "shown as an escape"


def inert(path: Path) -> str:
    """The text of a page on which nothing acts, and whose links lead to files beside it."""
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in ACTIVE - {"img", "script"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "action", "formaction")
            assert name != "src" or value.startswith("data:image/png;base64,")
            if "href" in name:
                target, _, place = value.partition("#")
                assert re.fullmatch(r"([a-z]+(-\d+)?)?", place), value
                assert not target or (path.parent / target).is_file(), value
                assert "/" not in target, value
    assert html.count("Content-Security-Policy") == 1
    own = (bundled_templates() / "page.js").read_text("utf-8").strip()
    assert page.script in ("", own)
    assert html.count("<script") == bool(page.script)
    assert not _ESCAPE.search(page.text)
    return page.text


def test_the_gradebook_holds_no_formula(written: Written) -> None:
    """No cell of grades.csv begins like a formula; every student has one row."""
    with (written.out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(written.records) + 1
    cells = [cell for row in rows for cell in row]
    assert f"'{FORMULA}" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "@", "\t", "\r"))]
    assert not [c for c in cells if _ESCAPE.search(c) or "\n" in c]


def test_the_terminal_is_not_commanded(written: Written) -> None:
    """What was shown holds no escape of a student's, no second line, no annotation."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", written.shown)  # rich's own colours
    assert "owned" in shown
    assert not _ESCAPE.search(shown.replace("\r\n", "\n"))
    assert not [line for line in shown.splitlines() if line.startswith("::")]


def test_records_are_json_that_says_what_was(written: Written) -> None:
    """Records keep what students wrote, as text."""
    record = written.records[FORMULA]
    assert record["execution"]["stdout"].startswith("=cmd|")
    assert "100" not in str(written.records["new\nline\r\n::error::annotated"]["score"])
