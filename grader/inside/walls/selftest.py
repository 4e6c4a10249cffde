"""What stands in for student code when a level is tried: attempts that must fail.

Nothing that opens is used: a file is opened and closed, a connection is made and dropped.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from grader.inside.schema.trials import CrowdArgs, EscapeArgs, FillArgs

DAEMON_SECONDS = 30


def answer(_names: object, ask: str, args: dict[str, object]) -> object:
    """What became of the trial called `ask`."""
    return TRIALS[ask](args)


def _escape(args: EscapeArgs) -> dict[str, str]:
    """Each attempt by name: "done", or the name of the error that refused it.

    Without `walls`, as at levels that have none, only memory is exceeded and a process left behind.
    Whether that one outlives its box is seen from outside.
    """
    mib = args["memory_mib"]
    walls: dict[str, Callable[[], object]] = {
        "read a file of the grader's": lambda: open(args["file"], "rb").close(),
        "list a folder of the grader's": lambda: os.listdir(os.path.dirname(args["file"])),
        "read the grader's source": lambda: open(args["source"], "rb").close(),
        "open a file for writing": lambda: open(args["file"], "ab").close(),
        "connect to a unix socket": lambda: _connect(socket.AF_UNIX, args["path_socket"]),
        "connect to an abstract socket": lambda: _connect(
            socket.AF_UNIX, "\0" + args["abstract_socket"]
        ),
        "connect to the network": lambda: _connect(socket.AF_INET, ("127.0.0.1", args["port"])),
        "signal the grader": lambda: os.kill(args["pid"], 0),
        "look at the grader": lambda: open(f"/proc/{args['pid']}/status", "rb").close(),
        "run a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "trace a process": _trace,
        "be root": _be_root,
    }
    attempts = walls if args["walls"] else {}
    if mib:
        attempts["exceed its memory"] = lambda: _map(mib, mmap.MAP_PRIVATE).close()
    results = {name: _attempt(action) for name, action in attempts.items()}
    _attempt(lambda: _start_daemon(args["name"]))
    return results


def _crowd(args: CrowdArgs) -> int:
    """How many threads could be started, at most `threads`."""
    end = threading.Event()
    started = 0
    try:
        while started < args["threads"]:
            threading.Thread(target=end.wait, daemon=True).start()
            started += 1
    except RuntimeError:  # that was one too many
        pass
    end.set()
    return started


def _fill(args: FillArgs) -> int:
    """Memory is written to, `mib` of it, and held for a while.

    It might be shared with others, so nothing refuses it when it is asked for.
    """
    memory = _map(args["mib"], mmap.MAP_SHARED)
    for place in range(0, len(memory), mmap.PAGESIZE):
        memory[place] = 1
    time.sleep(args["seconds"])
    return len(memory) >> 20


def _map(mib: int, kind: int) -> mmap.mmap:
    return mmap.mmap(-1, mib << 20, flags=kind | mmap.MAP_ANONYMOUS)


def _attempt(action: Callable[[], object]) -> str:
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "done"


def _connect(family: int, address: str | tuple[str, int]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect(address)


def _trace() -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0) != 0:  # PTRACE_TRACEME
        raise PermissionError


def _be_root() -> None:
    if os.geteuid() != 0:
        raise PermissionError


def _start_daemon(name: str) -> None:
    """A process that has left the session and its parent, and stays."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
            time.sleep(DAEMON_SECONDS)
        os._exit(0)
    os.wait()


TRIALS: dict[str, Callable[[Any], object]] = {"escape": _escape, "crowd": _crowd, "fill": _fill}
