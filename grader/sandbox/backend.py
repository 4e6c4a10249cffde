"""The seam between what is asked of a submission and how its code is run.

A `Job` is plain data: what a box is opened for. A `Backend` opens boxes for jobs at a sandbox level
that it has found by trying. The fork server is the first, `plain` runs anywhere; others are found
by name as entry points of the group `grader.backends` (`grader.records.extensions`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from grader.records import extensions
from grader.records.errors import SandboxError
from grader.records.execution import Execution, Missing, StudentError
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox.cells import CellRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a box is opened for. It holds no open file: it can be sent to another machine."""

    submission: Submission
    limits: Limits
    seed: int
    """Of the random numbers in the student's code."""
    run: str = "all"
    """`definitions`: nothing but definitions is run (`Assignment.run`)."""
    datasets: Mapping[str, str] = field(default_factory=dict)
    """Folders with training pictures on this machine, by name of the data set; that of an
    absent one says so (`grader.data.training_mount`).
    """
    level: int | None = None
    """The sandbox level at which it has to run; None for the backend's own."""
    course: str = ""
    """The course's folder, for a backend that has to find it elsewhere."""
    slug: str = ""


class OpenBox(Protocol):
    """One submission in its box: questions go in, values or reasons come out.

    Nothing that the student's side does raises; SandboxError means that our side broke.
    """

    cells: tuple[CellRun, ...]
    """How each code cell of a notebook went, once it is loaded."""
    notebook: bytes | None
    """The notebook as it was executed, JSON. It comes out of the box: treat it as hostile."""
    disturbed: bool
    """Whether a signal that is not the grader's ended a process of the student's: somebody else's,
    or its own.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def load(self) -> StudentError | None:
        """The student's code has run; None if it loaded, else what went wrong."""

    def ask(self, ask: str, args: Mapping[str, Any]) -> Any | Missing:
        """The value that the measuring code in the box gives, or why there is none."""

    def close(self) -> Execution:
        """The box is gone, and everything in it; how it went."""


class Backend(Protocol):
    """Opens boxes at one sandbox level; `open` may be called from any thread."""

    level: int
    """The level in force, 0 to 4."""

    def open(self, job: Job) -> OpenBox:
        """A box with the job's files in it; nothing has run yet."""

    def describe(self) -> dict[str, Any]:
        """What `grader doctor` tells of it, fit for JSON."""

    def recover(self) -> None:
        """Boxes hold, tried now, after one has broken; what was at fault is replaced. Raises
        SandboxError where they do not: then nobody can be measured any more.
        """

    def close(self) -> None:
        """No process of it is left, and who waits for one gets a SandboxError."""


AUTO, BEST, ANYWHERE = "auto", "forkserver", "plain"
"""The choice that is made here, and what there is to choose from: walls, or none anywhere."""
_UNWALLED = 0
"""The level of the backend that runs anywhere."""


def _tell_nobody(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which backend is to be started, and what it has to offer."""

    name: str = AUTO
    """Of the entry point of `grader.backends`: a class, or a function, that starts the backend with
    the arguments `level` and `notebooks`. `auto` is the fork server where that runs, and the one
    that runs anywhere where it does not and level 0 will do.
    """
    level: int | None = None
    """Exactly this level; None takes the best one that passes its self-test."""
    lowest: int = 0
    """Below this level nothing is run."""
    notebooks: bool = False
    """Whether kernels are wanted soon."""
    tell: Callable[[str], None] = field(default=_tell_nobody, compare=False, repr=False)
    """Is told, in a sentence, why the fork server was not taken."""

    def accepts(self, level: int) -> bool:
        """Whether measurements that were made at this level may be used again.

        Whichever backend made them: at one level they are the same.
        """
        return level >= self.lowest and self.level in (None, level)

    def start(self) -> Backend:
        """The backend runs (a few seconds). SandboxError where its level is too low."""
        backend = self._open(self.name) if self.name != AUTO else self._open_best()
        if backend.level < self.lowest:
            backend.close()
            raise SandboxError(
                f"the best sandbox here is level {backend.level}, and a batch asks for "
                f"level {self.lowest}. Run `grader doctor` for what is missing, or pass "
                f"--allow-level {backend.level}"
            )
        return backend

    def _open_best(self) -> Backend:
        try:
            return self._open(BEST)
        except SandboxError as error:
            if self.level not in (None, _UNWALLED):
                raise
            why = str(error).rstrip(".")
        if self.lowest > _UNWALLED:
            raise SandboxError(
                f"{why}. Without walls, at level {_UNWALLED}, code runs here as well: pass "
                f"--allow-level {_UNWALLED} if you trust who wrote it"
            )
        self.tell(f"Code runs without walls here, in a fresh process, at level {_UNWALLED}: {why}.")
        return self._open(ANYWHERE)

    def _open(self, name: str) -> Backend:
        starter = extensions.load("grader.backends", name)
        if not callable(starter):
            raise extensions.blame("grader.backends", name, "starts nothing: it is no class")
        backend: Backend = starter(level=self.level, notebooks=self.notebooks)
        return backend
