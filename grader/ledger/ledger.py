"""The record of a class: one SQLite file per output folder, from which everything is rendered.

Two things are kept apart: *executions* with their measurements, found again by a key that the
caller makes from everything that could change them, and *results*, of which every earlier one
stays. One transaction per graded submission: a kill loses the submission in flight, no more.
Only the controller thread writes; readers (`grader report OUT`) may look on meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from grader.ledger import codec
from grader.ledger.schema import APPLICATION, VERSION, migrate
from grader.records.errors import GraderError
from grader.records.execution import ExecutionRecord
from grader.records.json_values import Json, to_json
from grader.records.result import Graded

VOLATILE = frozenset(
    {"seconds", "cpu_seconds", "wall_seconds", "peak_mib", "duration", "durations", "started"}
    | {"finished", "graded", "graded_at", "timestamp", "reused"}
)
"""Keys of an execution and of the provenance that may differ without the result being another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result in a student's history."""

    graded: Graded
    execution_key: str
    checks_key: str
    at: str
    """When it was written, ISO 8601, UTC."""
    run: int | None
    """The run that wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One call of the grader on this output folder."""

    id: int
    pid: int
    argv: tuple[str, ...]
    started: str
    """ISO 8601, UTC."""
    finished: str | None
    """None where it still runs or was killed."""
    counts: Mapping[str, int]
    """What the caller counted: executed, reused, judged …"""
    executed: int
    """Executions that this run wrote and no later one replaced, counted in the table."""
    results: int
    """Results that this run added."""


class Ledger:
    """An open ledger; a context manager.

    A ledger of an older version is migrated when it is opened for writing. Raises GraderError where
    the file is not a ledger, is of a newer version, or another grader writes to it; the file is
    then as it was.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self._run: int | None = None
        self._lock: IO[str] | None = None
        self._database: sqlite3.Connection | None = None
        try:
            with self._faults("opened"):
                if readonly:
                    self._database = _look(path)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._lock = _lock(path)
                    self._database = _open(path)
        except BaseException:
            self.close()
            raise

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
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # Settings

    def setting(self, key: str) -> str | None:
        """What was last set under this key."""
        rows = self._read("SELECT value FROM settings WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def set_setting(self, key: str, value: str) -> None:
        """The value stands in the file."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                (_plain(key), _plain(value)),
            )

    # Executions and results

    def execution(
        self, key: str, *, kind: Literal["student", "reference"] = "student"
    ) -> ExecutionRecord | None:
        """What was recorded under this key."""
        rows = self._read(
            "SELECT kind, key, student, digest, execution, answers, in_float32, proofs, arrays,"
            " cells, notebook FROM executions WHERE kind = ? AND key = ?",
            kind,
            key,
        )
        if not rows:
            return None
        names = (f.name for f in fields(codec.Row))
        with self._faults("read"):
            return codec.load(codec.Row(**dict(zip(names, rows[0], strict=True))))

    def behind(self, student: str) -> ExecutionRecord | None:
        """The execution on which the student's newest result rests, if it is kept."""
        rows = self._read(
            "SELECT execution_key FROM results WHERE student = ? ORDER BY id DESC LIMIT 1", student
        )
        return self.execution(str(rows[0][0])) if rows else None

    def record(self, key: str, recorded: ExecutionRecord) -> None:
        """The execution stands in the file; one under the same key is replaced."""
        row = codec.dump(key, replace(recorded, student=_plain(recorded.student)))
        with self._transaction() as database:
            self._put_execution(database, row)

    def add_result(self, graded: Graded, execution_key: str, checks_key: str) -> bool:
        """The result is the student's newest; True where it differs from the one before."""
        with self._transaction() as database:
            return self._put_result(database, graded, execution_key, checks_key)

    def commit(self, key: str, recorded: ExecutionRecord, graded: Graded, checks_key: str) -> bool:
        """`record` and `add_result` at once: both stand in the file, or neither."""
        row = codec.dump(key, replace(recorded, student=_plain(recorded.student)))
        with self._transaction() as database:
            self._put_execution(database, row)
            return self._put_result(database, graded, key, checks_key)

    def results(self, students: Collection[str] | None = None) -> list[Graded]:
        """The newest result of each student, or of these students, by name."""
        rows = self._read(
            "SELECT graded FROM results WHERE id IN (SELECT max(id) FROM results GROUP BY student)"
        )
        with self._faults("read"):
            found = [Graded.from_json(json.loads(text)) for (text,) in rows]
        wanted = [g for g in found if students is None or g.student in students]
        return sorted(wanted, key=lambda g: (g.student.casefold(), g.student))

    def history(self, student: str) -> list[Entry]:
        """Every result of a student, oldest first."""
        rows = self._read(
            "SELECT graded, execution_key, checks_key, at, run FROM results"
            " WHERE student = ? ORDER BY id",
            _plain(student),
        )
        with self._faults("read"):
            return [
                Entry(
                    graded=Graded.from_json(json.loads(text)),
                    execution_key=execution_key,
                    checks_key=checks_key,
                    at=at,
                    run=run,
                )
                for text, execution_key, checks_key, at, run in rows
            ]

    # Runs

    def start_run(self, argv: Sequence[str]) -> int:
        """A new run stands in the file; what is written from now on bears its number."""
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO runs (pid, argv, started) VALUES (?, ?, ?)",
                (os.getpid(), json.dumps(list(argv)), _now()),
            )
        self._run = cursor.lastrowid
        assert self._run is not None
        return self._run

    def finish_run(self, run: int, counts: Mapping[str, int]) -> None:
        """The run is marked as ended by itself, with what the caller counted."""
        with self._transaction() as database:
            database.execute(
                "UPDATE runs SET finished = ?, counts = ? WHERE id = ?",
                (_now(), json.dumps(dict(counts)), run),
            )

    def runs(self) -> list[Run]:
        """Every run, oldest first; one that was killed has no end."""
        rows = self._read(
            "SELECT id, pid, argv, started, finished, counts,"
            " (SELECT count(*) FROM executions WHERE run = runs.id),"
            " (SELECT count(*) FROM results WHERE run = runs.id) FROM runs ORDER BY id"
        )
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

    # How

    def _put_execution(self, database: sqlite3.Connection, row: codec.Row) -> None:
        database.execute(
            "INSERT OR REPLACE INTO executions VALUES (:kind, :key, :student, :digest, :execution,"
            " :answers, :in_float32, :proofs, :arrays, :cells, :notebook, :run, :at)",
            {**asdict(row), "run": self._run, "at": _now()},
        )

    def _put_result(
        self, database: sqlite3.Connection, graded: Graded, execution_key: str, checks_key: str
    ) -> bool:
        student, fingerprint = _plain(graded.student), _fingerprint(graded)
        newest = database.execute(
            "SELECT fingerprint FROM results WHERE student = ? ORDER BY id DESC LIMIT 1", (student,)
        ).fetchone()
        if newest == (fingerprint,):
            return False
        database.execute(
            "INSERT INTO results (student, execution_key, checks_key, fingerprint, graded, run, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                student,
                execution_key,
                checks_key,
                fingerprint,
                json.dumps(graded.to_json()),
                self._run,
                _now(),
            ),
        )
        return True

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._faults("read"):
            return self._connection().execute(query, [_plain(v) for v in values]).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._connection()
        with self._faults("written"):
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # SQLite itself rolls back on a full disk
                    database.execute("ROLLBACK")
                raise

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            raise GraderError(f"The ledger {self.path} is closed.")
        return self._database

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours: a wrong thread, wrong parameters
        except (sqlite3.Error, OSError, codec.Damaged, json.JSONDecodeError) as error:
            raise GraderError(
                f"The ledger {self.path} could not be {what} ({error}). Check the folder's"
                " permissions and the space left; a damaged file has to be moved away."
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    """The ledger, ready for writing; made where there is none, migrated where it is an older one.

    The lock is held.
    """
    version = 0
    if path.exists() and path.stat().st_size:
        try:
            with closing(_connect(path, "ro")) as database:
                version = _version(database, path)
        except sqlite3.OperationalError:  # a kill left a journal, which only a writer can undo
            with closing(_connect(path, "rw")) as database:
                version = _version(database, path)
    database = _connect(path, "rwc")
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk before the next submission starts, so even a power cut
        # takes back no grade that was shown. NORMAL would only be *consistent* then. It costs one
        # fsync per submission, milliseconds beside the box that was just run.
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA journal_size_limit = 16777216")
        if version < VERSION:
            migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _look(path: Path) -> sqlite3.Connection:
    """The ledger for reading alone, while another process may write to it.

    An older one is read from a migrated copy, which SQLite deletes at the end.
    """
    if not path.is_file():
        raise GraderError(f"There is no ledger {path}. Run `grader grade` with this folder first.")
    try:
        database, version = _connect_to_read(path)
    except sqlite3.OperationalError:
        # Reading a WAL file takes a shared-memory file beside it, which a folder that is
        # read-only cannot get. With no WAL left, nothing is lost by reading without one.
        if path.with_name(path.name + "-wal").exists():
            raise
        database, version = _connect_to_read(path, "&immutable=1")
    if not version:
        database.close()
        raise GraderError(f"The ledger {path} is empty. Run `grader grade` with this folder first.")
    return database if version == VERSION else _migrated_copy(database)


def _migrated_copy(database: sqlite3.Connection) -> sqlite3.Connection:
    """A temporary ledger of today's version with the same content, for reading alone."""
    copy = sqlite3.connect("", isolation_level=None)
    with closing(database):
        database.backup(copy)
    migrate(copy)
    copy.execute("PRAGMA query_only = ON")
    return copy


def _connect_to_read(path: Path, more: str = "") -> tuple[sqlite3.Connection, int]:
    """A connection for reading alone, and the ledger's version; closed where there is none."""
    database = _connect(path, "ro", more)
    try:
        return database, _version(database, path)
    except BaseException:
        database.close()
        raise


def _connect(path: Path, mode: str, more: str = "") -> sqlite3.Connection:
    """A connection in which transactions are begun and ended by us alone."""
    uri = f"{path.absolute().as_uri()}?mode={mode}{more}"
    return sqlite3.connect(uri, uri=True, timeout=20.0, isolation_level=None)


def _version(database: sqlite3.Connection, path: Path) -> int:
    """The version of a ledger, 0 for a file without content. Raises GraderError for all else."""
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise GraderError(
            f"{path} is not a ledger of the grader ({error}). Move it away, or choose another -o."
        ) from None
    if application == APPLICATION and 1 <= version <= VERSION:
        return int(version)
    if application == APPLICATION and version > VERSION:
        raise GraderError(
            f"{path} was written by a newer grader (ledger version {version}; this one reads"
            f" {VERSION}). Use that grader, or choose another -o."
        )
    if application == version == tables == 0:
        return 0
    raise GraderError(
        f"{path} is a database, but not a ledger of the grader. Move it away, or choose another -o."
    )


def _lock(path: Path) -> IO[str]:
    """A lock that no other process holds, and that vanishes with this one, however it ends.

    It lies in a file of its own: closing any descriptor of the database would drop SQLite's own
    locks. Raises GraderError with the other's process id.
    """
    # Python opens it close-on-exec, so no program that we start inherits the lock. A plain fork
    # would share it: the warm process is started as a program, never forked from the controller.
    file = path.with_name(path.name + ".lock").open("a+", encoding="ascii", errors="replace")
    try:
        import fcntl
    except ImportError:  # Windows: SQLite still keeps the file whole, only this sentence is lost
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read(20).strip()
        file.close()
        pid = pid if pid.isdigit() else "unknown"
        raise GraderError(
            f"Another grader is writing to {path.parent} (pid {pid})."
            " Wait for it, or choose another -o."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


# Rows


def _fingerprint(graded: Graded) -> str:
    """The same for two results that differ in nothing but durations and times."""
    value = graded.to_json()
    value["execution"] = _steady(to_json(graded.execution))
    value["provenance"] = _steady(to_json(graded.provenance))
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _steady(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _steady(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_steady(v) for v in value]
    return value


def _plain(text: str) -> str:
    """Text that SQLite can hold: half characters become visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
