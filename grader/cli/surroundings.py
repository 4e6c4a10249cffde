"""What the grader needs of the machine before it begins, and what ran short where it fails.

A limit that is too low is said before anything is done: a process that the kernel ends can say
nothing any more.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import psutil

from grader.records import file_names
from grader.records.errors import SandboxError

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_UNIX = resource is not None and hasattr(os, "geteuid")
MEMORY_MIB = 1024
"""What the grader and its fork server take before the first submission is run."""
ADDRESSES_MIB = 6144
"""Address space of one process that imports torch; most of it is never used."""
FILE_MIB = 256
"""The largest file that a run may write, a ledger or a mount of training pictures."""
CPU_SECONDS = 600
"""What the grader or its fork server may compute in a run."""
FILES, FILES_OF_A_JOB = 128, 16
"""Open files of the grader, and of each submission that runs."""
_STREAMS = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Errors of what is shown on a stream that takes nothing."""
TASKS, TASKS_OF_A_JOB = 32, 8
"""Processes and threads, the student's own left out."""


def require(jobs: int) -> None:
    """There is enough of everything to run so many submissions at once. Raises SandboxError, in
    whose sentence the limit stands.
    """
    _require_memory()
    if _UNIX:
        _require_sizes()
        _require_files(FILES + FILES_OF_A_JOB * jobs)
        _require_tasks(TASKS + TASKS_OF_A_JOB * jobs)


def _require_memory() -> None:
    free = {"that is what this machine has left": psutil.virtual_memory().available}
    if _UNIX and Path("/proc/self/cgroup").exists():
        from grader.inside.walls import cgroup

        free |= {f"the control group {p} allows no more": n for p, n in cgroup.list_free().items()}
    why, least = min(free.items(), key=lambda one: one[1])
    if least < MEMORY_MIB << 20:
        raise SandboxError(
            f"{MEMORY_MIB:,} MiB of memory are needed before the first submission is run, and "
            f"{least >> 20:,} MiB are free: {why}. End other programs, or allow more"
        )


def _require_sizes() -> None:
    for name, word, least, scale, unit, of in (
        (resource.RLIMIT_AS, "-v", ADDRESSES_MIB << 20, 1024, "KiB", "process"),
        (resource.RLIMIT_DATA, "-d", MEMORY_MIB << 20, 1024, "KiB", "process"),
        (resource.RLIMIT_FSIZE, "-f", FILE_MIB << 20, 1024, "KiB", "file"),
        (resource.RLIMIT_CPU, "-t", CPU_SECONDS, 1, "seconds of CPU", "process"),
    ):
        soft, _ = resource.getrlimit(name)
        if soft != resource.RLIM_INFINITY and soft < least:
            raise SandboxError(
                f"`ulimit {word}` allows {soft // scale:,} {unit} a {of}, and {least // scale:,} "
                f"are needed. Run `ulimit {word} unlimited`"
            )


def _require_files(needed: int) -> None:
    """The soft limit is raised where it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SandboxError(
            f"`ulimit -n` allows {hard:,} open files, and {needed:,} are needed for so many "
            f"submissions at once. Run `ulimit -n {needed}`, or use fewer --jobs"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _require_tasks(needed: int) -> None:
    """Root has no such limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.geteuid() == 0 or soft == resource.RLIM_INFINITY:
        return
    taken = _count_own_tasks()
    if soft - taken < needed:
        raise SandboxError(
            f"`ulimit -u` allows {soft:,} processes and threads, of which {taken:,} are taken, and "
            f"{needed:,} are needed for so many submissions at once. Run `ulimit -u "
            f"{taken + needed}`, or use fewer --jobs"
        )


def _count_own_tasks() -> int:
    """Processes and threads of this user."""
    own, count = os.getuid(), 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids = process.info["uids"]
        if uids is not None and uids.real == own:
            count += process.info["num_threads"] or 1
    return count


def explain(error: BaseException) -> str:
    """A sentence where the machine ran short of something; empty where it is something else."""
    text = str(error)
    if isinstance(error, MemoryError) or _is_of(error, errno.ENOMEM) or "map segment" in text:
        return "this machine has no memory left for the grader. End other programs, or allow more"
    if _is_of(error, errno.EMFILE, errno.ENFILE):
        return (
            f"there are too many open files: `ulimit -n` allows {_get_soft('RLIMIT_NOFILE')}. "
            "Allow more, or use fewer --jobs"
        )
    if _is_of(error, errno.EAGAIN) or "can't start new thread" in text:
        return (
            "there are too many processes and threads: `ulimit -u` allows "
            f"{_get_soft('RLIMIT_NPROC')}, and a container may allow fewer. Allow more, or use "
            "fewer --jobs"
        )
    return ""


def describe_fault(error: OSError) -> str:
    """A sentence about a file or a stream that could not be read or written; empty for any other
    fault, which is one of ours.
    """
    why = error.strerror or str(error)
    if error.filename is None:
        if not _is_of(error, *_STREAMS):
            return ""
        return (
            f"what was to be shown could not be written ({why}). What was graded is kept; run the "
            "same command again, with its output sent elsewhere"
        )
    name = error.filename
    shown = os.fsdecode(name) if isinstance(name, (str, bytes)) else f"descriptor {name}"
    return f"{shown}: {why}. {file_names.advise_on(error)}"


def _is_of(error: BaseException, *numbers: int) -> bool:
    return isinstance(error, OSError) and error.errno in numbers


def _get_soft(name: str) -> str:
    if not _UNIX:
        return "no more"
    soft, _ = resource.getrlimit(getattr(resource, name))
    return "no more" if soft == resource.RLIM_INFINITY else f"{soft:,}"
