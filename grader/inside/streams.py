"""Bytes between the supervisor and the student's process, never waited for."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable
from typing import TextIO


def drain(descriptor: int) -> bytes | None:
    """What can be read now; empty at the end, None where nothing has come."""
    try:
        return os.read(descriptor, 1 << 20)
    except BlockingIOError:
        return None


LINE_CAP = 4096
"""Bytes of an unfinished line that wait for what may overwrite them."""
_UP = "\x1b[A"
"""Moves to the line above."""


class Capture:
    """Head and tail of what was printed, `cap` bytes at most, and how much it was.

    A line that carriage returns overwrite, as progress bars do, is kept as it was last.
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.total = 0
        """Bytes printed, kept or not."""
        self._left_out = 0
        self._head, self._tail, self._line = bytearray(), bytearray(), bytearray()

    def take(self, data: bytes) -> None:
        """`data` was printed."""
        self.total += len(data)
        self._line += data
        lines, newline, rest = self._line.rpartition(b"\n")
        if newline:
            shown = overwrite(lines.decode("latin-1") + "\n")
            self._keep(shown.encode("latin-1"))
        del rest[: rest.rstrip(b"\r").rfind(b"\r") + 1]
        self._line = rest
        if len(rest) > LINE_CAP:
            self._flush()

    def _flush(self) -> None:
        self._keep(bytes(self._line))
        self._line.clear()

    def _keep(self, data: bytes) -> None:
        half = self.cap // 2
        room = half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > half:
            self._left_out += len(self._tail) - half
            del self._tail[:-half]

    def tail(self, count: int) -> bytes:
        """The last `count` bytes."""
        return bytes((self._head + self._tail + self._line)[-count:])

    def text(self) -> bytes:
        """What is kept; where something is left out, a line says how much."""
        self._flush()
        left_out = f"\n… {self._left_out:,} bytes left out …\n"
        middle = left_out.encode() if self._left_out else b""
        return bytes(self._head) + middle + bytes(self._tail)


def overwrite(text: str) -> str:
    """`text` as a terminal shows it: of a progress bar that returns to its line, the last state.

    Of bars within bars each state of the inner one stands on a line that ends by moving up.
    """
    if "\r" not in text and _UP not in text:
        return text
    *lines, last = text.split("\n")
    return "\n".join([*_list_states(lines), _find_state(last).removesuffix(_UP)])


def condense(piece: str) -> str:
    """A piece of a longer text without what it overwrites itself: `overwrite` gives the same."""
    if "\r" not in piece or "\n" not in piece:
        return piece[max(0, piece.rstrip("\r").rfind("\r")) :]
    first, *lines, last = piece.split("\n")
    return "\n".join([condense(first), *_list_states(lines), condense(last)])


def _list_states(lines: list[str]) -> list[str]:
    return [state for line in lines if not (state := _find_state(line)).endswith(_UP)]


def _find_state(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


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


def restore_streams() -> None:
    """Standard output and error are the pipes, not the files that the fork server wrote to."""
    sys.stdout = sys.__stdout__ = open_stream(1)  # type: ignore[assignment,misc]
    sys.stderr = sys.__stderr__ = open_stream(2)  # type: ignore[assignment,misc]


def open_stream(descriptor: int) -> TextIO:
    """A text stream that can print anything."""
    return open(
        descriptor,
        "w",
        buffering=1,
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        closefd=False,
    )
