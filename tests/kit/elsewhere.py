"""Makes this interpreter like one without Unix: run as a `sitecustomize` before everything else.

What stands in `MODULES` cannot be imported and what stands in `ABSENT` is not there; for libraries
that take it because the system is called Linux, it is. Code of the grader may not read /proc, and
no loop hears pipes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
from importlib.abc import MetaPathFinder
from types import FrameType, ModuleType

MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog"}
ABSENT: dict[ModuleType, str] = {
    os: (
        "fork forkpty getuid geteuid getgid getegid setsid killpg waitid wait4 pidfd_open "
        "register_at_fork sysconf O_NOFOLLOW O_CLOEXEC O_DIRECTORY O_NONBLOCK chown sched_yield "
        "posix_spawn sched_getaffinity"
    ),
    signal: "setitimer pthread_kill SIGALRM SIGPROF SIGXCPU ITIMER_PROF",
    socket: "AF_UNIX SCM_RIGHTS CMSG_SPACE",
}
"""By module the names that Windows lacks."""
OTHERS = {
    "_pytest",
    "getpass",
    "psutil",
    "platformdirs",
    "pexpect",
    "ptyprocess",
    "IPython",
    "torch",
    "pty",
    "tty",
}
"""Libraries that choose by the system's name."""
_kept: dict[str, object] = {}


def _name_caller(frame: FrameType | None) -> str:
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")) if frame is not None else ""


def _is_other(frame: FrameType) -> bool:
    return _name_caller(frame).partition(".")[0] in OTHERS


class _Nowhere(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in MODULES and not _is_other(sys._getframe(1)):
            raise ModuleNotFoundError(f"No module named {fullname!r} here", name=fullname)


def _take_away(module: ModuleType, names: list[str]) -> None:
    for name in names:
        if hasattr(module, name):
            _kept[f"{module.__name__}.{name}"] = getattr(module, name)
            delattr(module, name)

    def find(name: str) -> object:
        whole = f"{module.__name__}.{name}"
        if whole in _kept and _is_other(sys._getframe(1)):
            return _kept[whole]
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name)

    module.__getattr__ = find  # type: ignore[method-assign]


def _connect_pair(*_: object) -> tuple[socket.socket, socket.socket]:
    """A pair as Windows makes it: two ends of a connection to oneself."""
    with socket.socket(socket.AF_INET) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = socket.create_connection(listener.getsockname())
        return near, listener.accept()[0]


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    """The audit hook: /proc is no place that the grader knows."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        name = _name_caller(sys._getframe(1))
        if name.startswith("grader."):
            raise RuntimeError(f"{name} reads {arguments[0]}")


def install() -> None:
    """From here on."""
    sys.meta_path.insert(0, _Nowhere())
    for name in MODULES:
        sys.modules.pop(name, None)
    for module, names in ABSENT.items():
        _take_away(module, names.split())
    socket.socketpair = _connect_pair  # type: ignore[assignment]
    plain = asyncio.SelectorEventLoop.add_reader

    def add_reader(self: object, fd: object, *rest: object) -> object:
        number = fd if isinstance(fd, int) else fd.fileno()  # type: ignore[attr-defined]
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            raise NotImplementedError("no loop hears pipes here")
        return plain(self, fd, *rest)  # type: ignore[arg-type]

    asyncio.SelectorEventLoop.add_reader = add_reader  # type: ignore[assignment,method-assign]
    sys.addaudithook(_hear)
