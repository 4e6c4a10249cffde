"""The record of a class: one SQLite file per output folder, from which everything is rendered.

Two things are kept apart: *executions* with their measurements, found again by a key that the
caller makes from everything that could change them, and *results*, of which every earlier one
stays. One transaction per graded submission: a kill loses the submission in flight, no more.
Only the controller thread writes; readers (`grader report OUT`) may look on meanwhile.

Of a student no more than `budget.KEPT` bytes are added. What was measured beyond that is left out,
the largest answers first: a result that rests on them stands as long as the rules do.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.ledger import codec, marks, pieces, sketches
from grader.ledger.budget import KEPT, cut
from grader.ledger.curve import read_curve
from grader.ledger.database import Database, make_plain, remove
from grader.ledger.due import read_policy
from grader.ledger.entries import Entry, Run
from grader.ledger.overlay import Overlay
from grader.ledger.results import Read, Results
from grader.records.errors import GraderError
from grader.records.execution import ExecutedNotebook, ExecutionRecord, Kind
from grader.records.likeness import Sketch
from grader.records.mark import Mark, find_in_force
from grader.records.result import Graded

DUE, SCALE, HIDDEN = "due", "scale", "hidden_shown"
"""Settings: the text of the course's due.toml, the curve for the class, when students see hidden
checks.
"""
_ENTRIES = (
    "SELECT graded, execution_key, checks_key, at, run FROM results WHERE student = ? ORDER BY id"
)


class Ledger:
    """An open ledger; a context manager.

    A ledger of an older version is migrated when it is opened for writing, and read from a
    migrated copy otherwise. Raises GraderError where the file is not a ledger, is of a newer
    version, or another grader writes to it; the file is then as it was.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self._run: int | None = None
        self._replaced = False
        """Whether an execution was, so that pieces may belong to nothing."""
        self._database = Database(path, readonly=readonly)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """The file is closed and free for others; closing twice does no harm."""
        self._database.close()

    def require_in_place(self) -> None:
        """Raises GraderError where the file that is written to was deleted, moved or replaced."""
        self._database.require_in_place()

    # ------------------------------------------------------------------------------- settings

    def setting(self, key: str) -> str | None:
        """What was last set under this key."""
        rows = self._database.read("SELECT value FROM settings WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def set_setting(self, key: str, value: str) -> None:
        """The value stands in the file."""
        row = (make_plain(key), make_plain(value))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", row)

    def holds_anything(self) -> bool:
        """True where there is an execution or a result."""
        query = "SELECT EXISTS (SELECT 1 FROM executions), EXISTS (SELECT 1 FROM results)"
        return any(self._database.read(query)[0])

    # ------------------------------------------------------------------------------- executions

    def execution(self, key: str, *, kind: Kind = "student") -> ExecutionRecord | None:
        """What was recorded under this key."""
        names = [f.name for f in fields(pieces.StoredExecution)]
        query = f"SELECT {', '.join(names)} FROM executions WHERE kind = ? AND key = ?"  # noqa: S608
        rows = self._database.read(query, kind, key)
        if not rows:
            return None
        with self._database.name_faults("read"):
            stored = pieces.StoredExecution(**dict(zip(names, rows[0], strict=True)))
            return codec.load_execution(pieces.restore_execution(stored, self._fetch))

    def holds(self, key: str, *, kind: Kind = "student") -> bool | None:
        """Whether what was recorded under this key is whole; None where nothing was."""
        query = "SELECT whole FROM executions WHERE kind = ? AND key = ?"
        rows = self._database.read(query, kind, key)
        return bool(rows[0][0]) if rows else None

    def newest_execution(self, student: str) -> ExecutionRecord | None:
        """The execution on which the student's newest result rests, if it is kept."""
        rows = self._database.read(
            "SELECT execution_key FROM results WHERE student = ? ORDER BY id DESC LIMIT 1", student
        )
        return self.execution(str(rows[0][0])) if rows else None

    def newest_notebook(self, student: str) -> ExecutedNotebook | None:
        """The notebook of that execution, if it was one; no measurement is read for it."""
        rows = self._database.read(
            "SELECT cells, notebook FROM executions WHERE kind = 'student' AND key ="
            " (SELECT execution_key FROM results WHERE student = ? ORDER BY id DESC LIMIT 1)",
            student,
        )
        if not rows or rows[0][1] is None:
            return None
        with self._database.name_faults("read"):
            cells, notebook = rows[0]
            return codec.load_notebook(pieces.expand_json(cells), pieces.expand(notebook))

    def record(self, key: str, record: ExecutionRecord) -> None:
        """The execution stands in the file, all of it; one under the same key is replaced."""
        with self._database.transaction() as connection:
            self._put_execution(pieces.Shelf(connection), connection, key, record)

    def commit(
        self, key: str, record: ExecutionRecord, graded: Graded | None, checks_key: str
    ) -> bool:
        """`record` and `add_result` at once: both stand in the file, or neither. Of the record no
        more than there is room for. None where no result counts yet.
        """
        with self._database.transaction() as connection:
            shelf = pieces.Shelf(connection)
            changed, size = False, 0
            if graded is not None:
                changed, size = self._put_result(connection, graded, key, checks_key)
            execution, printed = pieces.store_printed(record.execution)
            spare = KEPT - size - len(execution) - shelf.weigh(printed)
            self._put_execution(shelf, connection, key, cut(record, spare, shelf.weigh_arrays))
            return changed

    # ------------------------------------------------------------------------------- results

    def add_result(self, graded: Graded, execution_key: str, checks_key: str) -> bool:
        """The result is the student's newest; True where it differs from the one before."""
        with self._database.transaction() as connection:
            return self._put_result(connection, graded, execution_key, checks_key)[0]

    def results(self, students: Sequence[str] | None = None) -> Results:
        """The newest result of each student, by name, or of these, in their order; who is withdrawn
        says so. Each is seen through what people decided (`overlay`); one is read at a time.
        """
        read = partial(self._read_result, self.read_overlay())
        return Results(self._find_newest(students), lambda: nullcontext(read))

    def results_apart(self, students: Sequence[str]) -> Results:
        """The same, to be read when this ledger is closed."""
        path = self.path.absolute()

        @contextmanager
        def reopen() -> Iterator[Read]:
            with Ledger(path, readonly=True) as again:
                yield partial(again._read_result, again.read_overlay())

        return Results(self._find_newest(students), reopen)

    def _find_newest(self, students: Sequence[str] | None) -> list[int]:
        rows = self._database.read("SELECT student, max(id) FROM results GROUP BY student")
        newest: dict[str, int] = dict(rows)
        if students is None:
            return [newest[n] for n in sorted(newest, key=lambda n: (n.casefold(), n))]
        return [newest[n] for n in map(make_plain, students) if n in newest]

    def newest_result(self, student: str) -> Entry | None:
        """The student's newest result, if there is one."""
        return next(iter(self._read_entries(f"{_ENTRIES} DESC LIMIT 1", student)), None)

    def read_overlay(self) -> Overlay:
        """What was decided beside what was measured: results are seen through it."""
        due, scale = self.setting(DUE), self.setting(SCALE)
        overlay = Overlay(
            marks=find_in_force(self.marks()),
            policy=read_policy(due) if due else None,
            curve=read_curve(scale or ""),
        )
        return overlay.fit(self._read_result(Overlay(), n) for n in self._find_newest(None))

    def _read_result(self, overlay: Overlay, number: int) -> Graded:
        """The result of that number; where its student is withdrawn it says so."""
        rows = self._database.read(
            "SELECT graded, withdrawn.at FROM results LEFT JOIN withdrawn USING (student)"
            " WHERE id = ?",
            str(number),
        )
        with self._database.name_faults("read"):
            ((content, at),) = rows
            measured = pieces.restore_result(content, self._fetch)
        return overlay.apply(replace(measured, withdrawn=at))

    def history(self, student: str) -> list[Entry]:
        """Every result of a student, oldest first."""
        return self._read_entries(_ENTRIES, student)

    def _read_entries(self, query: str, student: str) -> list[Entry]:
        rows = self._database.read(query, student)
        with self._database.name_faults("read"):
            return [
                Entry(
                    graded=pieces.restore_result(content, self._fetch),
                    execution_key=execution_key,
                    checks_key=checks_key,
                    at=at,
                    run=run,
                )
                for content, execution_key, checks_key, at, run in rows
            ]

    def withdraw_others(self, present: Collection[str]) -> list[str]:
        """Students with results who are not among these are withdrawn from now on, and nobody else;
        their names.
        """
        kept = {make_plain(student) for student in present}
        with self._database.transaction() as connection:
            known = {s for (s,) in connection.execute("SELECT DISTINCT student FROM results")}
            returned = [(s,) for s in kept]
            gone = [(s, self._run, _now()) for s in known - kept]
            connection.executemany("DELETE FROM withdrawn WHERE student = ?", returned)
            connection.executemany("INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?)", gone)
        return sorted(known - kept)

    # ------------------------------------------------------------------------------- marks

    def marks(self) -> list[Mark]:
        """Everything that people decided, oldest first."""
        return marks.read(self._database.read(marks.QUERY))

    def add_marks(self, decided: Iterable[Mark]) -> None:
        """These stand in the file, all or none, with the time at which they were added."""
        dated = [replace(m, student=make_plain(m.student), at=m.at or _now()) for m in decided]
        with self._database.transaction() as connection:
            marks.append(connection, dated)

    # ------------------------------------------------------------------------------- sketches

    def sketches(self) -> dict[str, list[Sketch]]:
        """By digest of the files what is kept to find their like."""
        return sketches.read(self._database.read(sketches.QUERY))

    def keep_sketches(self, made: Mapping[str, Sequence[Sketch]]) -> None:
        """These stand in the file, instead of what was there of the same digests."""
        with self._database.transaction() as connection:
            sketches.put(connection, made)

    # ------------------------------------------------------------------------------- runs

    def start_run(self, argv: Sequence[str]) -> int:
        """A new run stands in the file; what is written from now on bears its number."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (pid, argv, started) VALUES (?, ?, ?)",
                (os.getpid(), json.dumps(list(argv)), _now()),
            )
        self._run = cursor.lastrowid
        assert self._run is not None
        return self._run

    def finish_run(self, run: int, counts: Mapping[str, int]) -> None:
        """The run is marked as ended by itself, with what the caller counted; pieces that nothing
        refers to any more are gone.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE runs SET finished = ?, counts = ? WHERE id = ?",
                (_now(), json.dumps(dict(counts)), run),
            )
            if self._replaced:
                pieces.sweep(connection)

    def runs(self) -> list[Run]:
        """Every run, oldest first; one that was killed has no end."""
        rows = self._database.read(
            "SELECT id, pid, argv, started, finished, counts,"
            " (SELECT count(*) FROM executions WHERE run = runs.id),"
            " (SELECT count(*) FROM results WHERE run = runs.id) FROM runs ORDER BY id"
        )
        with self._database.name_faults("read"):
            return [
                Run(
                    id=id_,
                    pid=pid,
                    argv=tuple(json.loads(argv)),
                    started=started,
                    finished=finished,
                    counts=json.loads(counts),
                    executed=executed,
                    results=results,
                )
                for id_, pid, argv, started, finished, counts, executed, results in rows
            ]

    # ------------------------------------------------------------------------------- how

    def _fetch(self, digest: str) -> bytes:
        """A piece as it stands in the file. Raises Damaged where it does not."""
        rows = self._database.read("SELECT content FROM pieces WHERE digest = ?", digest)
        if not rows:
            raise codec.Damaged("a piece of it is missing")
        return bytes(rows[0][0])

    def _put_execution(
        self,
        shelf: pieces.Shelf,
        connection: sqlite3.Connection,
        key: str,
        record: ExecutionRecord,
    ) -> None:
        """The execution stands in the file, with its pieces."""
        row = codec.dump_execution(key, replace(record, student=make_plain(record.student)))
        stored, found = pieces.store_execution(row)
        shelf.put(found)
        gone = connection.execute(
            "DELETE FROM executions WHERE kind = ? AND key = ?", (stored.kind, stored.key)
        )
        self._replaced |= gone.rowcount > 0
        columns = [getattr(stored, f.name) for f in fields(stored)]
        connection.execute(
            "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*columns, record.whole, self._run, _now()),
        )

    def _put_result(
        self, connection: sqlite3.Connection, graded: Graded, execution_key: str, checks_key: str
    ) -> tuple[bool, int]:
        """Whether it differs from the one before, and how many bytes it adds."""
        student, fingerprint = make_plain(graded.student), codec.make_fingerprint(graded)
        newest = connection.execute(
            "SELECT fingerprint FROM results WHERE student = ? ORDER BY id DESC LIMIT 1", (student,)
        ).fetchone()
        if newest == (fingerprint,):
            return False, 0
        content, printed = pieces.store_result(graded)
        shelf = pieces.Shelf(connection)
        size = len(content) + shelf.weigh(printed)
        shelf.put(printed)
        connection.execute(
            "INSERT INTO results (student, execution_key, checks_key, fingerprint, graded, run, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (student, execution_key, checks_key, fingerprint, content, self._run, _now()),
        )
        return True, size


@contextmanager
def undo_where_nothing_is_kept(path: Path) -> Iterator[None]:
    """Where the block raises, a ledger that it made is gone again, with the folders made for it;
    unless it holds an execution or a result by then.
    """
    made = [f for f in (path.parent, *path.parent.parents) if not f.exists()]
    existed = path.exists()
    try:
        yield
    except BaseException:
        if not existed and path.exists() and not _holds_anything(path):
            with suppress(OSError):
                remove(path)
                for folder in made:
                    folder.rmdir()
        raise


def _holds_anything(path: Path) -> bool:
    try:
        with Ledger(path, readonly=True) as ledger:
            return ledger.holds_anything()
    except GraderError:
        return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
