"""Which sandbox level holds on this machine: found out by trying to break out of a box."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from grader.errors import SandboxError
from grader.inside import selftest
from grader.records import Limits, Missing
from grader.sandbox.box import Box
from grader.sandbox.process import WarmProcess

HIGHEST = 3
NAMES: Mapping[int, str] = {
    4: "level 3 and control groups",
    3: "namespaces, a root of its own, landlock, seccomp and limits",
    2: "landlock, seccomp and limits",
    1: "limits",
    0: "a separate process and a time limit",
}
NOT_BUILT = "Level 4 needs delegated control groups, which the grader does not use yet."
_REMEDIES: Mapping[int, str] = {
    3: "It needs user namespaces: on Ubuntu set kernel.apparmor_restrict_unprivileged_userns=0, in "
    "Docker run with --security-opt seccomp=unconfined --security-opt apparmor=unconfined and "
    "--cap-add SYS_ADMIN, or run as root on the machine itself.",
    2: "It needs a kernel from 5.13 on with landlock switched on (lsm=landlock,… at boot).",
    1: "It needs Linux, with limits that may be lowered.",
    0: "It needs Linux.",
}
_SMALL = Limits(cpu_seconds=10, memory_mib=4096, processes=16, disk_mib=4, output_kib=4)


def try_level(warm: WarmProcess, level: int) -> str:
    """Empty where the level holds; else a sentence that says what went wrong and what helps."""
    try:
        failed = _try(warm, level)
    except (SandboxError, OSError) as error:
        failed = str(error)
    if not failed:
        return ""
    return f"Level {level} ({NAMES[level]}) does not hold here: {failed} {_REMEDIES[level]}"


def _try(warm: WarmProcess, level: int) -> str:
    with _canaries() as args:
        args["walls"] = level >= 2
        box = Box(warm.open, {}, entry=None, limits=_SMALL, seed=0, level=level, selftest=True)
        with box:
            box.load()
            found = box.ask("selftest", args)
            if isinstance(found, Missing):
                return f"the trial gave no answer: {found.why}"
        done = [name for name, result in found["attempts"].items() if result == "done"]
        if done:
            return f"student code could {', '.join(done)}."
        if _lives(args["name"]):
            return "a process outlived its box."
    return ""


@contextlib.contextmanager
def _canaries() -> Iterator[dict[str, Any]]:
    """A file and three listening sockets that nothing in a box may reach."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-canary-"))
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
