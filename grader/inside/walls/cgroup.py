"""Control groups of level 4: memory and number of tasks of a box, bounded by the kernel.

Below the group that the grader runs in, each box gets one of its own, in every hierarchy that is
needed: one for memory and one for pids with version 1, one for both with version 2. The guard makes
and removes it from outside; the box sees none of it. Only the student's processes are in it, and
enter by themselves before their walls stand: where the group is short of memory the kernel cannot
choose the supervisor. Version 2 could *not be tried* here.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

CONTROLLERS = ("memory", "pids")
_PREFIX = "grader-"
_OURS = re.compile(rf"{_PREFIX}(\d+)-box-\d+")
_ASIDE = re.compile(rf"{_PREFIX}\d+-self")
_PATIENCE = 2.0
"""Seconds in which a dead process leaves its group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The grader's own group in one hierarchy."""

    version: int
    """1 or 2."""
    path: str
    """Its directory."""
    controllers: tuple[str, ...]
    """Those of `CONTROLLERS` that this hierarchy serves."""


def find_places() -> list[Place]:
    """Where groups of our own may be made. Raises OSError, saying what is in the way."""
    own = dict(_own_groups())
    places: list[Place] = []
    for point, root, kind, options in _mounts():
        name = next((c for c in CONTROLLERS if c in options), "") if kind == "cgroup" else ""
        path = own.get(name)
        if path is None or (kind == "cgroup" and not name):
            continue
        if _ASIDE.fullmatch(os.path.basename(path)):
            path = os.path.dirname(path)  # an earlier fork server has moved the grader there
        below = os.path.relpath(path, root)
        if below.startswith(".."):
            continue  # this process's group lies outside of what is mounted
        served = CONTROLLERS if kind == "cgroup2" else tuple(c for c in CONTROLLERS if c in options)
        version = 2 if kind == "cgroup2" else 1
        place = Place(
            version=version, path=os.path.normpath(f"{point}/{below}"), controllers=served
        )
        if version == 1 or _serves_all(place):
            places.append(place)
    missing = set(CONTROLLERS).difference(*(p.controllers for p in places))
    if missing:
        raise OSError(errno.ENOENT, f"no control group for {' and '.join(sorted(missing))}")
    for place in places:
        if not os.access(place.path, os.W_OK):
            raise OSError(errno.EACCES, f"the control group {place.path} belongs to somebody else")
        if place.version == 2:
            _delegate(place)
    return places


def list_free() -> dict[str, int]:
    """Bytes that each group above this process still lets be used, by its folder, where it is
    bounded. Files that are kept in memory for speed count as free.
    """
    own, free = dict(_own_groups()), {}
    for point, root, kind, options in _mounts():
        path = own.get("" if kind == "cgroup2" else "memory" if "memory" in options else "-")
        if path is None:
            continue
        below = os.path.relpath(path, root)
        parts = [] if below == "." or below.startswith("..") else below.split("/")
        for end in range(len(parts) + 1):
            folder = os.path.normpath("/".join([point, *parts[:end]]))
            if (left := _read_free(folder)) is not None:
                free[folder] = left
    return free


def _read_free(folder: str) -> int | None:
    """None where it is not bounded."""
    names = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
    for most, used in names:
        with contextlib.suppress(OSError, ValueError):  # `max` is no number
            limit, usage = int(_read(f"{folder}/{most}")), int(_read(f"{folder}/{used}"))
            rows = (line.split() for line in _read(f"{folder}/memory.stat").splitlines())
            stat = {row[0]: int(row[1]) for row in rows if len(row) == 2}
            cached = stat.get("total_inactive_file", stat.get("inactive_file", 0))
            return max(0, limit - usage + cached)
    return None


def _own_groups() -> Iterator[tuple[str, str]]:
    """Controller and path of this process's groups; the controller of version 2 is empty."""
    with open("/proc/self/cgroup") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for name in controllers.split(","):
                yield name, path


def _mounts() -> Iterator[tuple[str, str, str, list[str]]]:
    """Mount point, what is mounted there, file system and its options, of every cgroup mount."""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            fields, kind = before.split(), after.split()
            if kind[0] in ("cgroup", "cgroup2"):
                yield fields[4], fields[3], kind[0], kind[2].split(",")


def _serves_all(place: Place) -> bool:
    return set(CONTROLLERS) <= set(_read(f"{place.path}/cgroup.controllers").split())


def _delegate(place: Place) -> None:
    """Groups below this one may be limited. Version 2 asks that none of its own holds a process.

    So this process and the grader's move into one below, if they are the only ones there.
    """
    switch, wanted = f"{place.path}/cgroup.subtree_control", "+memory +pids"
    try:
        _write(switch, wanted)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        members = {int(n) for n in _read(f"{place.path}/cgroup.procs").split()}
        if not members <= {os.getpid(), os.getppid()}:
            raise OSError(
                errno.EBUSY, f"the control group {place.path} holds other processes"
            ) from None
        aside = f"{place.path}/{_PREFIX}{os.getpid()}-self"
        os.makedirs(aside, exist_ok=True)
        for pid in members:
            _write(f"{aside}/cgroup.procs", str(pid))
        _write(switch, wanted)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a box has of its groups: descriptors, as it sees no path."""

    doors: tuple[int, ...] = ()
    """Who writes to all of them is in the groups."""
    events: int = -1
    """Tells what the kernel did for want of memory; -1 where there is no group."""

    def enter(self) -> None:
        """This process, and all it will start, counts in the groups from now on."""
        for door in self.doors:
            os.write(door, b"0")

    def count_kills(self) -> int:
        """How many processes of the groups the kernel has ended for want of memory."""
        if self.events < 0:
            return 0
        for line in os.pread(self.events, 4096, 0).splitlines():
            name, _, count = line.partition(b" ")
            if name == b"oom_kill":
                return int(count)
        return 0


class Group:
    """The groups of one box, in all hierarchies. `remove` leaves nothing of them.

    What is needed later is held by descriptors: who makes a box may lose its own root to it.
    """

    def __init__(self, places: list[Place], name: str, *, memory_mib: int, tasks: int) -> None:
        self._name = f"{_PREFIX}{name}"
        self._parents: list[int] = []
        self._doors: list[int] = []
        self._events = -1
        try:
            for place in places:
                self._make(place, f"{place.path}/{self._name}", memory_mib << 20, tasks)
        except OSError:
            self.remove()
            raise

    @property
    def entrance(self) -> Entrance:
        """What goes into the box."""
        return Entrance(tuple(self._doors), self._events)

    def _make(self, place: Place, path: str, memory: int, tasks: int) -> None:
        os.mkdir(path)
        self._parents.append(os.open(place.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        if "memory" in place.controllers and place.version == 1:
            _write(f"{path}/memory.limit_in_bytes", str(memory))
            with contextlib.suppress(OSError):  # where swap is not accounted
                _write(f"{path}/memory.memsw.limit_in_bytes", str(memory))
        elif "memory" in place.controllers:
            _write(f"{path}/memory.max", str(memory))
            with contextlib.suppress(OSError):
                _write(f"{path}/memory.swap.max", "0")
        if "memory" in place.controllers:
            events = "memory.oom_control" if place.version == 1 else "memory.events"
            self._events = os.open(f"{path}/{events}", os.O_RDONLY | os.O_CLOEXEC)
        if "pids" in place.controllers:
            _write(f"{path}/pids.max", str(tasks))
        self._doors.append(os.open(f"{path}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))

    def remove(self) -> None:
        """The groups are gone. Raises OSError where a process is still in one after a while."""
        for descriptor in (*self._doors, self._events):
            if descriptor >= 0:
                os.close(descriptor)
        self._doors, self._events = [], -1
        while self._parents:
            parent = self._parents.pop()
            try:
                _remove(self._name, parent)
            finally:
                os.close(parent)


def sweep(places: list[Place]) -> None:
    """Groups are gone whose maker has ended by force; and those of this process."""
    for place in places:
        with contextlib.suppress(OSError):
            for name in os.listdir(place.path):
                if (match := _OURS.fullmatch(name)) and _is_abandoned(int(match[1])):
                    with contextlib.suppress(OSError):
                        os.rmdir(f"{place.path}/{name}")


def _is_abandoned(maker: int) -> bool:
    return maker == os.getpid() or not os.path.exists(f"/proc/{maker}")


def _remove(name: str, parent: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        else:
            return


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
