"""The two sockets of a box: requests and replies on one, the guard's last word on the other."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from grader.inside import wire
from grader.records.errors import SandboxError
from grader.sandbox.waiting import WAKE_SECONDS, await_awake

GRACE_SECONDS = 20.0
"""How much later than the wall limit a supervisor's reply may come before the box is given up."""

Reply = tuple[str, dict[str, Any], list[wire.Array]]
"""Kind of the reply (answer, died, ended), what it says, its arrays."""


class Requests(Protocol):
    """Takes what is asked of one box, one request at a time."""

    note: str
    """What a reader should know of how the box kept the code; mostly nothing."""

    def send(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> None:
        """A request without a reply."""

    def request(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> Reply:
        """The reply. Raises SandboxError where there is none, now and from then on."""

    def drop(self) -> dict[str, Any]:
        """No process of the box is left; what is said of its end."""


class Channel:
    """Asks the supervisor of one box, one request at a time. Raises SandboxError once it breaks."""

    note = ""

    def __init__(
        self,
        channel: socket.socket,
        lifeline: socket.socket,
        wall_seconds: float,
        wake: Callable[[], None],
    ) -> None:
        """`wake` lets whoever makes boxes go on, where a signal has stopped it."""
        self._channel, self._lifeline, self._wake = channel, lifeline, wake
        self._patience = wall_seconds + GRACE_SECONDS
        self._channel.settimeout(WAKE_SECONDS)
        self._reader = wire.Reader()
        self._fault: SandboxError | None = None
        self._waiting = False

    def send(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> None:
        """The frame is on its way; whether it arrives, the next reply or its absence says."""
        deadline = time.monotonic() + self._patience
        with contextlib.suppress(OSError):
            wire.write(
                lambda data: await_awake(self._channel.send, data, deadline, self._wake),
                head,
                arrays,
            )

    def request(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> Reply:
        """The supervisor's reply. Raises SandboxError where none comes, now and from then on."""
        if self._fault is None and self._channel.fileno() < 0:
            self._fault = SandboxError("This box is closed.")
        if self._fault is None and self._waiting:  # left by an interrupt: replies would be mixed up
            self._fault = self._broken("a request was interrupted")
        if self._fault is not None:
            raise self._fault
        self._waiting = True
        self.send(head, arrays)
        reply = self._await_reply()
        self._waiting = False
        return reply

    def _await_reply(self) -> Reply:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                data = await_awake(self._channel.recv, 1 << 20, deadline, self._wake)
                frames = list(self._reader.feed(data))
            except TimeoutError:
                break
            except OSError:
                data, frames = b"", []
            except ValueError as error:
                raise self._broken(f"its supervisor sent {error}") from None
            if frames:
                return self._checked(frames)
            if not data:
                raise self._broken("it ended without a report")
        raise self._broken("its supervisor did not answer in time")

    def _checked(self, frames: list[tuple[dict[str, Any], list[wire.Array]]]) -> Reply:
        head, arrays = frames[0]
        if "failed" in head:
            raise self._broken(str(head["failed"])[:2000])
        for kind in ("answer", "died", "ended"):
            if len(frames) == 1 and isinstance(head.get(kind), dict):
                return kind, head[kind], arrays
        raise self._broken("its supervisor sent something unexpected")

    def _broken(self, why: str) -> SandboxError:
        said = self.drop().get("failed")
        self._fault = SandboxError(f"A box broke: {said or why}.")
        return self._fault

    def cut(self) -> None:
        """The guard ends the box; who waits for a reply gets none. From any thread."""
        with contextlib.suppress(OSError):
            self._lifeline.shutdown(socket.SHUT_WR)

    def drop(self) -> dict[str, Any]:
        """The guard's last word. When it has come, no process of the box is left."""
        self._channel.close()
        report: dict[str, Any] = {}
        if self._lifeline.fileno() >= 0:
            with contextlib.suppress(OSError, ValueError):
                self._lifeline.settimeout(GRACE_SECONDS)
                self._lifeline.shutdown(socket.SHUT_WR)
                data = self._lifeline.recv(1 << 16)
                said = json.loads(data or b"{}")
                report = said if isinstance(said, dict) else {}
            self._lifeline.close()
        return report
