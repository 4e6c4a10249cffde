"""The SQLite file under a ledger: opened, locked, migrated, read and written in transactions.

Faults of the file become GraderError, in a sentence that names it.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from grader.ledger.codec import Damaged
from grader.ledger.schema import APPLICATION, VERSION, migrate
from grader.records import file_names
from grader.records.errors import GraderError

Mode: TypeAlias = Literal["ro", "rw", "rwc"]
"""SQLite's own: read, write, or write and make the file where there is none."""
_SUFFIXES = ("", "-wal", "-shm", "-journal", ".lock")
"""Of the files of a ledger."""


class Database:
    """An open file; only the thread that opened it may use it."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        """A file of an older version is migrated, or read from a migrated copy where `readonly`.

        Raises GraderError where the file is not a ledger, is of a newer version, or another grader
        writes to it; the file is then as it was.
        """
        self.path = path
        self._place: tuple[int, int] | None = None
        """Device and number of the file, where it is written to."""
        self._lock: IO[str] | None = None
        self._connection: sqlite3.Connection | None = None
        try:
            with self.name_faults("opened"):
                _require_plain_files(path)
                if readonly:
                    self._connection = _open_for_reading(path)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._lock = _lock(path)
                    self._connection = _open_for_writing(path)
                    self._place = _find_place(path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """The file is closed and free for others; closing twice does no harm."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """The rows that the query selects."""
        with self.name_faults("read"):
            connection = self._require_open()
            return connection.execute(query, [make_plain(v) for v in values]).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is written in the block stands in the file at its end, all of it or nothing."""
        connection = self._require_open()
        self.require_in_place()
        with self.name_faults("written"):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back on a full disk
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def name_faults(self, what: str) -> Iterator[None]:
        """Faults of the file, or of what stands in it, are raised as GraderError."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours: a wrong thread, wrong parameters
        except (sqlite3.Error, OSError, Damaged, json.JSONDecodeError) as error:
            raise GraderError(
                f"The ledger {self.path} could not be {what} ({error}). {_advise_on(error)}"
            ) from error

    def require_in_place(self) -> None:
        """Raises GraderError where the file that is written to does not stand at its path any more:
        SQLite would write on into a file without a name.
        """
        if self._place not in (None, _find_place(self.path)):
            raise GraderError(
                f"The ledger {self.path} was deleted, moved or replaced while it was written to. "
                "What was graded until then stands in that file, wherever it is now. Put the "
                "folder back, or grade into a new one"
            )

    def _require_open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise GraderError(f"The ledger {self.path} is closed.")
        return self._connection


def remove(path: Path) -> None:
    """The ledger is gone, with what lies beside it."""
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_ledger(path: Path) -> bool:
    """True where a plain file begins as a ledger of ours does."""
    try:
        with open(path, "rb", opener=_open_plain) as file:
            start = file.read(72)
    except OSError:
        return False
    return start.startswith(b"SQLite format 3\0") and start[68:] == APPLICATION.to_bytes(4, "big")


def _open_plain(path: str, flags: int) -> int:
    """Opens a file without following a link or waiting for a pipe. OSError for what is no file."""
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | more, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no plain file", path)
    return descriptor


def _require_plain_files(path: Path) -> None:
    """Raises GraderError where a link, a folder or a device stands where the ledger, or a file of
    SQLite's beside it, would be opened.
    """
    for suffix in _SUFFIXES:
        beside = path.with_name(path.name + suffix)
        try:
            mode = beside.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else ""
            raise GraderError(
                f"{beside} is {kind or 'a device or a pipe'}, where the ledger needs a plain file."
                " Move it away, or choose another -o"
            )


def _find_place(path: Path) -> tuple[int, int] | None:
    """Device and number of what stands there, if something does."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _advise_on(error: Exception) -> str:
    """What to do about a fault of the file."""
    if isinstance(error, OSError):
        return f"{file_names.advise_on(error)}, and run the same command again"
    if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
        return (
            "Everything before is kept. Free some space, or choose another folder, and run the "
            "same command again"
        )
    return "Check the folder's permissions and the space left; a damaged file has to be moved away."


def make_plain(text: str) -> str:
    """Text that SQLite can hold: half characters become visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _open_for_writing(path: Path) -> sqlite3.Connection:
    """The ledger of today's version; made where there is none. The lock is held."""
    version = _read_version_of_file(path)
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk before the next submission starts, so even a power cut
        # takes back no grade that was shown. NORMAL would only be *consistent* then. It costs one
        # fsync per submission, milliseconds beside the box that was just run.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        if version < VERSION:
            migrate(connection)
            with suppress(sqlite3.OperationalError):  # where there is no room, it stays as long
                connection.execute("VACUUM")
    except BaseException:
        connection.close()
        raise
    return connection


def _read_version_of_file(path: Path) -> int:
    """The version of the ledger, 0 where there is none."""
    if not path.exists() or not path.stat().st_size:
        return 0
    with suppress(sqlite3.OperationalError), closing(_connect(path, "ro")) as connection:
        return _read_version(connection, path)
    # A kill left a journal, which only a writer can undo.
    with closing(_connect(path, "rw")) as connection:
        return _read_version(connection, path)


def _open_for_reading(path: Path) -> sqlite3.Connection:
    """The ledger for reading alone, while another process may write to it."""
    if not path.is_file():
        raise GraderError(f"There is no ledger {path}. Run `grader grade` with this folder first.")
    try:
        connection, version = _connect_and_read_version(path)
    except sqlite3.OperationalError:
        # Reading a WAL file takes a shared-memory file beside it, which a folder that is
        # read-only cannot get. With no WAL left, nothing is lost by reading without one.
        if path.with_name(path.name + "-wal").exists():
            raise
        connection, version = _connect_and_read_version(path, "&immutable=1")
    if not version:
        connection.close()
        raise GraderError(f"The ledger {path} is empty. Run `grader grade` with this folder first.")
    return connection if version == VERSION else _copy_and_migrate(connection)


def _connect_and_read_version(path: Path, more: str = "") -> tuple[sqlite3.Connection, int]:
    """A connection for reading alone; it is closed where the file is refused."""
    connection = _connect(path, "ro", more)
    try:
        return connection, _read_version(connection, path)
    except BaseException:
        connection.close()
        raise


def _copy_and_migrate(old: sqlite3.Connection) -> sqlite3.Connection:
    """A ledger of today's version with the same content, for reading alone.

    SQLite keeps it in a temporary file, which it deletes at the end.
    """
    copy = sqlite3.connect("", isolation_level=None)
    with closing(old):
        old.backup(copy)
    migrate(copy)
    copy.execute("PRAGMA query_only = ON")
    return copy


def _connect(path: Path, mode: Mode, more: str = "") -> sqlite3.Connection:
    """A connection in which transactions are begun and ended by us alone."""
    uri = f"{path.absolute().as_uri()}?mode={mode}{more}"
    return sqlite3.connect(uri, uri=True, timeout=20.0, isolation_level=None)


def _read_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a ledger, 0 for a file without content. Raises GraderError for all else."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
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
    # would share it: the fork server is started as a program, never forked from the controller.
    beside = path.with_name(path.name + ".lock")
    file = open(beside, "a+", encoding="ascii", errors="replace", opener=_open_plain)  # noqa: SIM115
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
