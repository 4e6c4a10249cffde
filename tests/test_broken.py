"""Innocent faults: each loses what it has to, and is told one clear sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import SUBMISSIONS, Lenet, said

BROKEN = SUBMISSIONS / "broken"
EXPECTED: Mapping[str, Mapping[str, Any]] = tomllib.loads((BROKEN / "expected.toml").read_text())


def test_every_specimen_is_expected() -> None:
    """The folders are those that expected.toml lists."""
    assert sorted(EXPECTED) == sorted(p.name for p in BROKEN.iterdir() if p.is_dir())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_is_told(lenet: Lenet, name: str) -> None:
    """Status, lost checks and a fragment of the sentence are as expected; nobody else is blamed."""
    expected, graded = EXPECTED[name], lenet.folder(Path(BROKEN / name))
    every = {c.name for c in graded.checks}
    loses = every if expected["loses"] == "all" else set(expected["loses"])
    assert graded.execution.status == expected["status"], said(graded)
    assert {c.name for c in graded.checks if c.lost} == loses, said(graded)
    assert expected["says"] in said(graded)
    assert "broken" not in {c.outcome for c in graded.checks}
    assert not graded.person, said(graded)
