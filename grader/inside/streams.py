"""Bytes between the supervisor and the student's process, never waited for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable


def drain(descriptor: int) -> bytes | None:
    """What can be read now; empty at the end, None where nothing has come."""
    try:
        return os.read(descriptor, 1 << 20)
    except BlockingIOError:
        return None


class Capture:
    """Head and tail of what was printed, `cap` bytes at most, and how much it was."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.total = 0
        self._head, self._tail = bytearray(), bytearray()

    def take(self, data: bytes) -> None:
        """`data` was printed."""
        self.total += len(data)
        half = self.cap // 2
        room = half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > half:
            del self._tail[:-half]

    def tail(self, count: int) -> bytes:
        """The last `count` bytes."""
        return bytes((self._head + self._tail)[-count:])

    def text(self) -> bytes:
        """What is kept; where something is left out, a line says how much."""
        left_out = self.total - len(self._head) - len(self._tail)
        middle = f"\n… {left_out:,} bytes left out …\n".encode() if left_out else b""
        return bytes(self._head) + middle + bytes(self._tail)


class Outbox:
    """What waits to be written to a pipe whose reader may be slow, or gone."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._pieces: deque[memoryview] = deque()

    @property
    def waiting(self) -> bool:
        """True while something is left to write."""
        return bool(self._pieces)

    def add(self, pieces: Iterable[memoryview]) -> None:
        """`pieces` will follow what waits already."""
        self._pieces.extend(p for p in pieces if p)

    def push(self) -> None:
        """As much is written as the pipe takes."""
        while self._pieces:
            try:
                count = os.write(self.descriptor, self._pieces[0])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._pieces.clear()
                return
            rest = self._pieces.popleft()[count:]
            if rest:
                self._pieces.appendleft(rest)
