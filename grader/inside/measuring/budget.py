"""A time budget for a call of student code that may well be endless."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Spent(BaseException):
    """The budget is spent. No Exception, so that `except Exception` lets it by."""


def run(call: Callable[[], object], seconds: float) -> bool:
    """Run `call` for at most that many CPU seconds; True where it was stopped.

    The signal comes again every tenth of the budget, in case the first was swallowed. Runs in the
    main thread, where Python delivers signals.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Spent

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, max(seconds / 10, 0.05))
    try:
        call()
    except Spent:
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return False


@contextmanager
def pause() -> Iterator[None]:
    """Within, the clock of the call that `run` watches stands still."""
    left, again = signal.setitimer(signal.ITIMER_PROF, 0)
    try:
        yield
    finally:
        if again:
            signal.setitimer(signal.ITIMER_PROF, max(left, 1e-3), again)
