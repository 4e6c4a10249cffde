"""Notebooks as students really write them: each oddity gets what `expected.toml` says.

A specimen is a folder in `submissions/notebooks/`: `cells.txt`, cells parted by lines `# %%`, and
files that are handed in with them. `# %% markdown` begins a text cell, `# %% network` stands for a
right `LeNet5`. `make.py` makes files that git should not hold.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.ledger.ledger import Ledger
from grader.records.json_values import to_json
from grader.records.result import Graded
from grader.sandbox import ForkServer
from kit.graded import Borrower, Lenet, outcomes, said
from kit.places import ROOT
from kit.practice import EXPECTED, PRACTICE, handed_in
from kit.slow import in_proofs, sample

PATIENT = {"cpu_seconds": 120.0, "cell_seconds": 30.0}
"""Limits that a busy machine does not reach."""


@pytest.fixture(scope="module")
def own(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lenet]:
    """lenet5_mnist, whose settings a specimen may change."""
    path = tmp_path_factory.mktemp("practice") / "grades.db"
    with Borrower(server, Course(ROOT).load("lenet5_mnist")) as executor, Ledger(path) as ledger:
        yield Lenet(executor, ledger)


def graded(lenet: Lenet, name: str, folder: Path) -> Graded:
    """What the specimen gets, with the settings that it asks for."""
    wanted, assignment = EXPECTED[name], lenet.executor.loaded.assignment
    before = copy.copy(assignment)
    assignment.limits = replace(before.limits, **{**PATIENT, **wanted.get("limits", {})})
    if "run" in wanted:
        assignment.run = wanted["run"]
    try:
        return lenet.folder(handed_in(name, folder))
    finally:
        vars(assignment).update(vars(before))


def test_every_specimen_is_expected() -> None:
    """The folders are those that expected.toml lists, in order; there are at least forty."""
    assert list(EXPECTED) == sorted(p.name for p in PRACTICE.iterdir() if p.is_dir())
    assert len(EXPECTED) >= 40


def test_every_sentence_names_its_place() -> None:
    """Where something is lost, the sentence names file and line or cell, or the file as a whole."""
    for name, wanted in EXPECTED.items():
        if wanted.get("loses"):
            text = " ".join(wanted["says"])
            assert re.search(r"\w\.(ipynb|py|pt)\b", text), name
            assert wanted.get("whole") or re.search(r"\b(line|cell) \d+", text), name


@pytest.mark.parametrize(
    "name",
    [
        *in_proofs(*(n for n, e in EXPECTED.items() if e.get("proof"))),
        *sample(n for n, e in EXPECTED.items() if not e.get("proof")),
    ],
)
def test_is_judged(own: Lenet, tmp_path: Path, name: str) -> None:
    """Status, lost checks and sentences are as expected; no path of ours, no traceback is told."""
    wanted, found = EXPECTED[name], graded(own, name, tmp_path)
    text = said(found)
    every = {c.name for c in found.checks}
    loses = every if wanted.get("loses") == "all" else set(wanted.get("loses", []))
    assert found.execution.status == wanted.get("status", "ok"), text
    assert {c.name for c in found.checks if c.lost} == loses, text
    assert "broken" not in outcomes(found).values(), text
    assert found.needs_review == wanted.get("needs_review", False), text
    for piece in wanted["says"]:
        assert piece in text, text
    for piece in wanted.get("silent", []):
        assert piece not in text
    trouble = json.dumps(to_json(found.execution.error), ensure_ascii=False)
    for path in (str(ROOT), "site-packages", "/sub/", "grader/", "Traceback"):
        assert path not in text + trouble
