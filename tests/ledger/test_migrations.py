"""Ledgers of earlier versions: all that was kept is kept, and a kill leaves the old or the new."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.grading.grade import render
from grader.ledger import schema
from grader.ledger.ledger import Ledger
from grader.records.errors import GraderError
from grader.records.execution import ExecutionRecord, Missing
from grader.records.measurements import Logits
from kit.places import TESTS

OLD = TESTS / "ledger" / "versions" / "1.db"
"""Written by the grader that wrote version 1, on a class of five: right at the second try (ada),
an error in `forward` (bob), a notebook (cy), no entry (dee), another network (fay).
"""
SCORES = {"ada": 10.0, "bob": 2.0, "cy": 10.0, "dee": 0.0, "fay": 2.0}


@pytest.fixture(params=["written", "read"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The old ledger, migrated for writing, or as it is read without writing."""
    path = tmp_path / "grades.db"
    shutil.copy(OLD, path)
    with Ledger(path, readonly=request.param == "read") as opened:
        yield opened
    with closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
    assert version == (1 if request.param == "read" else schema.VERSION)
    assert (request.param == "written") or path.read_bytes() == OLD.read_bytes()


def behind(ledger: Ledger, student: str) -> ExecutionRecord:
    """The execution behind the newest result."""
    recorded = ledger.newest_execution(student)
    assert recorded is not None
    return recorded


def test_settings_and_runs_are_kept(ledger: Ledger) -> None:
    """Seed, level, both runs with their counts."""
    assert (ledger.setting("seed"), ledger.setting("level")) == ("11", "4")
    first, second = ledger.runs()
    assert first.counts == {"executed": 5, "reused": 0, "regraded": 0}
    assert (first.executed, first.results) == (6, 5)
    assert (second.executed, second.results) == (1, 1)
    assert second.finished


def test_results_and_history_are_kept(ledger: Ledger) -> None:
    """Every result, the earlier one of ada too, with the words of today."""
    assert {g.student: g.score for g in ledger.results()} == SCORES
    assert [e.graded.score for e in ledger.history("ada")] == [8.0, 10.0]
    before, now = ledger.history("ada")
    assert (before.run, now.run) == (1, 2)
    assert before.execution_key != now.execution_key
    (proof,) = (c.trust for c in now.graded.checks if c.name == "trained")
    assert proof == "proof"
    assert not any(g.needs_review for g in ledger.results())


def test_executions_are_found_under_their_keys(ledger: Ledger) -> None:
    """A measurement whose key is still made of the same things would be used again."""
    for student in SCORES:
        for entry in ledger.history(student):
            recorded = ledger.execution(entry.execution_key)
            assert recorded is not None
            assert (recorded.kind, recorded.student) == ("student", student)
            assert recorded.digest == entry.graded.digest
            assert recorded.in_float32 == {}


def test_claims_and_proofs_are_apart(ledger: Ledger) -> None:
    """What was recomputed outside is a proof; no answer contains one any more."""
    ada = behind(ledger, "ada")
    ((key, proof),) = ada.proofs.items()
    assert proof.why_not == ""
    assert np.shape(proof.logits) == (3, 2)
    read = Logits.from_wire(ada.answers[key])
    assert read.proven is None
    np.testing.assert_allclose(read.with_proof(proof).proven, read.own, rtol=1e-5)
    (refused,) = behind(ledger, "fay").proofs.values()
    assert refused.logits is None
    assert "do not fit the network" in refused.why_not
    assert behind(ledger, "bob").proofs == {}
    for student in SCORES:
        assert "proven" not in str(behind(ledger, student).answers)


def test_missing_answers_are_kept(ledger: Ledger) -> None:
    """With the student's own error in them."""
    bob = [v for v in behind(ledger, "bob").answers.values() if isinstance(v, Missing)]
    assert [(v.error.line if v.error else None, v.needs_review) for v in bob] == [(14, False)] * 2
    assert all(isinstance(v, Missing) for v in behind(ledger, "dee").answers.values())
    assert behind(ledger, "dee").execution.status == "missing"


def test_the_executed_notebook_is_kept(ledger: Ledger) -> None:
    """Its bytes and what became of its cells; a module has none."""
    cy = behind(ledger, "cy")
    assert cy.notebook is not None
    assert b"hello" in cy.notebook.content
    assert [(c.index, c.status) for c in cy.notebook.cells] == [(2, "ok"), (3, "error")]
    assert "ZeroDivisionError" in cy.notebook.cells[1].error
    assert len(cy.answers) == 3
    assert behind(ledger, "ada").notebook is None
    assert [ledger.newest_notebook(s) for s in ("cy", "ada", "nobody")] == [cy.notebook, None, None]


def test_the_reference_is_kept(ledger: Ledger) -> None:
    """Its execution is of its own kind, and its answers of both precisions are apart."""
    with closing(sqlite3.connect(OLD)) as database:
        query = "SELECT key FROM executions WHERE key LIKE 'reference %'"
        ((old,),) = database.execute(query).fetchall()
    key = old.removeprefix("reference ")
    assert ledger.execution(key) is None
    assert ledger.execution(old) is None
    recorded = ledger.execution(key, kind="reference")
    assert recorded is not None
    assert (recorded.kind, recorded.student) == ("reference", "reference")
    ((name, single),) = recorded.in_float32.items()
    answer: Any = recorded.answers[name]
    assert answer["precision"] == "float64"
    assert isinstance(single, dict)
    assert single["precision"] == "float32"
    assert len(recorded.answers) == 3


def test_a_damaged_execution_does_not_stop_the_rest(tmp_path: Path) -> None:
    """It is left out, to be measured again; the results are all there."""
    path = tmp_path / "grades.db"
    shutil.copy(OLD, path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE executions SET answers = '[{' WHERE student = 'ada'")
    database.close()
    with Ledger(path) as ledger:
        assert ledger.newest_execution("ada") is None
        assert ledger.newest_execution("bob") is not None
        assert {g.student: g.score for g in ledger.results()} == SCORES


def test_a_fault_in_the_middle_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that fails leaves the old ledger, and says so in a sentence."""
    path = tmp_path / "grades.db"
    shutil.copy(OLD, path)

    def fail(database: sqlite3.Connection) -> None:
        database.execute("DROP TABLE results")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, fail))
    with pytest.raises(GraderError, match="could not be opened"):
        Ledger(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM results").fetchone() == (6,)


@pytest.mark.proof
@pytest.mark.process
def test_kill_while_it_is_migrated(tmp_path: Path) -> None:
    """After SIGKILL at any moment the next grader finds everything."""
    program = (
        "import sys,pathlib;from grader.ledger.ledger import Ledger;"
        "print(flush=True);Ledger(pathlib.Path(sys.argv[1]))"
    )
    chance = random.Random(3)
    for n in range(12):
        path = tmp_path / str(n) / "grades.db"
        path.parent.mkdir()
        shutil.copy(OLD, path)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.03))
        process.kill()
        process.communicate()
        with Ledger(path) as ledger:
            assert {g.student: g.score for g in ledger.results()} == SCORES
            assert all(ledger.newest_execution(student) for student in SCORES)


def test_an_old_folder_is_rendered(ledger: Ledger, tmp_path: Path) -> None:
    """Pages, records and the notebook of each student, without a run."""
    assert render(ledger, tmp_path / "out", None) == len(SCORES)
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {f"{s}.html" for s in SCORES} | {"cy.ipynb", "cy.notebook.html"} <= names
    assert "ada.notebook.html" not in names
