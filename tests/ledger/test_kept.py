"""What stands in the file: little for each student, equal things once; where it cannot, a sentence."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from grader.assignment import probe
from grader.assignment.assignment import Measurements
from grader.ledger.budget import KEPT, NOT_KEPT, NOTEBOOK, cut_notebook
from grader.ledger.database import is_ledger
from grader.ledger.ledger import Ledger, undo_where_nothing_is_kept
from grader.records.errors import GraderError
from grader.records.execution import ExecutedNotebook, Execution, Missing, Proof, Unmeasured
from kit.entries import graded, recorded

NOISE = np.random.Generator(np.random.PCG64(7))


def draw(count: int) -> Any:
    """Bytes that cannot be compressed."""
    return NOISE.integers(0, 256, count, dtype="u1")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "grades.db") as opened:
        yield opened


def measure_size(ledger: Ledger) -> int:
    """Bytes that are used in the file."""
    with closing(sqlite3.connect(ledger.path)) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


# ---------------------------------------------------------------------- how much


def test_equal_arrays_stand_there_once(ledger: Ledger) -> None:
    """Whoever they belong to, the reference first; each comes back to everybody."""
    common = draw(1_000_000)
    ledger.record("k", replace(recorded(a=common), kind="reference"))
    before = measure_size(ledger)
    for n in range(20):
        student = recorded(f"s{n}", a=common, b={"x": [common, n]})
        ledger.commit(f"k{n}", student, graded(f"s{n}"), "c")
    assert measure_size(ledger) - before < 20 * 4096
    for n in range(20):
        kept = ledger.execution(f"k{n}")
        assert kept is not None
        answers: Any = kept.answers
        assert answers["b"]["x"][1] == n
        assert (answers["a"] == common).all()
        assert (answers["b"]["x"][0] == common).all()


@pytest.mark.parametrize("size", [KEPT, 40 * KEPT, 20 << 20], ids=lambda n: f"{n:,}")
def test_too_much_is_not_kept(ledger: Ledger, size: int) -> None:
    """The largest answers are left out, with their proofs; the rest is there, with the notebook as
    it ran and the result.
    """
    before = measure_size(ledger)
    notebook = ExecutedNotebook(content=b'{"cells": []}')
    record = replace(
        recorded(a=draw(size), b=1, c=Missing(why="no")),
        notebook=notebook,
        proofs={"a": Proof(logits=np.ones((2, 2))), "b": Proof(logits=None, why_not="so")},
    )
    assert ledger.commit("k", record, graded(), "c")
    assert measure_size(ledger) - before < KEPT
    assert ledger.holds("k") is False
    kept = ledger.execution("k")
    assert kept is not None
    assert not kept.whole
    assert kept.answers == {"a": NOT_KEPT, "b": 1, "c": Missing(why="no")}
    assert kept.proofs == {"b": Proof(logits=None, why_not="so")}
    assert kept.execution == record.execution
    assert kept.notebook == ledger.newest_notebook("ada") == notebook
    newest = ledger.newest_result("ada")
    assert newest is not None
    assert (newest.graded, newest.execution_key, newest.checks_key) == (graded(), "k", "c")


def test_what_was_not_kept_is_not_missing() -> None:
    """A check that asks for it, or whether it is there, is not told that it was not measured."""
    asked = probe.value("a")
    for look in (lambda m: m[asked], lambda m: asked in m, lambda m: m.each({"a": asked})):
        with pytest.raises(Unmeasured) as caught:
            look(Measurements({asked.key: NOT_KEPT}))
        assert caught.value.missing.needs_review


def test_many_small_things_are_much_too(ledger: Ledger) -> None:
    """Keys, texts and little arrays count as well; what is little is kept beside them."""
    for n, answer in enumerate(
        (
            {f"{i:x}": f"{i * 2654435761 % 2**32:x}" for i in range(40_000)},
            [bytes(draw(200_000)).hex()],
            [draw(8) for _ in range(5_000)],
        )
    ):
        before = measure_size(ledger)
        ledger.commit(f"k{n}", recorded(a=answer, b=[n]), graded(f"s{n}"), "c")
        kept = ledger.execution(f"k{n}")
        assert kept is not None
        assert kept.answers == {"a": NOT_KEPT, "b": [n]}
        assert measure_size(ledger) - before < 20_000


def test_of_the_reference_everything_is_kept(ledger: Ledger) -> None:
    """It is measured once for a whole class."""
    ledger.record("k", replace(recorded(a=draw(5_000_000)), kind="reference"))
    ledger.record("k", recorded(a=draw(2_000_000)))
    assert ledger.holds("k", kind="reference")
    assert ledger.holds("k")
    assert ledger.holds("l") is None


def test_what_was_printed_stands_there_once(ledger: Ledger) -> None:
    """In the execution, in the result and in every later result of the student."""
    text = bytes(draw(30_000)).hex() + "\udcff"
    execution = Execution(status="ok", stdout=text, stderr="short")
    before = measure_size(ledger)
    for earned in (1.0, 2.0, 3.0):
        one = graded(earned=earned, execution=execution)
        ledger.commit("k", replace(recorded(a=1), execution=execution), one, "c")
    assert measure_size(ledger) - before < 50_000
    assert [e.graded.execution for e in ledger.history("ada")] == [execution] * 3
    kept = ledger.execution("k")
    assert kept is not None
    assert kept.execution == execution


def test_what_nobody_needs_is_swept(ledger: Ledger) -> None:
    """At the end of a run in which an execution took another's place."""
    run = ledger.start_run(["grade"])
    printed = Execution(status="ok", stdout="x" * 5_000)
    ledger.commit("k", recorded(a=draw(100_000)), graded(execution=printed), "c")
    ledger.finish_run(run, {})
    before = measure_size(ledger)
    run = ledger.start_run(["grade", "--fresh"])
    ledger.commit("k", recorded(a=np.arange(3)), graded(), "c")
    assert measure_size(ledger) >= before
    ledger.finish_run(run, {})
    assert measure_size(ledger) < before - 90_000
    assert ledger.holds("k")
    assert ledger.history("ada")[0].graded.execution.stdout == "x" * 5_000


def write_notebook(*outputs: Any, source: str = "x") -> ExecutedNotebook:
    """A notebook of a cell for each output."""
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "execution_count": 1,
            "outputs": [output],
        }
        for output in outputs
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return ExecutedNotebook(content=json.dumps(book).encode())


def print_noise(count: int) -> dict[str, Any]:
    return {
        "output_type": "stream",
        "name": "stdout",
        "text": base64.b64encode(draw(count)).decode(),
    }


def test_a_notebook_of_plots_is_kept() -> None:
    """As it is, however much of it can be compressed."""
    plots = write_notebook(*(print_noise(40_000) for _ in range(20)))
    assert cut_notebook(plots) is plots
    long = write_notebook({"output_type": "stream", "name": "stdout", "text": "x" * (8 << 20)})
    assert cut_notebook(long) is long


def test_of_a_notebook_the_largest_outputs_are_left_out(ledger: Ledger) -> None:
    """A line in each place says so; it is still a notebook, and the ledger stays small."""
    sizes = (3_000_000, 40_000, 900_000, 200_000, 2_000_000)
    notebook = write_notebook(*map(print_noise, sizes))
    ledger.commit("k", replace(recorded(a=1), notebook=notebook), graded(), "c")
    assert measure_size(ledger) < NOTEBOOK + KEPT
    kept = ledger.newest_notebook("ada")
    assert kept is not None
    book = nbformat.reads(kept.content.decode(), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    said = [cell.outputs[0].text for cell in book.cells]
    assert ["was too much to be kept" in text for text in said] == [True, False, True, False, True]


@pytest.mark.parametrize(
    "notebook",
    [
        write_notebook(print_noise(5), source=base64.b64encode(draw(2 << 20)).decode()),
        ExecutedNotebook(content=bytes(draw(2 << 20))),
        ExecutedNotebook(content=b'{"cells": [{"outputs": 1}], "x": "' + bytes(draw(2 << 20))),
        write_notebook(base64.b64encode(draw(2 << 20)).decode()),
    ],
    ids=["source", "no JSON", "cut", "no output"],
)
def test_a_notebook_that_cannot_be_cut_is_left_out(notebook: ExecutedNotebook) -> None:
    """Then a cell says that."""
    book = nbformat.reads(cut_notebook(notebook).content.decode(), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    assert [cell.source for cell in book.cells] == [
        "The notebook as it ran was too much to be kept."
    ]


# ---------------------------------------------------------------------- where it stands


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("what", ["link", "dangling", "folder", "pipe"])
def test_only_plain_files_are_opened(tmp_path: Path, suffix: str, what: str) -> None:
    """A link is not followed, whether it leads anywhere or not; what it leads to stays as it was."""
    path, other = tmp_path / "out" / "grades.db", tmp_path / "mine"
    path.parent.mkdir()
    other.write_text("mine")
    beside = path.with_name(path.name + suffix)
    if what == "folder":
        beside.mkdir()
    elif what == "pipe":
        os.mkfifo(beside)
    else:
        beside.symlink_to(other if what == "link" else tmp_path / "nowhere")
    for readonly in (False, True):
        with pytest.raises(GraderError, match=r"where the ledger needs a plain file") as caught:
            Ledger(path, readonly=readonly)
        assert str(beside) in str(caught.value)
    assert other.read_text() == "mine"
    assert {p.name for p in tmp_path.iterdir()} == {"out", "mine"}
    assert not is_ledger(path)


def test_a_linked_ledger_is_none(tmp_path: Path) -> None:
    """A folder of submissions may hold any link; it is not looked through."""
    Ledger(tmp_path / "grades.db").close()
    assert is_ledger(tmp_path / "grades.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "grades.db")
    assert not is_ledger(tmp_path / "link.db")


@pytest.mark.parametrize("how", ["deleted", "renamed", "replaced"])
def test_a_ledger_that_is_gone_is_noticed(tmp_path: Path, how: str) -> None:
    """Before the next result is written; nothing is made where it stood, and what was written
    stays where the file is now.
    """
    out, away = tmp_path / "out", tmp_path / "away"
    with undo_where_nothing_is_kept(out / "grades.db"), Ledger(out / "grades.db") as ledger:
        ledger.commit("k", recorded(a=1), graded(), "c")
        if how == "deleted":
            shutil.rmtree(out)
        else:
            out.rename(away)
        if how == "replaced":
            Ledger(out / "grades.db").close()
        for write in (
            lambda: ledger.commit("l", recorded(a=1), graded("bob"), "c"),
            ledger.require_in_place,
        ):
            with pytest.raises(
                GraderError, match="deleted, moved or replaced while it was written"
            ):
                write()
    assert out.exists() == (how == "replaced")
    if how != "deleted":
        with Ledger(away / "grades.db", readonly=True) as kept:
            assert [g.student for g in kept.results()] == ["ada"]


def test_a_full_disk_is_a_sentence(ledger: Ledger) -> None:
    """What was written before stays, and there is room for the rest when there is space again."""
    ledger.commit("k", recorded(a=1), graded(), "c")
    connection = ledger._database._require_open()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(GraderError, match=r"full\)\. Everything before is kept\. Free some space"):
        ledger.commit("l", recorded(a=draw(100_000)), graded("bob"), "c")
    assert [g.student for g in ledger.results()] == ["ada"]
    connection.execute("PRAGMA max_page_count = 100000")
    ledger.commit("l", recorded(a=draw(20_000)), graded("bob"), "c")
    assert [g.student for g in ledger.results()] == ["ada", "bob"]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
