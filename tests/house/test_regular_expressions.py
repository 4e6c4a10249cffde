"""No regular expression that the grader applies to a student's text takes more than a moment.

Inside a box it is the student's own time. Everywhere else each pattern is tried on texts that are
made to have it begin again and again.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.records import advice

PACKAGE = Path(grader.__file__).resolve().parent
LENGTH = 40_000
"""Characters of a text; a pattern that takes the square of it takes many seconds."""
SECONDS = 2.0
"""Of computing time; a linear one takes milliseconds."""
SHORT = {
    **dict.fromkeys(("entry", "clues", "spelling", "file_names"), 1_024),
    **dict.fromkeys(("brightspace", "canvas", "moodle"), 1_024),
    "advice": 1_000,
    "blackboard": 4_000,
    "roster": 300,
    "times": 80,
}
"""Modules whose patterns meet names and messages only, which are cut before."""
FUNCTIONS = {"compile", "sub", "match", "search", "fullmatch", "finditer", "findall", "split"}
UNITS = (
    " ", "\t", "\n", "a", "A1", "_", "'", '"', "`", "(", ")", "[", "{", ".", "..", "/", "\\", "-",
    ",", "a.", "a/", "'a", "=", "#", "\x1b[", "0", ":", "a(", "é", "`\n", "\\x", "%",
)  # fmt: skip

Row = tuple[str, str, str | bytes, int]
"""Module, place, pattern and flags."""


def patterns() -> Iterator[Row]:
    """Each pattern that stands in the text of the grader, outside of what enters a box."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(("inside/", "_course/")):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if (pattern := find_pattern(node)) is not None:
                yield path.stem, f"{name}, line {pattern[0]}", *pattern[1:]
    for number, rule in enumerate(advice._RULES):
        for text in filter(None, (rule.kind, rule.message, rule.code)):
            yield "advice", f"advice, rule {number}", text, 0


def find_pattern(node: ast.AST) -> tuple[int, str | bytes, int] | None:
    """Line, pattern and flags, where the node is a call of a function of `re` with a plain text."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    owner, first = node.func.value, node.args[0]
    if not (isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in FUNCTIONS):
        return None
    if not (isinstance(first, ast.Constant) and isinstance(first.value, (str, bytes))):
        return None
    flags = [getattr(re, a.attr, 0) for a in node.args if isinstance(a, ast.Attribute)]
    return node.lineno, first.value, sum(map(int, flags))


def texts(pattern: str, length: int) -> Iterator[str]:
    """Texts on which it may begin often, and go far."""
    words = re.findall(r"[\w' `(]{2,}", re.sub(r"\\[a-zA-Z]", " ", pattern))[:6]
    for start in ("", *words):
        for unit in (*UNITS, *(w for w in words if w != start)):
            for piece in (unit, start + unit):
                yield (start + piece * (length // len(piece)))[:length]


FOUND = list(patterns())


def test_patterns_are_found() -> None:
    """Those of the rooms that read students' files and write pages, and of the advice."""
    assert {"pages", "contents", "code_pages", "advice", "outcome"} <= {name for name, *_ in FOUND}


@pytest.mark.proof
@pytest.mark.parametrize("row", FOUND, ids=[f"{n}-{row[1]}" for n, row in enumerate(FOUND)])
def test_it_takes_no_time(row: Row) -> None:
    """However a text is made for it."""
    name, _, pattern, flags = row
    shown = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    for text in texts(shown, SHORT.get(name, LENGTH)):
        began = time.process_time()
        if isinstance(pattern, bytes):
            sum(1 for _ in re.finditer(pattern, text.encode(), flags))
        else:
            sum(1 for _ in re.finditer(pattern, text, flags))
            re.fullmatch(pattern, text, flags)
        assert time.process_time() - began < SECONDS, text[:80]
