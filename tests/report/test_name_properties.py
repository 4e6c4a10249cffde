"""Names and texts that students choose, on every way out: files, tables, terminal, Markdown, CI."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from rich.text import Text

from grader.cli import tables, terminal
from grader.cli.terminal import name_of
from grader.export import grade_table
from grader.export.export import write_export
from grader.grading.grade import RunSummary
from grader.grading.self_check import SelfCheck
from grader.records import file_names
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.report import escape
from grader.submissions import collect
from grader.submissions.names import is_ignored
from kit.archives import CODE
from kit.sample_records import check, graded

PIECES = st.sampled_from(
    ["=", "+", "-", "@", "|", "\t", "\r", "\n", "\r\n", "\u2028", "\u200d", "\u3000", "\xa0", "＝", "﹦", "⁼",
     "＠", ",", ";", '"', "'", "`", "``", "\\", "\x1b]0;x\x07", "\x1b[2J", "\u202e", "\u2066", "\ud800",
     "..", "/", ".", "CON", "index", "con", "Zoë", "Zoe\u0308", "李", "%", "%0A", "%2C", "::", ":", "##[", "[",
     "::error file=x::y", "##[error]x", "[red]", "[/]", ":x:", "<b>", "&amp;", "](http://e.example)", "![",
     "*", "_", "~~", "#", "@ada", "www.e.example", "1.", "cmd|' /C calc'!A0", " ", "  ", "\0", "é" * 120]
)  # fmt: skip
TEXT = st.lists(PIECES | st.text(st.characters(exclude_categories=()), max_size=4), max_size=8).map(
    "".join
)


def legible(text: str) -> None:
    """No control, no direction, no half character stands in it."""
    text.encode()
    assert not {unicodedata.category(c) for c in text if c not in "\u200c\u200d"} & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }


# ---------------------------------------------------------------------- names of folders and files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names")


ON_DISK = (
    st.binary(min_size=1, max_size=255)
    | TEXT.map(lambda t: t.encode("utf-8", "surrogatepass"))
    | st.sampled_from([b"n" * 255, b"\xff" * 255, b"-rf", b"~", b"$(id)", b"a\\..\\b", b"C:x"])
).filter(lambda raw: raw not in (b"", b".", b"..") and len(raw) <= 255 and not set(raw) & {0, 0x2F})


@given(st.lists(ON_DISK, min_size=1, max_size=5, unique=True), ON_DISK)
def test_names_on_disk_stay_labels(folder: Path, students: list[bytes], file: bytes) -> None:
    """Students and files of any name are listed once each; what is written for them stays inside."""
    root = folder / "class"
    shutil.rmtree(root, ignore_errors=True)
    for student in students:
        home = root / os.fsdecode(student)
        home.mkdir(parents=True)
        for name in (os.fsdecode(file), "lenet.py"):
            (home / name).write_bytes(CODE)
    try:
        found = collect.read_class(root, AskedFiles(entry="lenet"))
    except UsageError:
        assert all(is_ignored(os.fsdecode(student)) for student in students)
        return
    names = [s.student for s in found]
    assert len(set(names)) == len(names) <= len(students)
    stems = file_names.file_names(names)
    assert len({stem.casefold() for stem in stems.values()}) == len(names)
    for submission in found:
        submission.student.encode()
        for name in submission.files:
            assert os.path.normpath(f"/box/{name}") == f"/box/{name}"
            assert max(len(part.encode()) for part in name.split("/")) <= 255
        assert all(note.isprintable() for note in submission.notes)
        stem = stems[submission.student]
        for suffix in (".json", ".html", ".ipynb", ".notebook.html"):
            path = folder / "out" / (stem + suffix)
            assert len(os.fsencode(path.name)) <= 255
            assert os.path.normpath(path) == str(path)
            assert path.parent == folder / "out"


# ---------------------------------------------------------------------- tables


def columns(row: list[str]) -> list[str]:
    """Cells as a spreadsheet takes them, with and without what it strips."""
    return [*row, *(cell.strip().strip("\u200c\u200d").strip() for cell in row)]


@given(st.lists(TEXT, min_size=1, max_size=4, unique_by=escape.cell), TEXT)
@example(["\u200d=1", "\u2003=1", "﹦1", "＝1", "\n=1", "\ufeff=1"], "=cmd")
def test_no_formula_survives_in_a_gradebook(folder: Path, students: list[str], name: str) -> None:
    """Read back, each student has one row, in which no cell is a formula, by comma or semicolon."""
    assume(escape.cell(name) not in (*grade_table.FIRST, *grade_table.LAST))
    named = dataclasses.replace(check("layer_shapes"), name=name)
    rows = [graded(student, named) for student in students]
    path = write_export("csv", rows, folder)
    text = path.read_bytes().decode("utf-8")
    head, *body = list(csv.reader(io.StringIO(text, newline="")))
    assert sorted(row[0] for row in body) == sorted(escape.cell(s) for s in students)
    assert all(len(row) == len(head) for row in body)
    cells = [c for row in (head, *body) for c in columns(row)]
    cells += [
        c
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=";")
        for c in columns(row)[:1]
    ]
    for cell in cells:
        assert not unicodedata.normalize("NFKC", cell[:1]).startswith(
            ("=", "+", "-", "@", "\t", "\r")
        )
        legible(cell)


# ---------------------------------------------------------------------- the terminal


def printed(text: Text, width: int) -> str:
    """What a console of this width writes, without colours."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, highlight=False, emoji=terminal.console._emoji, force_terminal=False
    )
    console.print(text)
    return out.getvalue()


@given(TEXT, st.integers(4, 40))
@example("\u200d\u200d＝==000\x1f", 10)
def test_the_terminal_shows_and_obeys_nothing(text: str, width: int) -> None:
    """No sequence, no markup, no emoji, and nothing at which a CI runner would start to listen."""
    shown = printed(terminal.safe(text), width)
    legible(shown.replace("\n", ""))
    assert "".join(shown.split()) == "".join(escape.terminal(text).split())
    for line in shown.splitlines():
        assert not re.match(r"\s*::[A-Za-z]", line)
        assert "##[" not in line


@given(TEXT)
def test_a_name_is_one_row(text: str) -> None:
    """A student's name does not begin a row of its own in the table."""
    assert "\n" not in printed(name_of(text), 10_000).removesuffix("\n")


def test_what_grade_and_check_print(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of what both verbs print for a student of nothing but tricks."""
    trick = "\x1b]0;owned\x07\u202e[bold]\n::notice title=Autograding report::{}\n##[error]x :x:"
    result = check("layer_shapes", "failed", feedback=trick, hint=trick)
    one = graded(trick, result, notes=(trick,))
    tables.results(RunSummary(graded=[one], executed=1, reused=0, regraded=0, level=3))
    terminal.checked(SelfCheck(graded=one, withheld=False))
    out = capsys.readouterr().out
    legible(out.replace("\n", ""))
    assert ":x:" in out
    assert not re.search(r"^\s*::[A-Za-z]|##\[", out, re.MULTILINE)
    assert isinstance(one, Graded)


# ---------------------------------------------------------------------- Markdown and annotations

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(TEXT)
@example("|`|")
@example(" ` ")
@example("```")
@example("\\")
def test_markdown_is_one_piece_of_code(text: str) -> None:
    """Between other words, at the start of a line and in a table: the text, as code, and no more."""
    shown = escape.line(escape.log(text))
    made = escape.markdown(text)
    assert len(made.splitlines()) <= 1
    if not shown:
        assert made == ""
        return
    for around in ("{}", "- {}", "# {} x", "a {} b"):
        inline = next(t for t in GFM.parse(around.format(made)) if t.type == "inline")
        codes = [t for t in inline.children or [] if t.type == "code_inline"]
        assert [t.content for t in codes] == [shown]
        rest = "".join(t.content for t in inline.children or [] if t.type == "text")
        assert rest.split() == around.format("").replace("-", "").replace("#", "").split()
    row = escape.markdown(text, table=True)
    tokens = GFM.parse(f"|a|b|\n|-|-|\n|{row}|x|\n")
    cells = [t for t in tokens if t.type == "inline"]
    assert len(cells) == 4
    assert [t.content for t in cells[2].children or []] == [shown]


@given(TEXT)
@example("1) a\n- b\n    c\n===\n> d")
@example("a | b\n:- | -:\n`x | y` @ada <b> [l](u) ![i](u) https://a.b www.a.b *s* &lt; :x: $m$")
@example("```\n<script>\n```")
@example("`x[::step]` ::error::x `##[error]` ##[error]")
def test_prose_is_what_it_reads(text: str) -> None:
    """In a paragraph and in a table: the same letters, nothing that acts, and code at most."""
    shown = keep_letters(escape.block(text))
    tokens = GFM.parse(escape.prose(text))
    assert not re.search(r"::[A-Za-z]|##[A-Za-z]*\[", escape.prose(text))  # it may go to a CI log
    assert {t.type for t in tokens} <= {"paragraph_open", "paragraph_close", "inline"}
    assert read_prose(tokens) == shown
    row = GFM.parse(f"|a|b|\n|-|-|\n| {escape.prose(text, table=True)} | x |\n")
    cells = [t for t in row if t.type == "inline"]
    assert len(cells) == 4
    assert read_prose(cells[2:3]) == shown


def read_prose(tokens: list[Any]) -> str:
    """The letters of a page's prose."""
    inner = [c for t in tokens if t.type == "inline" for c in t.children or []]
    assert {t.type for t in inner} <= {"text", "code_inline", "softbreak", "html_inline"}
    assert {t.content for t in inner if t.type == "html_inline"} <= {"<br>", "<!-- -->"}
    words = "".join(t.content for t in inner if t.type in ("text", "code_inline"))
    return keep_letters(words)


def keep_letters(text: str) -> str:
    """Without white space, a tab in code among it, and without backticks, which become code.

    In code, what a CI runner could take for a command has an escape in its first character.
    """
    for said, meant in (("`", ""), ("\\t", ""), ("\\x3a", ":"), ("\\x23", "#")):
        text = text.replace(said, meant)
    return "".join(text.split())


def decoded(text: str, *, inside: bool) -> str:
    """What GitHub's runner makes of data, or of a property."""
    if inside:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@given(TEXT, TEXT, TEXT, st.integers(0, 9))
def test_an_annotation_is_one_command(text: str, title: str, file: str, line: int) -> None:
    """One line, read back as the runner reads it: the properties given, the text given."""
    made = escape.annotation("error", text, file=file, line=line, title=title)
    assert len(made.splitlines()) == 1
    legible(made.replace("\t", ""))
    found = re.fullmatch(r"::error ([^:]*)::(.*)", made)
    assert found is not None
    properties = dict(part.split("=", 1) for part in found[1].split(","))
    assert decoded(found[2], inside=False) == escape.block(text)
    assert properties.keys() == {"file", "line", "title"}
    assert decoded(properties["title"], inside=True) == escape.line(title)
    assert decoded(properties["file"], inside=True) == escape.line(file)
    assert properties["line"] == str(line)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (escape.annotation("notice", "50 %\nnext"), "::notice::50 %25%0Anext"),
        (escape.annotation("warning", "a: b, c", title="x: y, z"), "::warning title=x%3A y%2C z::a: b, c"),
        (escape.markdown("a | b"), "`a | b`"),
        (escape.markdown("a | `b`", table=True), "`` a \\| `b` ``"),
        (escape.markdown(""), ""),
        (escape.terminal("x[::2] torch::nn\n::error::"), "x[::2] torch\\x3a:nn\n\\x3a:error::"),
        (escape.terminal("##[group]"), "\\x23#[group]"),
    ],
)  # fmt: skip
def test_examples(made: str, expected: str) -> None:
    """What it looks like."""
    assert made == expected
