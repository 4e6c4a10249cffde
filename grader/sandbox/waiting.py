"""Waiting for a process of ours at the other end of a socket, which a signal may have stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

WAKE_SECONDS = 1.0
"""Time-out of such a socket: after so long without a word the process is woken."""

T = TypeVar("T")
R = TypeVar("R")


def await_awake(action: Callable[[T], R], given: T, deadline: float, wake: Callable[[], None]) -> R:
    """What a call on the socket gives; each time it takes too long, `wake` lets the process go on.

    Raises TimeoutError at the deadline, by the monotonic clock.
    """
    while True:
        try:
            return action(given)
        except TimeoutError:
            if time.monotonic() > deadline:
                raise
            wake()
