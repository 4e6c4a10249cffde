"""What running cells takes of the supervisor and of the process that it watches."""

from __future__ import annotations

from typing import Any, Protocol


class Process(Protocol):
    """The student's process with the notebook's kernel, and our ends of its pipes."""

    pid: int
    connection: dict[str, Any] | None
    """Where the kernel listens."""
    handle: int
    """Readable once the process has ended."""
    stdout: int
    stderr: int
    answers: int
    loaded: int
    ended: set[int]
    """Pipes that the process has closed."""
    why: str | None
    """Why it is being killed, if it is."""

    def await_ready(self) -> None:
        """Every wall stands. RuntimeError where one does not."""

    def kill(self, why: str) -> None:
        """The process is about to be gone."""


class Runner(Protocol):
    """What runs the cells, as far as the supervisor needs it."""

    def run(self) -> bool:
        """The cells ran; False where the kernel died."""

    def gone(self) -> None:
        """The process has ended."""


class Host(Protocol):
    """The supervisor, as far as running cells needs it."""

    limits: dict[str, Any]
    death: dict[str, Any] | None
    """How the last process ended."""

    def start(self, notebook: str | None = None) -> Process:
        """A new process with a kernel, not yet ready."""

    def drive(self, runner: Runner) -> None:
        """The cells run, and their time counts."""

    def look(self) -> float:
        """The limits are enforced; CPU seconds used until now."""

    def hear(self, child: Any, descriptor: int) -> None:
        """What has come by a pipe of the student's process is dealt with."""

    def bury(self, child: Any) -> None:
        """The student's process has ended and is dealt with."""

    def printed(self, name: str, text: str) -> None:
        """A cell printed this."""

    def spent(self, share: float) -> str:
        """`cpu` or `time` where the box has used more than that share of it; else empty."""

    @property
    def crowded(self) -> bool:
        """As many processes and threads as are allowed have been seen at once."""
