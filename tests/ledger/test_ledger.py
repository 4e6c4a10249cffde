"""The ledger: what was committed comes back, whatever happened to the process that wrote it."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.inside import wire
from grader.ledger import codec, pieces
from grader.ledger.ledger import Ledger
from grader.ledger.schema import VERSION
from grader.records.errors import GraderError
from grader.records.execution import (
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    ExecutionRecord,
    Missing,
    Proof,
)
from kit.entries import TROUBLE, graded, recorded
from kit.places import TESTS


def same(left: Any, right: Any) -> bool:
    """Equal down to dtypes, shapes, bytes and the types of numbers; NaN equals NaN."""
    if isinstance(left, np.ndarray | np.generic):
        left, right = np.asarray(left), np.asarray(right)
        alike = (left.dtype.newbyteorder("<"), left.shape) == (right.dtype, right.shape)
        return alike and left.astype(right.dtype).tobytes() == right.tobytes()
    if isinstance(left, list | tuple):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and list(left) == list(right)
            and all(same(left[k], right[k]) for k in left)
        )
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return type(left) is type(right) and bool(left == right)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "grades.db") as opened:
        yield opened


def test_settings(ledger: Ledger) -> None:
    """A setting is None until set, and the last value counts."""
    assert ledger.setting("seed") is None
    ledger.set_setting("seed", "17")
    ledger.set_setting("seed", "18")
    assert ledger.setting("seed") == "18"


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3, 4)])
def test_every_dtype(ledger: Ledger, dtype: str, shape: tuple[int, ...]) -> None:
    """Arrays of every dtype of the wire come back with dtype, shape and bytes, read-only."""
    array = np.arange(math.prod(shape)).astype(dtype).reshape(shape)
    ledger.record("k", recorded(a=array, b={"x": [array, 1.5, math.inf, None, True, "t", 2**70]}))
    kept = ledger.execution("k")
    assert kept is not None
    read: Any = kept.answers
    assert same(array, read["a"])
    assert same([array, 1.5, math.inf, None, True, "t", 2**70], read["b"]["x"])
    assert not read["a"].flags.writeable


def test_missing(ledger: Ledger) -> None:
    """A missing answer and the student's error in it come back as they were."""
    answers: dict[str, Any] = {
        "a": Missing(why="`LeNet5` is not defined.", error=TROUBLE, needs_review=True),
        "b": Missing(why="no"),
        "$odd": None,
    }
    ledger.record("k", recorded(**answers))
    kept = ledger.execution("k")
    assert kept is not None
    assert dict(kept.answers) == answers
    assert kept.execution == recorded().execution
    assert (kept.student, kept.digest) == ("ada", "d" * 64)
    assert ledger.execution("other") is None


def test_execution_is_replaced(ledger: Ledger) -> None:
    """A second execution under the same key takes the place of the first."""
    ledger.record("k", recorded(a=1))
    ledger.record("k", recorded(a=2))
    kept = ledger.execution("k")
    assert kept is not None
    assert kept.answers == {"a": 2}


def test_claims_proofs_and_precisions(ledger: Ledger) -> None:
    """Each is a field of its own, which no name among the answers can stand for."""
    names = ["a", "a/float32", "(notebook)", "proven"]
    record = ExecutionRecord(
        kind="reference",
        student="reference",
        digest="d" * 64,
        execution=Execution(status="ok"),
        answers={n: {"proven": np.arange(3.0), "why_not": n} for n in names},
        in_float32={n: np.arange(3.0, dtype=np.float32) for n in names},
        proofs={"a": Proof(logits=np.arange(4.0)), "b": Proof(logits=None, why_not="no")},
        notebook=ExecutedNotebook(
            content=b"{}\xff", cells=(ExecutedCell(index=2, status="died", seconds=0.5, error="x"),)
        ),
    )
    ledger.record("k", record)
    assert ledger.execution("k") is None
    kept = ledger.execution("k", kind="reference")
    assert kept is not None
    assert same(record.answers, kept.answers)
    assert same(record.in_float32, kept.in_float32)
    assert same(record.proofs["a"].logits, kept.proofs["a"].logits)
    assert kept.proofs["b"] == record.proofs["b"]
    assert kept.notebook == record.notebook
    assert (kept.kind, kept.student) == ("reference", "reference")


def test_a_student_who_hands_in_the_reference(ledger: Ledger) -> None:
    """Both executions are kept under the same key."""
    ledger.record("k", recorded(a=1))
    ledger.record("k", replace(recorded(a=2), kind="reference"))
    student, reference = ledger.execution("k"), ledger.execution("k", kind="reference")
    assert student is not None
    assert reference is not None
    assert (student.answers, reference.answers) == ({"a": 1}, {"a": 2})


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | hnp.arrays(st.sampled_from(sorted(wire.DTYPES)), hnp.array_shapes(min_dims=0, min_side=0)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text().filter(lambda k: not k.startswith("$")), inner, max_size=4)
    ),
    max_leaves=12,
)


def store(record: ExecutionRecord) -> tuple[pieces.StoredExecution, dict[str, bytes]]:
    """The columns of an execution, and its pieces as the file has them."""
    stored, found = pieces.store_execution(codec.dump_execution("k", record))
    return stored, {d: pieces.squeeze(raw) for d, raw in found.items()}


def restore(stored: pieces.StoredExecution, kept: dict[str, bytes]) -> ExecutionRecord:
    """The execution in these columns and pieces."""
    return codec.load_execution(pieces.restore_execution(stored, kept.__getitem__))


@settings(deadline=None)
@given(answers=st.dictionaries(st.text(), VALUES, max_size=4))
def test_answer_trees(answers: dict[str, Any]) -> None:
    """Whatever may cross the wire survives being stored."""
    record = replace(recorded(), answers=answers)
    assert same(answers, restore(*store(record)).answers)


JSON = st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps)


@settings(deadline=None)
@given(
    column=st.sampled_from(["execution", "measured", "cells"]),
    content=st.binary() | JSON.map(lambda text: pieces.squeeze(text.encode("utf-8", "replace"))),
)
def test_damaged_rows(column: str, content: bytes) -> None:
    """A damaged row is an error that the ledger turns into a sentence, nothing else."""
    stored, kept = store(recorded(a=np.ones(3)))
    with contextlib.suppress(codec.Damaged):
        restore(replace(stored, notebook=pieces.squeeze(b"{}"), **{column: content}), kept)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.data())
def test_damaged_arrays(data: st.DataObject) -> None:
    """Any byte of an array may change: what is read is as it was, or the row is damaged."""
    stored, kept = store(recorded(a=np.arange(40.0), b=np.ones((3, 2), np.float32)))
    digest = data.draw(st.sampled_from(sorted(kept)))
    place = data.draw(st.integers(0, len(kept[digest]) - 1))
    blob = bytearray(kept[digest])
    blob[place] ^= data.draw(st.integers(1, 255))
    for content in (bytes(blob), kept[digest][:place]):
        with contextlib.suppress(codec.Damaged):
            read: Any = restore(stored, {**kept, digest: content}).answers
            assert same(np.arange(40.0), read["a"])


def test_a_bomb_is_not_expanded() -> None:
    """A piece of a doctored ledger that is larger than its array is refused before it is read."""
    stored, kept = store(recorded(a=np.arange(3.0)))
    bomb = dict.fromkeys(kept, pieces.squeeze(bytes(1 << 26)))
    with pytest.raises(codec.Damaged, match="too many"):
        restore(stored, bomb)


def test_a_damaged_row_is_a_sentence(ledger: Ledger) -> None:
    """Execution, notebook, result and run: each is named as damaged, none is a traceback."""
    run = ledger.start_run(["grade"])
    ledger.commit("k", recorded(a=np.zeros(3)), graded(), "c")
    ledger.finish_run(run, {})
    with contextlib.closing(sqlite3.connect(ledger.path)) as database, database:
        database.execute(
            "UPDATE executions SET measured = X'504B0304', notebook = X'00', cells = X'00'"
        )
        database.execute("UPDATE results SET graded = X'504B0304'")
        database.execute("UPDATE runs SET argv = '['")
    for read in (
        lambda: ledger.execution("k"),
        lambda: ledger.newest_execution("ada"),
        lambda: ledger.newest_notebook("ada"),
        lambda: list(ledger.results()),
        lambda: ledger.history("ada"),
        ledger.runs,
    ):
        with pytest.raises(GraderError, match=r"could not be read .* has to be moved away"):
            read()


def test_pickles_are_refused() -> None:
    """An array of objects in a doctored ledger is not unpickled, nor one in a doctored kit."""
    stored, kept = store(recorded(a=np.zeros(3)))
    text = json.dumps(pieces.expand_json(stored.measured)).replace("<f8", "|O8")
    with pytest.raises(codec.Damaged, match="dtype"):
        restore(replace(stored, measured=pieces.squeeze(text.encode())), kept)
    evil = io.BytesIO()
    np.savez(evil, **{"0": np.array([print], dtype=object)})  # type: ignore[arg-type]
    with pytest.raises(codec.Damaged, match="allow_pickle"):
        codec.load_arrays(evil.getvalue())


def test_history(ledger: Ledger) -> None:
    """A regrade adds a row only if something but durations differs from the newest one."""
    assert ledger.add_result(graded(earned=7), "e1", "c1")
    slower = graded(
        earned=7,
        execution=Execution(status="crashed", error=TROUBLE, seconds=9.0, peak_mib=1.0),
        provenance={"torch": "2.13.0", "durations": {"measure": 5.0}},
    )
    assert not ledger.add_result(slower, "e1", "c1")
    assert ledger.add_result(graded(earned=8), "e1", "c2")
    assert ledger.add_result(graded(earned=7), "e1", "c1")
    assert [(e.graded.score, e.checks_key) for e in ledger.history("ada")] == [
        (7, "c1"),
        (8, "c2"),
        (7, "c1"),
    ]
    assert ledger.history("nobody") == []


def test_results(ledger: Ledger) -> None:
    """The newest result of each student, by name, equal to the record that was given."""
    for student, earned in [("bob", 1.0), ("Ada", 2.0), ("bob", 3.0), ("zoë\udcff", 4.0)]:
        ledger.add_result(graded(student, earned), "e", "c")
    every = [graded("Ada", 2.0), graded("bob", 3.0), graded("zoë\udcff", 4.0)]
    assert list(ledger.results()) == every
    assert list(ledger.results(["zoë\udcff", "nobody", "bob"])) == [every[2], every[1]]
    assert list(ledger.results()[1:]) == every[1:]
    apart = ledger.results_apart(["bob"])
    ledger.close()
    assert (len(apart), apart[0], list(apart)) == (1, every[1], [every[1]])
    with Ledger(ledger.path, readonly=True) as again:
        assert len(again.history("zoë\udcff")) == 1


def test_commit_is_one_transaction(ledger: Ledger) -> None:
    """If the result cannot be written, the execution is not either."""
    bad = graded(provenance={"array": np.zeros(3)})
    with pytest.raises(TypeError):
        ledger.commit("k", recorded(a=1), bad, "c")
    assert ledger.execution("k") is None
    assert ledger.commit("k", recorded(a=1), graded(), "c")
    assert ledger.execution("k") is not None


def test_runs(ledger: Ledger) -> None:
    """A run knows its words, what it executed, and whether it ended by itself."""
    first = ledger.start_run(["grade", "lenet5_mnist", "caf\udce9"])
    ledger.commit("k", recorded(a=1), graded(), "c")
    ledger.finish_run(first, {"executed": 1})
    ledger.start_run(["grade"])
    ledger.add_result(graded(), "k", "c")
    done, open_ = ledger.runs()
    assert (done.argv, done.counts, done.executed, done.results) == (
        ("grade", "lenet5_mnist", "caf\udce9"),
        {"executed": 1},
        1,
        1,
    )
    assert done.finished
    assert (open_.finished, open_.executed, open_.results) == (None, 0, 0)


def test_stays_after_closing(tmp_path: Path) -> None:
    """What was written is there when the file is opened again; a closed ledger says so."""
    with Ledger(tmp_path / "new" / "grades.db") as ledger:
        ledger.set_setting("seed", "1")
    with Ledger(tmp_path / "new" / "grades.db") as again:
        assert again.setting("seed") == "1"
    with pytest.raises(GraderError, match="closed"):
        ledger.setting("seed")


def test_newer_schema(tmp_path: Path) -> None:
    """A ledger of a newer grader is refused in one sentence and left as it was."""
    path = tmp_path / "grades.db"
    with Ledger(path) as ledger:
        ledger.set_setting("seed", "1")
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(GraderError, match=f"newer grader .ledger version {VERSION + 1}"):
            Ledger(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "database", "folder"])
def test_foreign_file(tmp_path: Path, kind: str) -> None:
    """A file that is no ledger is refused in one sentence and left as it was."""
    path = tmp_path / "grades.db"
    if kind == "text":
        path.write_text("my own notes\n" * 100)
    elif kind == "database":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE mine (x)")
        database.close()
    else:
        path.mkdir()
    before = path.read_bytes() if path.is_file() else b""
    for readonly in (False, True):
        with pytest.raises(GraderError) as caught:
            Ledger(path, readonly=readonly)
        assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    """Whoever keeps the error does not keep the file open."""
    path = tmp_path / "grades.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE mine (x)")
    for readonly in (False, True):
        with pytest.raises(GraderError) as caught:
            Ledger(path, readonly=readonly)
        held = [fd.readlink() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
        assert path not in held
        assert caught.value


def test_reading_needs_a_ledger(tmp_path: Path) -> None:
    """Reading makes no file where there is none, and says what to run."""
    with pytest.raises(GraderError, match="Run `grader grade`"):
        Ledger(tmp_path / "grades.db", readonly=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "grades.db").touch()
    with pytest.raises(GraderError, match="is empty"):
        Ledger(tmp_path / "grades.db", readonly=True)


def test_reader_beside_writer(ledger: Ledger) -> None:
    """A reader sees what was committed while the writer goes on, and writes nothing itself."""
    ledger.add_result(graded(), "e", "c")
    with Ledger(ledger.path, readonly=True) as reader:
        assert len(reader.results()) == 1
        ledger.add_result(graded("bob"), "e", "c")
        assert len(reader.results()) == 2
        with pytest.raises(GraderError, match="readonly"):
            reader.set_setting("seed", "2")


WRITER = textwrap.dedent(
    """
    import sys, numpy as np
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from kit.entries import graded, recorded
    from grader.ledger.ledger import Ledger
    with Ledger(Path(sys.argv[1])) as ledger:
        run = ledger.start_run(["grade"])
        print("open", flush=True)
        for n in range(int(sys.argv[2]), 1_000_000):
            answer = np.full((n % 7 + 1, 20_000), n, dtype="<f8")
            ledger.commit(f"k{{n}}", recorded(f"s{{n}}", a=answer), graded(f"s{{n}}", n), "c")
            print(n, flush=True)
    """
).format(tests=str(TESTS))


def writer(path: Path, first: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.process
def test_second_writer(tmp_path: Path) -> None:
    """A second grader on the same folder is told who writes; after a kill the way is free."""
    path = tmp_path / "grades.db"
    process = writer(path, 0)
    assert process.stdout
    with process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(GraderError, match=rf"Another grader .* \(pid {process.pid}\)"):
            Ledger(path)
        Ledger(path, readonly=True).close()
        process.kill()
    with Ledger(path) as ledger:
        assert ledger.runs()[0].finished is None
        with pytest.raises(GraderError, match="Another grader"):
            Ledger(path)


@pytest.mark.proof
@pytest.mark.process
def test_kill_at_random_moments(tmp_path: Path) -> None:
    """After SIGKILL every row that was reported is whole, and at most one more is there."""
    path, done, chance = tmp_path / "grades.db", 0, random.Random(5)
    for _ in range(10):
        process = writer(path, done)
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0.0, 0.15))
        process.kill()
        said = process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        with Ledger(path) as ledger:
            count = len(ledger.results())
            assert done + len(said) <= count <= done + len(said) + 1
            done = count
            for n in range(count):
                kept = ledger.execution(f"k{n}")
                assert kept is not None
                assert same(np.full((n % 7 + 1, 20_000), n, dtype="<f8"), kept.answers["a"])
                assert ledger.history(f"s{n}")[0].graded == graded(f"s{n}", n)
            assert ledger.execution(f"k{count}") is None
    assert done > 10
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.proof
@pytest.mark.process
def test_kill_while_it_is_made(tmp_path: Path) -> None:
    """A kill during the creation leaves a file that the next grader takes up."""
    create = "import sys,pathlib;from grader.ledger.ledger import Ledger;print(flush=True);Ledger(pathlib.Path(sys.argv[1]))"
    chance = random.Random(7)
    for n in range(10):
        path = tmp_path / str(n) / "grades.db"
        process = subprocess.Popen(
            [sys.executable, "-c", create, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.02))
        process.kill()
        process.communicate()
        with Ledger(path) as ledger:
            assert list(ledger.results()) == []
