"""Who lives in a box and what they use, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What some processes use together."""

    tasks: int = 0
    """Processes and threads."""
    cpu_seconds: float = 0.0
    """Of the living and of the children they have waited for."""
    memory_kib: int = 0
    """Anonymous and shared memory, beyond what each got from the fork server."""


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
    """Memory of a process that belongs to no file, KiB; 0 where it has gone."""
    total = 0
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith((b"RssAnon:", b"RssShmem:", b"VmSwap:")):
                    total += int(line.split()[1])
    except OSError:
        return 0
    return total
