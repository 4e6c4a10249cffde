"""The fork server as the grader holds it: started with a fixed environment, told to open boxes."""

from __future__ import annotations

import array
import contextlib
import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

import grader
from grader.inside.schema.job import BoxRequest, ServerState
from grader.records.errors import SandboxError
from grader.sandbox import environment
from grader.sandbox.channel import Channel

START_SECONDS = 180.0
"""How long the fork server may take to import everything, on a cold disk."""
_UIDS = (2_000_000_000, 1 << 26)
"""First and count of the uids of boxes opened by root; no distribution hands these out."""
_SMALL_UIDS = (60_600, 100)
"""The same inside a container that maps 65,536 uids only."""

# The package's parent stands in sys.path only as far as it has to; the working directory never.
_PROGRAM = """
import sys
sys.path[0] = sys.argv.pop(1)
from grader.inside.__main__ import main
main()
"""


class ServerProcess:
    """One running fork server and its run directory. Importing goes on while this returns."""

    def __init__(self, *, notebooks: bool = False) -> None:
        self.notebooks = notebooks
        if not sys.platform.startswith("linux"):
            raise SandboxError(
                f"the fork server runs on Linux (WSL, a container, a VM), not on {sys.platform}"
            )
        if not hasattr(os, "fork") or not hasattr(socket, "AF_UNIX"):
            raise SandboxError("this Python has no fork, or none of the sockets that it takes")
        self.run = tempfile.mkdtemp(prefix="grader-box-")
        os.chmod(self.run, 0o711)  # boxes of level 2 and below run under another uid
        os.mkdir(os.path.join(self.run, "root"))
        self._log = open(os.path.join(self.run, "log"), "w+b")  # noqa: SIM115 - lives as long
        os.chmod(self._log.fileno(), 0o600)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = self._spawn(theirs)
        self._lock = threading.Lock()
        self.opened = 0
        self.retired = False
        parts = (self.process, self.control, self._log, self.run)
        self.end = weakref.finalize(self, _end, os.getpid(), *parts)

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        parent = str(Path(grader.__file__).resolve().parent.parent)
        number = str(theirs.fileno())
        return subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, parent, number, self.run, *self._what()],
            env=self._environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        """Torch makes a folder for its caches when it is imported: it goes with this one."""
        return environment.make(os.path.join(self.run, "caches"))

    def _what(self) -> list[str]:
        return ["notebooks"] if self.notebooks else []

    @property
    def ready(self) -> bool:
        """True when `await_ready` would not wait."""
        return self._readable(0)

    def _readable(self, seconds: float) -> bool:
        poll = select.poll()  # unlike select, for any descriptor number
        poll.register(self.control, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def await_ready(self) -> ServerState:
        """What the fork server says of itself once everything is imported: its versions.

        To be called once, before the first `open`. Raises SandboxError if it does not start.
        """
        if not self._readable(START_SECONDS):
            self.end()
            raise SandboxError(f"The fork server was not ready within {START_SECONDS:g} seconds.")
        data = self.control.recv(1 << 16)
        if not data:
            said = self.said()
            self.end()
            raise SandboxError(f"The fork server did not start: {said or 'it said nothing'}")
        state: ServerState = json.loads(data)
        return state

    def said(self) -> str:
        """Why it ended, by the end of its log."""
        self._log.flush()
        size = os.fstat(self._log.fileno()).st_size
        return environment.find_reason(os.pread(self._log.fileno(), 2000, max(0, size - 2000)))

    @property
    def alive(self) -> bool:
        """True while it can open boxes."""
        return not self.retired and self.end.alive and self.process.poll() is None

    def retire(self) -> None:
        """It opens no more boxes, and ends after the last one."""
        self.retired = True
        self.control.close()

    def open(self, request: BoxRequest) -> Channel:
        """The near end of a new box. Raises SandboxError if the fork server is gone."""
        channel, far_channel = socket.socketpair()
        lifeline, far_leash = socket.socketpair()
        with far_channel, far_leash, self._lock:
            self.opened += 1
            name = f"box-{self.opened}"
            message = json.dumps({**request, "name": name, "uid": _uid()}).encode()
            fds = array.array("i", [far_channel.fileno(), far_leash.fileno()])
            try:
                self.control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            except OSError as error:
                channel.close()
                lifeline.close()
                raise SandboxError(f"The fork server is gone ({error}). Start again.") from None
        return Channel(channel, lifeline, request["limits"]["wall_seconds"])


def _end(
    owner: int, process: subprocess.Popen[bytes], control: socket.socket, log: Any, run: str
) -> None:
    """The process has ended: it leaves when control is closed and its last box is gone."""
    control.close()
    if os.getpid() != owner:  # a fork of the grader's ends: the process is not its own
        process.returncode = 0
        return
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()
    with contextlib.suppress(OSError):
        shutil.rmtree(run)


def _uid() -> int:
    """A uid that nobody else has, drawn for one box; used where the grader is root."""
    first, count = _UIDS
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, channel.split())) for channel in file]
    if not any(low <= first and first + count <= low + size for low, _, size in ranges):
        first, count = _SMALL_UIDS
    return first + secrets.randbelow(count)
