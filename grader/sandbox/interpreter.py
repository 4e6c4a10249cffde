"""A fresh interpreter as the grader holds it: started ahead, told, read, measured, ended."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import grader
from grader.inside import cell, wire
from grader.inside.process.conversation import TICK
from grader.inside.schema.job import FreshRequest, FreshState
from grader.inside.schema.messages import Why
from grader.records.errors import SandboxError
from grader.sandbox import environment
from grader.sandbox.process_tree import MARK, ProcessTree, Usage

START_SECONDS = 180.0
"""How long an interpreter may take to import everything, on a cold disk."""
_PIECE, _PIECES = 1 << 20, 8
"""Bytes of an answer that are read at once, and how many such pieces wait to be taken."""
_CRASH = 0xC0000000
"""From here on Windows' exit codes say why a process was ended."""

# The package's parent stands in sys.path only as far as it has to; the working directory never.
_PROGRAM = """
import sys
sys.path[0] = sys.argv.pop(1)
from grader.inside.process.fresh_interpreter import main
main()
"""


class Interpreter:
    """One process. It imports everything at once, and waits to be told what it is for."""

    def __init__(self, folder: str, caches: str, *, notebooks: bool) -> None:
        """`folder` is made for its log and what it prints; in `caches` libraries keep theirs."""
        self.folder, self.notebooks = folder, notebooks
        self.connection: cell.Connection | None = None
        """Where the kernel of a notebook listens."""
        self.why: Why | None = None
        """Why it is being killed, if it is."""
        os.mkdir(folder, 0o711)
        mark = secrets.token_hex(8)
        parent = str(Path(grader.__file__).resolve().parent.parent)
        words = [parent, caches, *(["notebooks"] if notebooks else [])]
        with open(os.path.join(folder, "log"), "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *words],
                env=environment.make(caches) | {MARK: mark, "PYTHONUTF8": "1"},
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                **_apart(),
            )
        self._mark = mark
        self._tree = ProcessTree(self._process, mark)
        self._incoming: queue.Queue[bytes] = queue.Queue(_PIECES)
        self._outgoing: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        # Read by descriptors: student code may put a link or a pipe in a file's place.
        self._printed = {n: _make_file(os.path.join(folder, n)) for n in ("stdout", "stderr")}
        """What it prints, read as far as it was taken."""
        self._closed = threading.Event()
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    # Pipes: no system but Linux waits for several at once, so each has a thread

    def _read(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        data = b"."
        while data:
            try:
                data = os.read(descriptor, _PIECE)
            except OSError:
                data = b""
            while not self._closed.is_set():
                with contextlib.suppress(queue.Full):
                    self._incoming.put(data, timeout=1.0)
                    break

    def _write(self) -> None:
        assert self._process.stdin is not None
        descriptor = self._process.stdin.fileno()
        while (rest := self._outgoing.get()) is not None:
            try:
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            except OSError:  # it has ended; whoever asked will see that
                return

    def send(self, pieces: list[memoryview]) -> None:
        """The pieces will be written, as fast as the process reads."""
        for piece in pieces:
            self._outgoing.put(piece)

    def receive(self, seconds: float) -> bytes | None:
        """What has come of answers; empty at their end, None where nothing has come in time."""
        try:
            return self._incoming.get(timeout=seconds) if seconds else self._incoming.get_nowait()
        except queue.Empty:
            return None

    def list_printed(self) -> Iterator[tuple[str, bytes]]:
        """What was printed since it was last asked for, by name of the stream, in pieces."""
        for name, file in self._printed.items():
            while not file.closed and (data := file.read(_PIECE)):
                yield name, data

    # Its life

    def begin(self, request: FreshRequest, check: Callable[[], None]) -> None:
        """It is ready to load the submission. `check` is called meanwhile, and may raise.

        Raises SandboxError where it does not start.
        """
        request["printed"] = self.folder
        request["environment"] = {MARK: self._mark, **request["environment"]}
        self.send(list(wire.encode(cast("dict[str, object]", request))))
        state = self._await_state(check)
        if "ready" not in state:
            raise SandboxError(f"A fresh interpreter did not start: {state['failed']}")
        if request["notebook"] is not None:
            entry, key = request["notebook"], request["key"]
            self.connection = cell.make_local_connection(entry, key, state["ready"])
        self._tree.begin()

    def _await_state(self, check: Callable[[], None]) -> FreshState:
        reader = wire.Reader(body_cap=0)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            check()
            data = self.receive(TICK)
            if data == b"":
                check()  # whoever closes the sandbox ends it
                return {"failed": self._read_log() or "it said nothing"}
            for head, _ in reader.feed(data or b""):
                return cast("FreshState", head)
        return {"failed": f"it was not ready within {START_SECONDS:g} seconds"}

    def _read_log(self) -> str:
        with open(os.path.join(self.folder, "log"), "rb") as file:
            return environment.find_reason(file.read())

    def await_ready(self) -> None:
        """It is ready already."""

    def interrupt(self) -> None:
        """The cell that runs gets a KeyboardInterrupt."""
        self.send(list(wire.encode({"do": "interrupt"})))

    def refuse_memory(self) -> None:
        """What student code runs raises MemoryError."""
        self.send(list(wire.encode({"do": "refuse"})))

    def kill(self, why: Why) -> None:
        """The process is about to be gone, because of the first `why` that was given."""
        self.why = self.why or why
        self._tree.kill()

    @property
    def ended(self) -> bool:
        """True once it runs no more."""
        return self._tree.ended

    def measure(self) -> Usage:
        """What student code uses, beyond what the interpreter has used to start."""
        return self._tree.measure()

    def end(self) -> int:
        """The process and all that it started are gone; its exit code."""
        code = self._tree.end()
        self._outgoing.put(None)
        return _translate(code)

    def close(self) -> None:
        """Nothing of it is left; what it said cannot be read any more."""
        self.end()
        self._closed.set()
        for opened in (self._process.stdin, self._process.stdout, *self._printed.values()):
            if opened is not None:
                with contextlib.suppress(OSError):
                    opened.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _make_file(path: str) -> io.FileIO:
    """A new file that nobody else can open by its name."""
    return io.FileIO(path, "x+", opener=lambda name, flags: os.open(name, flags, 0o600))


def _apart() -> dict[str, Any]:
    """How a process is started that no Ctrl-C reaches, and that can be ended with its children."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _translate(code: int) -> int:
    """Exit codes of a crash as Linux has them: the number of a signal with a minus."""
    return -signal.SIGSEGV if code >= _CRASH else code
