"""The fork server as the grader holds it: started with a fixed environment, told to open boxes."""

from __future__ import annotations

import array
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import grader
from grader.inside.schema.job import BoxRequest, ServerState
from grader.records.errors import SandboxError
from grader.records.temporary import TemporaryFolder
from grader.sandbox import environment
from grader.sandbox.channel import Channel

START_SECONDS = 180.0
"""How long the fork server may take to import everything, on a cold disk."""
_TICK_SECONDS = 0.1
END_SECONDS = 10.0
"""How long it may take to end, once its boxes are cut off."""
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
        self._folder = TemporaryFolder("box")
        self.run = self._folder.path
        os.chmod(self.run, 0o711)  # boxes of level 2 and below run under another uid
        os.mkdir(os.path.join(self.run, "root"))
        self._log = open(os.path.join(self.run, "log"), "w+b")  # noqa: SIM115 - lives as long
        os.chmod(self._log.fileno(), 0o600)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = self._spawn(theirs)
        self._lock = threading.Lock()
        self._channels: weakref.WeakSet[Channel] = weakref.WeakSet()
        self._started = threading.Event()
        self.opened = 0
        self.retired = False
        parts = (self.process, self.control, self._log, self._folder)
        self.end = weakref.finalize(self, _end, os.getpid(), self._started, *parts)

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
            pass_fds=[theirs.fileno(), self._folder.lock],
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

        To be called once, before the first `open`. Raises SandboxError if it does not start, or is
        abandoned meanwhile.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._readable(_TICK_SECONDS):
            self.wake()
            late = time.monotonic() > deadline
            if late or self.retired:
                self.end()
                within = f" within {START_SECONDS:g} seconds" * late
                raise SandboxError(f"The fork server was not ready{within}.")
        data = self.control.recv(1 << 16)
        if not data:
            said = self.said()
            self.end()
            raise SandboxError(f"The fork server did not start: {said or 'it said nothing'}")
        self._started.set()
        state: ServerState = json.loads(data)
        return state

    def wake(self) -> None:
        """It goes on, where a signal has stopped it."""
        self.process.send_signal(signal.SIGCONT)

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

    def abandon(self) -> None:
        """It opens no more boxes, and those that it has are being ended; from any thread."""
        self.retired = True
        for channel in list(self._channels):
            channel.cut()

    def open(self, request: BoxRequest) -> Channel:
        """The near end of a new box. Raises SandboxError if the fork server is gone."""
        if self.retired:
            raise SandboxError("The fork server is closed.")
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
        made = Channel(channel, lifeline, request["limits"]["wall_seconds"], self.wake)
        self._channels.add(made)
        return made


def _end(
    owner: int,
    started: threading.Event,
    process: subprocess.Popen[bytes],
    control: socket.socket,
    log: Any,
    folder: TemporaryFolder,
) -> None:
    """The process has ended: it leaves when control is closed and its last box is gone; one that
    has made no box yet need not be waited for.
    """
    control.close()
    if os.getpid() != owner:  # a fork of the grader's ends: the process is not its own
        process.returncode = 0
        return
    if not started.is_set():
        process.kill()
    process.send_signal(signal.SIGCONT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()
    folder.remove()


def _uid() -> int:
    """A uid that nobody else has, drawn for one box; used where the grader is root."""
    first, count = _UIDS
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, channel.split())) for channel in file]
    if not any(low <= first and first + count <= low + size for low, _, size in ranges):
        first, count = _SMALL_UIDS
    return first + secrets.randbelow(count)
