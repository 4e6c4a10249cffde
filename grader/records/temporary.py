"""Temporary folders that do not outlive their run, even where that is killed.

Each is locked while it is used. The lock belongs to an open directory, so it ends with the last
process that holds it, however that ends; and whoever makes the next folder removes those of its own
user that nobody holds. Where the system has no such locks, nothing is swept.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".run"
"""Marks a folder that is locked while it is used; a grader of another version may lock none."""
_OURS = re.compile(r"grader-[a-z]+-[a-z0-9_]{8}\.run")
"""What `TemporaryFolder` calls its folders."""
_HELD: dict[str, int] = {}
"""Folders of this process that are not removed yet, and which process that is."""
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | os.O_RDONLY


class TemporaryFolder:
    """A new folder `grader-KIND-…`, in `path`; `remove` leaves nothing of it, and so does the end
    of the program. A context manager.
    """

    def __init__(self, kind: str, *, within: str | None = None) -> None:
        """`within` is the folder that it lies in; None for the usual one."""
        sweep(within or tempfile.gettempdir())
        self.path, self.lock = _make(kind, within)
        """Where it lies; the descriptor that holds the lock, -1 where there are none. Another
        process that uses the folder inherits it.
        """
        _HELD[self.path] = os.getpid()
        self.remove = weakref.finalize(self, _remove, os.getpid(), self.path, self.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def _make(kind: str, within: str | None) -> tuple[str, int]:
    while True:
        suffix = _SUFFIX if fcntl is not None else ""  # who cannot lock is swept by nobody
        path = tempfile.mkdtemp(prefix=f"grader-{kind}-", suffix=suffix, dir=within)
        if fcntl is None:
            return path, -1
        lock = _take(path)
        if lock is not None and Path(path).is_dir():
            return path, lock
        if lock is not None:  # somebody swept it before it was locked
            os.close(lock)


def _take(path: str) -> int | None:
    """The descriptor that locks this folder; None where it is gone, or somebody else's."""
    try:
        folder = os.open(path, _FOLDER)
    except OSError:
        return None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        return None
    return folder


def _remove(owner: int, path: str, lock: int) -> None:
    if os.getpid() == owner:  # a fork of the program that ends leaves it to the program
        shutil.rmtree(path, ignore_errors=True)
        _HELD.pop(path, None)
        if lock >= 0:
            os.close(lock)


def remove_all() -> None:
    """Nothing of any folder is left, for a program that ends by force. Their locks end with it."""
    for path, owner in list(_HELD.items()):
        if owner == os.getpid():
            shutil.rmtree(path, ignore_errors=True)


def sweep(where: str) -> None:
    """Folders of this user's that were left there by runs which have been killed are gone."""
    if fcntl is None:
        return
    try:
        entries = list(os.scandir(where))
    except OSError:
        return
    for entry in entries:
        if _OURS.fullmatch(entry.name) and _is_own_folder(entry.path):
            lock = _take(entry.path)
            if lock is not None:
                shutil.rmtree(entry.path, ignore_errors=True)
                os.close(lock)


def _is_own_folder(path: str) -> bool:
    try:
        seen = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid()
