"""Which sandbox level holds on this machine: found out by trying to break out of a box."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.inside.schema.job import GroupLimits
from grader.inside.walls import selftest
from grader.records.errors import SandboxError
from grader.records.execution import Missing
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.records.temporary import TemporaryFolder
from grader.sandbox.backend import Job
from grader.sandbox.box import Box
from grader.sandbox.remedies import Remedy, remedy
from grader.sandbox.server_process import ServerProcess

HIGHEST = 4
NAMES: Mapping[int, str] = {
    4: "level 3 and control groups",
    3: "namespaces, a root of its own, landlock, seccomp and limits",
    2: "landlock, seccomp and limits",
    1: "limits",
    0: "a separate process and a time limit",
}
_SMALL = Limits(cpu_seconds=10, memory_mib=64, processes=16, disk_mib=4, output_kib=4)
_ABSURD_MIB = 4096
"""Far more than `_SMALL` allows, to be asked for at once."""
_TOO_MUCH_MIB = 384
"""More than `_SMALL` allows, to be used page by page."""
_HELD_SECONDS = 2.0
"""How long it is held where nothing ends it: the watch looks 20 times a second."""
_GROUP: GroupLimits = {"memory_mib": 96, "tasks": 40}
_FAR_MIB = 1024
"""More than that and all that a process has from the fork server."""
_WITHIN = Limits(cpu_seconds=10, memory_mib=4096, processes=200, disk_mib=4, output_kib=4)
"""Wider than `_GROUP`, so that only the control group can be what refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A level that does not hold on this machine."""

    level: int
    """0 to 4."""
    why: str
    """What went wrong when it was tried; a sentence."""
    remedy: Remedy
    """What would supply it."""

    def sentence(self) -> str:
        """Everything, for somebody who asked for this level."""
        told = [f"Level {self.level} ({NAMES[self.level]}) does not hold here: {self.why}"]
        told.append(self.remedy.needs)
        if self.remedy.command:
            told.append(f"Try `{self.remedy.command}`.")
        return " ".join(told)


def try_level(server: ServerProcess, level: int) -> Refusal | None:
    """None where the level holds. A box that breaks says little: then all is tried once more, but
    what student code could do once is enough.
    """
    try:
        failed = _try_all(server, level)
    except (SandboxError, OSError):
        try:
            failed = _try_all(server, level)
        except (SandboxError, OSError) as error:
            failed = str(error)
    return Refusal(level=level, why=failed, remedy=remedy(level)) if failed else None


def _try_all(server: ServerProcess, level: int) -> str:
    """What does not hold, a sentence; empty where all does."""
    failed = _try(server, level)
    failed = failed or (_try_memory(server, level) if level >= 1 else "")
    return failed or (_try_group(server) if level >= 4 else "")


def _try(server: ServerProcess, level: int) -> str:
    with _canaries() as args:
        args |= {"walls": level >= 2, "memory_mib": _ABSURD_MIB if level >= 1 else 0}
        with Box(server.open, _empty_job(_SMALL, level), selftest=True) as box:
            box.load()
            found = box.ask("escape", args)
            if isinstance(found, Missing):
                return f"the trial gave no answer: {found.why}"
        done = [name for name, result in found.items() if result == "done"]
        if done:
            return f"student code could {', '.join(done)}."
        if _lives(args["name"]):
            return "a process outlived its box."
    return ""


def _empty_job(limits: Limits, level: int) -> Job:
    nothing = Submission(student="", files={}, entry=None)
    return Job(submission=nothing, limits=limits, seed=0, level=level)


def _try_memory(server: ServerProcess, level: int) -> str:
    """A process that uses more than it may is ended, though it was never refused any."""
    with Box(server.open, _empty_job(_SMALL, level), selftest=True) as box:
        box.load()
        box.ask("fill", {"mib": _TOO_MUCH_MIB, "seconds": _HELD_SECONDS})
        ended = box.close()
    if ended.status == "memory":
        return ""
    return f"{_TOO_MUCH_MIB} MiB could be used where {_SMALL.memory_mib} may be."


def _try_group(server: ServerProcess) -> str:
    """The control group refuses what the other limits would allow."""
    with Box(server.open, _empty_job(_WITHIN, 4), selftest=True, group=_GROUP) as box:
        box.load()
        started = box.ask("crowd", {"threads": 2 * _GROUP["tasks"]})
        if not isinstance(started, int) or started >= _GROUP["tasks"]:
            return f"the control group let {started} threads start where {_GROUP['tasks']} may be."
        fill = {"mib": _FAR_MIB, "seconds": 0}
        if not isinstance(box.ask("fill", fill), Missing):
            return "the control group did not bound memory."
        ended = box.close()
    return "" if ended.status == "memory" else f"the control group ended it with: {ended.reason}"


_DEEP = 70
"""Bytes of a temporary folder's path above which a socket in it may have no address: of 107."""


@contextlib.contextmanager
def _canaries() -> Iterator[dict[str, Any]]:
    """A file and three listening sockets that nothing in a box may reach."""
    with contextlib.ExitStack() as stack:
        deep = len(os.fsencode(tempfile.gettempdir())) > _DEEP
        folder = stack.enter_context(
            TemporaryFolder("canary", within="/tmp" if deep else None)
        ).path
        os.chmod(folder, 0o755)  # what keeps a box out is the box, not the mode
        name = f"canary{secrets.token_hex(4)}"
        file, path = os.path.join(folder, "file"), os.path.join(folder, "socket")
        with open(file, "w") as opened:
            opened.write(name)
        unix, abstract, tcp = (
            stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            for family in (socket.AF_UNIX, socket.AF_UNIX, socket.AF_INET)
        )
        unix.bind(path)
        abstract.bind("\0" + name)
        tcp.bind(("127.0.0.1", 0))
        for listener in (unix, abstract, tcp):
            listener.listen(1)
        yield {
            "file": file,
            "source": selftest.__file__,
            "path_socket": path,
            "abstract_socket": name,
            "port": tcp.getsockname()[1],
            "pid": os.getpid(),
            "name": name,
        }


def _lives(name: str) -> bool:
    """True while a process of that name is there."""
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == name:
                    return True
    return False
