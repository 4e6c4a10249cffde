"""Who lives in a box and what they use, read from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

MOST_SOCKETS = 400
"""Of all processes of a box together. Each holds 300 KiB at most, as its buffer cannot be made
larger; a notebook's kernel has some fifty.
"""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What some processes use together."""

    tasks: int = 0
    """Processes and threads."""
    cpu_seconds: float = 0.0
    """Of the living and of the children they have waited for."""
    memory_kib: int = 0
    """Anonymous and shared memory, beyond what each got from the fork server. What several share
    counts for each.
    """


class MemoryLimit:
    """Says when processes that were forked from this one use more memory together than they may.

    What they share is counted once for each at first: that is cheap to read, and settles it where
    even that is within the limit. Otherwise the kernel is asked for each one's share (PSS). It
    walks through all pages for that, 12 ms for a GiB, so at most a tenth of the time goes into it.

    What waits in sockets is memory of no process, so there may be few of them.
    """

    def __init__(self, most_kib: int, *, own_network: bool) -> None:
        """`own_network`: only these processes have sockets in the network namespace of this one."""
        self.base_kib = read_memory(os.getpid())
        """What every process has from the fork server."""
        self.used_kib = 0
        """What they used when it was last found out."""
        self._most, self._next, self._own_network = most_kib, 0.0, own_network

    def is_exceeded(self, pids: Iterable[int], counted_kib: int) -> bool:
        """Whether they use too much; `counted_kib` is what `measure` has said of them."""
        if self._own_network and _count_sockets() > MOST_SOCKETS:
            return True
        begun = time.monotonic()
        if counted_kib <= self._most:
            self.used_kib = counted_kib
            return False
        if begun < self._next:
            return False
        inherited = _inherited_share()
        self.used_kib = sum(self._of(pid, inherited) for pid in pids)
        now = time.monotonic()
        self._next = now + 9 * (now - begun)
        return self.used_kib > self._most

    def _of(self, pid: int, inherited: int) -> int:
        counted = max(0, read_memory(pid) - self.base_kib)
        share = read_share(pid)
        return counted if share is None else min(counted, max(0, share - inherited))


def _count_sockets() -> int:
    """Unix sockets of this network namespace, those included that are on their way in a message."""
    with open("/proc/self/net/unix", "rb") as file:
        return file.read().count(b"\n") - 1


def list_others() -> list[int]:
    """All processes that /proc shows but PID 1 and this one."""
    own = os.getpid()
    return [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) not in (1, own)]


def list_descendants(ancestor: int) -> list[int]:
    """Children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := read_stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    descendants, waiting = [], [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        descendants += below
        waiting += below
    return descendants


def measure(pids: Iterable[int], base_kib: int) -> Usage:
    """What these processes use; those that have gone meanwhile use nothing."""
    tasks, seconds, memory = 0, 0.0, 0
    for pid in pids:
        fields = read_stat(pid)
        if fields:
            seconds += sum(map(int, fields[11:15])) / _TICKS
            tasks += int(fields[17])
            memory += max(0, read_memory(pid) - base_kib)
    return Usage(tasks=tasks, cpu_seconds=seconds, memory_kib=memory)


def is_full(directory: str) -> bool:
    """True where the file system at `directory` has no room or no file left."""
    try:
        system = os.statvfs(directory)
    except OSError:
        return False
    return system.f_bavail * system.f_frsize < 64 << 10 or system.f_favail < 2


def read_stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the third one on; none where the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read().decode("ascii", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def read_memory(pid: int) -> int:
    """Memory of a process that belongs to no file, and the tables of its pages, KiB; 0 where it has
    gone. A table is there for each 2 MiB of addresses that were looked at, whatever they hold.
    """
    names = (b"RssAnon", b"RssShmem", b"VmSwap", b"VmPTE")
    return sum(_read_sizes(f"/proc/{pid}/status", *names).values())


def read_share(pid: int) -> int | None:
    """The same, with what it shares divided by the number of those who do; None where that cannot
    be read: it has gone, has hidden itself, or the kernel is older than 5.4.
    """
    sizes = _read_sizes(f"/proc/{pid}/smaps_rollup", b"Pss_Anon", b"Pss_Shmem", b"SwapPss")
    tables = _read_sizes(f"/proc/{pid}/status", b"VmPTE")
    return sum((sizes | tables).values()) if b"Pss_Anon" in sizes else None


def _inherited_share() -> int:
    """This process's share of what all have from the fork server, KiB."""
    sizes = _read_sizes("/proc/self/smaps_rollup", b"Pss_Anon", b"Private_Dirty")
    return max(0, sizes.get(b"Pss_Anon", 0) - sizes.get(b"Private_Dirty", 0))


def _read_sizes(path: str, *names: bytes) -> dict[bytes, int]:
    """The named lines of a file of the kernel's, KiB; none where it cannot be read."""
    sizes: dict[bytes, int] = {}
    try:
        with open(path, "rb") as file:
            for line in file:
                name, _, size = line.partition(b":")
                if name in names:
                    sizes[name] = int(size.split()[0])
    except OSError:
        return {}
    return sizes
