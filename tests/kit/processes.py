"""Processes that a grader started, looked for from outside."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil


def list_children(pid: int) -> list[int]:
    """Those that live; from all threads of the process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


def naming(folder: Path) -> list[int]:
    """Processes whose command line names this folder: a grader's boxes name its temporary folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in w for w in words):
            found.append(process.pid)
    return found


def gone(folder: Path, seconds: float = 5.0) -> list[int]:
    """Processes that are still there after a while."""
    deadline = time.monotonic() + seconds
    while (left := naming(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def read_mounts() -> list[str]:
    """Every mount of this process's, but for the small disks of whole runs in other tests."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if "/whole-run-" not in line]
