"""Each row of docs/explanation/reliability.md is shown by a test that is there."""

from __future__ import annotations

import ast
import re

import pytest

from kit.places import ROOT

PAGE = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
HEAD = ["what fails", "what is said", "exit", "what is kept", "test"]


def find_rows() -> list[list[str]]:
    """The cells of every row, without heads and rules."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in cells] for cells in lines]
    return [r for r in rows if r != HEAD and not set("".join(r)) <= {"-"}]


ROWS = find_rows()


@pytest.mark.parametrize("row", ROWS, ids=[r[0][:60] for r in ROWS])
def test_a_row_is_whole_and_shown(row: list[str]) -> None:
    """It says all that there is to say, with an exit code that exists, and names a test."""
    assert len(row) == len(HEAD)
    assert all(row)
    assert row[2] in ("–", "0", "1", "2", "130")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert named
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, name


def test_the_page_has_rows() -> None:
    """The table is read at all."""
    assert len(ROWS) >= 30
