"""A process and what it has started, as psutil sees them from outside, on every system."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import psutil

MARK = "GRADER_BOX"
"""Variable by which a process is known that has left its parents."""
_SHARE = 10
"""Of its time a search for descendants may take one part in so many."""
_END_SECONDS = 10.0
"""How long processes that were ended are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What some processes use together."""

    tasks: int = 0
    """Processes and threads."""
    cpu_seconds: float = 0.0
    """Of the living and, where the system tells, of the children they have waited for."""
    memory_kib: int = 0
    """Beyond what the first process had before student code ran."""


class ProcessTree:
    """A process, which leads a session of its own, and everything that descends from it."""

    def __init__(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """`mark` is the value of `MARK` in its environment."""
        self._process, self._mark = process, mark
        self._root = psutil.Process(process.pid)
        self._others: dict[int, psutil.Process] = {}
        """By number each descendant that was seen; a psutil.Process knows a later one apart."""
        self._next_search = 0.0
        self._base = Usage()
        self._own = self._shared = 0
        """KiB of the first process when it began, as `_read_memory` tells them apart."""
        self._cpu_seconds = 0.0

    @property
    def ended(self) -> bool:
        """True once the first process runs no more; it is not waited for yet, so that its number
        stays its own.
        """
        return not _is_alive(self._root)

    def begin(self) -> None:
        """What is used until now is not the student's."""
        self._base = self._measure()
        with contextlib.suppress(psutil.Error):
            self._own, self._shared = _read_memory(self._root)

    def measure(self) -> Usage:
        """What is used now, beyond what was used when it began."""
        if time.monotonic() >= self._next_search:
            self._search()
        now = self._measure()
        # Of a process that has vanished nobody tells any more what it used.
        self._cpu_seconds = max(self._cpu_seconds, now.cpu_seconds - self._base.cpu_seconds)
        return replace(now, tasks=now.tasks - self._base.tasks + 1, cpu_seconds=self._cpu_seconds)

    def _measure(self) -> Usage:
        tasks, seconds, beyond = 0, 0.0, 0
        for process in (self._root, *self._others.values()):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    tasks += process.num_threads()
                    own, shared = _read_memory(process)
            except psutil.Error:  # it has ended
                continue
            seconds += times.user + times.system
            seconds += getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
            # Libraries that the system drops from memory give nobody more of it.
            beyond += max(0, own - self._own) + max(0, shared - self._shared)
        return Usage(tasks=tasks, cpu_seconds=seconds, memory_kib=beyond)

    def _search(self) -> None:
        """Every descendant is known. Each search takes time, the more the more processes run."""
        start = time.monotonic()
        below: set[int] = set()
        for process in (self._root, *list(self._others.values())):
            if process.pid not in below:  # else the search above has been through it already
                with contextlib.suppress(psutil.Error):
                    children = {c.pid: c for c in process.children(recursive=True)}
                    self._others |= children
                    below |= children.keys()
        now = time.monotonic()
        self._next_search = now + _SHARE * (now - start)

    def kill(self) -> None:
        """The first process is about to end; what it has started is known before that."""
        self._search()
        with contextlib.suppress(psutil.Error):
            self._root.kill()

    def end(self) -> int:
        """None of them is left, those included that left their session and their parent.

        The first one's exit code; of a signal the number with a minus.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        self.kill()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        deadline = time.monotonic() + _END_SECONDS
        while (alive := self._list_alive()) and time.monotonic() < deadline:
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(0.005)
        return code

    def _list_alive(self) -> list[psutil.Process]:
        """Those of them that still run, with what they have started meanwhile."""
        alive = [p for p in self._others.values() if _is_alive(p)]
        for process in (*alive, *(() if alive else self._find_marked())):
            self._others[process.pid] = process
            with contextlib.suppress(psutil.Error):
                self._others |= {c.pid: c for c in process.children(recursive=True)}
        return [p for p in self._others.values() if _is_alive(p)]

    def _find_marked(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark and _is_alive(process):
                    yield process
            except (psutil.Error, OSError, ValueError):  # another user's, or gone
                continue


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _read_memory(process: psutil.Process) -> tuple[int, int]:
    """KiB of its own, and KiB of files and of what it shares; 0 where the system does not tell.

    Its own is what is reserved for it alone where that is counted, as Windows does.
    """
    memory = process.memory_info()
    if hasattr(memory, "private"):
        return int(memory.private) >> 10, 0
    shared = int(getattr(memory, "shared", 0))
    return int(memory.rss) - shared >> 10, shared >> 10
