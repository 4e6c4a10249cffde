"""The state of the machine around a sandbox, read from outside, before and after a hostile run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.inside.walls import process_usage
from grader.sandbox import ForkServer, server_process
from kit.processes import read_mounts

KNOBS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/overcommit_memory",
    "/sys/kernel/uevent_helper",
)
"""What specimens try to open: one byte in it would change the machine."""
_OBJECTS = ("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg")
_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue", "/sys/fs/cgroup")

State = Mapping[str, object]


class Host:
    """Knows which uids boxes had, which fork server is theirs, and where a canary lies."""

    def __init__(
        self, server: ForkServer, temporary: Path, canary: Path, patch: pytest.MonkeyPatch
    ) -> None:
        """`temporary` is TMPDIR of the fork server, and of nobody else."""
        self.server, self.temporary, self.canary = server, temporary, canary
        self.uids = set() if os.geteuid() == 0 else {os.geteuid()}
        drawn = server_process._uid

        def uid() -> int:
            self.uids.add(number := drawn())
            return number

        patch.setattr(server_process, "_uid", uid)

    def state(self) -> State:
        """Everything that has to be the same afterwards."""
        one = self.server._current()
        return {
            "fork server": one.process.pid,
            "processes": self._processes(one.process.pid, one.run),
            "descriptors of the fork server": _names(f"/proc/{one.process.pid}/fd"),
            "threads of the fork server": _names(f"/proc/{one.process.pid}/task"),
            "mounts": read_mounts(),
            "temporary files": _tree(self.temporary, without=Path(one.run)),
            "run folder": _names(one.run),
            "canary": _tree(self.canary),
            "files of boxes": self._owned() if os.geteuid() == 0 else _names("/dev/shm"),
            "shared objects": self._objects(),
            "knobs": {path: _text(path) for path in KNOBS},
            "cgroups": _cgroups(one.process.pid),
        }

    def settled(self, seconds: float = 10.0) -> State:
        """The state once nothing changes of itself any more."""
        before, end = self.state(), time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            if (now := self.state()) == before:
                break
            before = now
        return before

    def left(self, before: State, seconds: float = 10.0) -> State:
        """What is otherwise than before, once nothing is, or after a while.

        The kernel clears up at its leisure: what is still there from before may go meanwhile.
        """
        end = time.monotonic() + seconds
        while (found := _differences(before, self.state())) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def _processes(self, server: int, run: str) -> set[tuple[int, str]]:
        """Number and start of what descends from the fork server, names its folder, or has a
        box's uid: one of these stays, whatever a process does to hide.
        """
        found = {
            pid for pid in process_usage.list_descendants(server) if process_usage.read_stat(pid)
        }
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                boxed = os.geteuid() == 0 and entry.stat().st_uid in self.uids
                if boxed or run.encode() in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
        return {(pid, fields[19]) for pid in found if (fields := process_usage.read_stat(pid))}

    def _owned(self) -> set[str]:
        """Files of boxes' uids where everybody may write."""
        found = set()
        for place in _PLACES:
            for name in _names(place):
                try:
                    if os.lstat(f"{place}/{name}").st_uid in self.uids:
                        found.add(f"{place}/{name}")
                except OSError:
                    continue
        return found

    def _objects(self) -> list[str]:
        """Lines about shared memory, semaphores, queues and keys that name a uid of a box."""
        lines = [line for path in _OBJECTS for line in _text(path).splitlines()[1:]]
        uids = {str(uid) for uid in self.uids}
        keys = [k for k in _text("/proc/key-users").splitlines() if k.split(":")[0].strip() in uids]
        return [line for line in lines if uids & set(line.split())] + keys


def _differences(before: State, now: State) -> State:
    """What changed; of sets, what has come to them."""
    found = {}
    for name, value in now.items():
        old = before[name]
        if isinstance(value, set) and isinstance(old, set):
            if value - old:
                found[name] = value - old
        elif value != old:
            found[name] = value
    return found


def _names(folder: str) -> set[str]:
    try:
        return {p.name for p in Path(folder).iterdir()}
    except OSError:  # not there, or not ours to read
        return set()


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _tree(root: Path, without: Path | None = None) -> list[tuple[str, int, int, int]]:
    """Name, mode, size and time of change of everything below."""
    found = []
    for folder, folders, files in os.walk(root):
        if without is not None:
            folders[:] = [f for f in folders if Path(folder, f) != without]
        for path in (Path(folder, name) for name in ("", *folders, *files)):
            seen = path.lstat()
            # The folder that holds the run folder changes with it.
            size, changed = (0, 0) if without else (seen.st_size, seen.st_mtime_ns)
            found.append((str(path), seen.st_mode, size, changed))
    return sorted(found)


def _cgroups(server: int) -> object:
    """The fork server's groups, and the groups that were made for it."""
    groups = [f for f, _, _ in os.walk("/sys/fs/cgroup") if f"-{server}-" in Path(f).name]
    return _text(f"/proc/{server}/cgroup"), groups
