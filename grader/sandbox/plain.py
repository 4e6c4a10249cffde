"""The backend for any system: a fresh interpreter for each submission, watched from outside."""

from __future__ import annotations

import os
import platform
import threading
import weakref
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from grader.inside.cell import is_notebook
from grader.inside.schema.job import BoxRequest
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.records.temporary import TemporaryFolder
from grader.sandbox.backend import Job
from grader.sandbox.box import Box
from grader.sandbox.interpreter import Interpreter
from grader.sandbox.plain_supervisor import PlainSupervisor

LEVEL = 0
MADE_OF = "a fresh process, whose limits are watched from outside"
_MEASURING = ("torch", "torchvision", "numpy", "ipython", "ipykernel", "nbclient")


class Plain:
    """Opens boxes that have no walls. Use as a context manager; `open` may be called anywhere.

    An interpreter needs seconds to import torch, so one is always started ahead. Raises
    SandboxError for any level but 0.
    """

    level = LEVEL

    def __init__(self, *, level: int | None = None, notebooks: bool = False) -> None:
        if level not in (None, LEVEL):
            raise SandboxError(
                f"The plain backend has level {LEVEL} only, and level {level} was asked for. Use "
                "Linux, or leave --level out."
            )
        self._lock = threading.Lock()
        self._notebooks = notebooks
        # What links lead to: student code sees this folder's own name, and names are compared.
        self._folder = TemporaryFolder("plain")
        self._root = os.path.realpath(self._folder.path)
        self._caches = os.path.join(self._root, "caches")
        os.mkdir(self._caches)
        os.chmod(self._root, 0o711)  # where the grader is root, student code runs as another user
        self._count = 0
        self._open: weakref.WeakSet[PlainSupervisor] = weakref.WeakSet()
        self._closed = False
        _require_open(self._folder)
        self._spare: Interpreter | None = self._start()

    def _start(self) -> Interpreter:
        self._count += 1
        folder = os.path.join(self._root, f"process-{self._count}")
        return Interpreter(folder, self._caches, notebooks=self._notebooks)

    def describe(self) -> dict[str, Any]:
        """What `grader doctor` tells of the sandbox, fit for JSON."""
        return {
            "level": self.level,
            "made_of": MADE_OF,
            "tested": False,
            "refused": [],
            "versions": dict(_read_versions()),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, job: Job) -> Box:
        """A box with the job's files in it; nothing has run yet. May be called from any thread."""
        self._notebooks = self._notebooks or is_notebook(job.submission.entry)
        return Box(self._connect, replace(job, level=LEVEL))

    def _connect(self, request: BoxRequest) -> PlainSupervisor:
        with self._lock:
            self._check()
            self._count += 1
            folder = os.path.join(self._root, f"box-{self._count}")
            supervisor = PlainSupervisor(request, folder, self._take)
            self._open.add(supervisor)
        return supervisor

    def _take(self, notebook: bool) -> Interpreter:  # noqa: FBT001
        """The interpreter that was started ahead; the next one is started."""
        with self._lock:
            self._check()
            self._notebooks = self._notebooks or notebook
            spare, self._spare = self._spare or self._start(), None
            self._spare = self._start()
        return spare

    def _check(self) -> None:
        if self._closed:
            raise SandboxError("The sandbox is closed.")

    def close(self) -> None:
        """No process of the sandbox is left; who waits for one gets a SandboxError."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
            waiting = list(self._open)
        for supervisor in waiting:
            supervisor.cut = True
        if spare is not None:
            spare.close()
        for supervisor in waiting:
            supervisor.drop()
        self._folder.remove()

    def recover(self) -> None:
        """An interpreter starts and loads nothing. Raises SandboxError where it does not."""
        nothing = Submission(student="", files={}, entry=None)
        with self.open(Job(submission=nothing, limits=Limits(), seed=0)) as box:
            box.load()


def _require_open(folder: TemporaryFolder) -> None:
    """Raises SandboxError where the grader is root, and another user cannot reach this folder."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    parents = Path(os.path.realpath(folder.path)).parents
    above = [str(p) for p in parents if not p.stat().st_mode & 0o001]
    if above:
        folder.remove()
        raise SandboxError(
            f"the folder {above[0]} is closed to other users, and as root the grader runs student "
            "code as another user. Set TMPDIR to a folder that everybody may enter"
        )


def _read_versions() -> Mapping[str, str]:
    """Of what measures and runs notebooks, without importing it."""
    versions = {"python": platform.python_version()}
    for name in _MEASURING:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
