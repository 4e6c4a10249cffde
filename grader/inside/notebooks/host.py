"""What running cells takes of the supervisor and of the process that it watches."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from typing import Any, Literal, Protocol, TypeVar

from grader.inside.cell import Connection
from grader.inside.schema.job import Limits
from grader.inside.schema.messages import Death, SharedLimit, Why

Message = dict[str, Any]
"""A message of a kernel, or its content; any part of it may be forged."""


class Process(Protocol):
    """The student's process with the notebook's kernel, and our ends of its pipes."""

    connection: Connection | None
    """Where the kernel listens."""
    why: Why | None
    """Why it is being killed, if it is."""

    def await_ready(self) -> None:
        """Every wall stands. RuntimeError where one does not."""

    def kill(self, why: Why) -> None:
        """The process is about to be gone."""

    def interrupt(self) -> None:
        """The cell that runs gets a KeyboardInterrupt."""


class Runner(Protocol):
    """What runs the cells, as far as the supervisor needs it."""

    def run(self) -> bool:
        """The cells ran; False where the kernel died."""

    def note_end(self) -> None:
        """The process has ended."""


P = TypeVar("P", bound=Process)


class Host(Protocol[P]):
    """The supervisor, as far as running cells needs it."""

    limits: Limits
    death: Death | None
    """How the last process ended."""
    crowded: bool
    """True once as many processes and threads as are allowed have been seen at once."""

    def start(self, notebook: str | None = None) -> P:
        """A new process with a kernel, not yet ready."""

    def drive(self, runner: Runner) -> None:
        """The cells run, and their time counts."""

    def forgive_start(self) -> None:
        """The kernel is there; what its start took of the CPU is not the student's."""

    def look(self) -> float:
        """The limits are enforced; CPU seconds used until now."""

    def listen(self, child: P, loop: AbstractEventLoop) -> None:
        """While cells run, this loop hears what the process writes, and of its end."""

    def stop_listening(self, child: P, loop: AbstractEventLoop) -> None:
        """The loop hears nothing of it any more."""

    def keep_printed(self, name: str, text: str) -> None:
        """A cell printed this."""

    def find_spent(self, share: float) -> SharedLimit | Literal[""]:
        """The limit of which the box has used more than that share; else an empty text."""
