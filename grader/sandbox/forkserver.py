"""The sandbox's front door: keeps a fork server at hand and opens boxes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from grader.inside.cell import is_notebook
from grader.inside.schema.job import BoxRequest
from grader.records.errors import SandboxError
from grader.sandbox import levels
from grader.sandbox.backend import Job
from grader.sandbox.box import Box
from grader.sandbox.channel import Channel
from grader.sandbox.levels import Refusal
from grader.sandbox.server_process import ServerProcess

BOXES_PER_PROCESS = 200
"""After so many boxes a fresh fork server takes over."""
AHEAD = 50
"""So many boxes earlier it is started, as it needs seconds to import everything."""


class ForkServer:
    """Opens boxes at one sandbox level. Use as a context manager; `open` may be called anywhere.

    With `notebooks` kernels can be forked at once; without, the first notebook has to wait until
    another fork server has imported what kernels need. Raises SandboxError where no box can be
    made, or not at the level asked for.
    """

    def __init__(self, *, level: int | None = None, notebooks: bool = False) -> None:
        if level is not None and level not in range(levels.HIGHEST + 1):
            raise SandboxError(f"There is no level {level}; they go from 0 to {levels.HIGHEST}.")
        self._lock = threading.Lock()
        self._closing = False
        self._retired: list[ServerProcess] = []
        self._notebooks = notebooks
        self._process: ServerProcess | None = ServerProcess(notebooks=notebooks)
        self._next: ServerProcess | None = None
        refused: dict[int, Refusal] = {}
        self.why_not: Mapping[int, Refusal] = refused
        """Each level that was tried and does not hold."""
        wanted = range(levels.HIGHEST, -1, -1) if level is None else [level]
        try:
            self.versions: Mapping[str, str] = dict(self._process.await_ready()["versions"])
            """Of python, torch, torchvision and numpy, as the fork server found them."""
            self.level = self._choose(wanted, refused)
            """The level in force, 0 to 4."""
        except BaseException:
            self.close()
            raise

    def _choose(self, wanted: range | list[int], refused: dict[int, Refusal]) -> int:
        assert self._process is not None
        for level in wanted:
            refusal = levels.try_level(self._process, level)
            if refusal is None:
                return level
            refused[level] = refusal
        raise SandboxError(" ".join(refused[level].sentence() for level in wanted))

    def describe(self) -> dict[str, Any]:
        """What `grader doctor` tells of the sandbox, fit for JSON.

        A level above the one in force is listed where it was tried and refused.
        """
        refused = [
            {
                "level": r.level,
                "made_of": levels.NAMES[r.level],
                "why": r.why,
                "needs": r.remedy.needs,
                "command": r.remedy.command,
            }
            for r in sorted(self.why_not.values(), key=lambda r: r.level)
        ]
        return {
            "level": self.level,
            "made_of": levels.NAMES[self.level],
            "tested": True,
            "refused": refused,
            "versions": dict(self.versions),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, job: Job) -> Box:
        """A box with the job's files in it; nothing has run yet. May be called from any thread."""
        self._notebooks = self._notebooks or is_notebook(job.submission.entry)
        level = self.level if job.level is None else job.level
        return Box(self._send, replace(job, level=level))

    def _send(self, request: BoxRequest) -> Channel:
        with self._lock:
            return self._current().open(request)

    def _current(self) -> ServerProcess:
        """The fork server, replaced where it has served long enough or is gone."""
        if self._process is None or self._closing:
            raise SandboxError("The sandbox is closed.")
        self._forget_ended()
        alive, left = self._process.alive, BOXES_PER_PROCESS - self._process.opened
        if self._notebooks and not self._process.notebooks:
            alive = False  # for our purposes
            if self._next is not None and not self._next.notebooks:
                self._retire(self._next)
                self._next = None
        if self._next is None and (not alive or left <= AHEAD):
            self._next = ServerProcess(notebooks=self._notebooks)
        if self._next is not None and (not alive or (left <= 0 and self._next.ready)):
            self._retire(self._process)
            self._process, self._next = self._next, None
            self._process.await_ready()
        return self._process

    def _retire(self, process: ServerProcess) -> None:
        process.retire()
        self._retired.append(process)

    def _forget_ended(self) -> None:
        """Of fork servers whose last box has gone no process, descriptor or folder is left."""
        for process in [p for p in self._retired if p.process.poll() is not None]:
            self._retired.remove(process)
            process.end()

    def recover(self) -> None:
        """A box of the level in force holds, tried now: in a fresh fork server where the trial in
        the one that runs fails. Raises SandboxError where that fails as well.
        """
        with self._lock:
            why = self._try_again()
            if why and self._process is not None:
                self._process.retire()
                why = self._try_again()
        if why:
            raise SandboxError(
                f"the sandbox of level {self.level} holds no more, and a fresh one does not "
                f"either: {why.rstrip('.')}. What was graded is kept. Run `grader doctor`, and "
                "then the same command again to go on"
            )

    def _try_again(self) -> str:
        """Why no box of the level in force holds now; empty where one does."""
        try:
            refusal = levels.try_level(self._current(), self.level)
        except SandboxError as error:  # no fork server starts
            return str(error)
        return refusal.why if refusal else ""

    def close(self) -> None:
        """No process of the sandbox is left, and what waits for a box gets a SandboxError."""
        self._closing = True
        for process in self._list_processes():  # whoever waits for one keeps the lock
            process.abandon()
        with self._lock:
            processes = self._list_processes()
            self._retired, self._next, self._process = [], None, None
        for process in processes:
            process.abandon()
            process.retire()
        for process in processes:
            process.end()

    def _list_processes(self) -> list[ServerProcess]:
        return [p for p in (*self._retired, self._next, self._process) if p is not None]
