"""The student's process as the supervisor holds it."""

from __future__ import annotations

import os
import select
import signal

from grader.inside import cell
from grader.inside.process import worker
from grader.inside.schema.job import PlacedRequest
from grader.inside.schema.messages import Why
from grader.inside.streams import Outbox, drain
from grader.inside.walls import cgroup, lockdown, root

READY_SECONDS = 20.0
"""How long the student's process may take to give up its rights."""


class Child:
    """The student's process, with our ends of its pipes."""

    def __init__(
        self,
        job: PlacedRequest,
        directory: str,
        entrance: cgroup.Entrance,
        cpu_seconds: float,
        notebook: str | None = None,
    ) -> None:
        self.connection: cell.Connection | None = None
        """Where the kernel of a notebook listens."""
        if notebook is not None:
            home = root.TEMPORARY if job["level"] >= 3 else directory
            self.connection = cell.make_connection(home, notebook)
        names = ("stdout", "stderr", "answers", "loaded", "ready")
        ends = {name: os.pipe() for name in names}
        theirs, asks = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            pipes = worker.Pipes(questions=theirs, **{n: ends[n][1] for n in names})
            worker.run(job, directory, pipes, entrance, cpu_seconds, self.connection)
        os.close(theirs)
        for name in names:
            os.close(ends[name][1])
            os.set_blocking(ends[name][0], False)
        os.set_blocking(asks, False)
        self.stdout, self.stderr, self.answers, self.loaded = (ends[n][0] for n in names[:4])
        self.handle = os.pidfd_open(self.pid)
        self.asks = Outbox(asks)
        self.ended: set[int] = set()
        """Pipes that the process has closed."""
        self.dead = False
        """True when its process number may belong to another."""
        self.why: Why | None = None
        """Why it is being killed, if it is."""
        self._ready = ends["ready"][0]
        self._filtered = job["level"] >= 2

    def await_ready(self) -> None:
        """Every door is shut. Until then none of the student's code has run.

        To be called once. Raises RuntimeError where a door stays open.
        """
        self._await_word(self._ready)
        if self.connection and self._filtered and lockdown.unfiltered_threads(self.pid):
            os.kill(self.pid, signal.SIGKILL)
            raise RuntimeError("a thread of the kernel was not bound")

    def _await_word(self, ready: int) -> None:
        select.select([ready], [], [], READY_SECONDS)
        word = drain(ready)
        os.close(ready)
        if word != worker.READY:
            os.kill(self.pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            late = f"the process was not ready in time (exit {code})".encode()
            text = (word or late) + b" " + (drain(self.stderr) or b"")[-1000:]
            raise RuntimeError(text.decode("utf-8", "replace").strip())

    def kill(self, why: Why) -> None:
        """The process is about to be gone, because of the first `why` that was given."""
        self.why = self.why or why
        if not self.dead:
            os.kill(self.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """The cell that runs gets a KeyboardInterrupt."""
        os.kill(self.pid, signal.SIGINT)

    def close(self) -> None:
        """Its pipes are closed; the process is gone already."""
        ends = (self.stdout, self.stderr, self.answers, self.loaded, self.handle)
        for descriptor in (*ends, self.asks.descriptor):
            os.close(descriptor)
