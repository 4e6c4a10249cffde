"""A time budget for a call of student code that may well be endless."""

from __future__ import annotations

import ctypes
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


class Spent(BaseException):
    """The budget is spent. No Exception, so that `except Exception` lets it by."""


class Clock(Protocol):
    """Raises Spent in the main thread once so many CPU seconds are used, and again and again."""

    def start(self, seconds: float) -> None:
        """From now on it runs."""

    def pause(self) -> None:
        """It stands still; nothing is raised."""

    def resume(self) -> None:
        """It goes on with what was left, if it ran."""

    def stop(self) -> None:
        """Nothing is raised any more."""


class SignalClock:
    """By a signal, which the kernel sends."""

    def start(self, seconds: float) -> None:
        """The signal comes again every tenth of the budget, in case the first was swallowed."""

        def raise_spent(_number: int, _frame: FrameType | None) -> None:
            raise Spent

        self._before = signal.signal(signal.SIGPROF, raise_spent)
        self._left, self._again = seconds, max(seconds / 10, 0.05)
        self.resume()

    def pause(self) -> None:
        """The signal does not come."""
        self._left, self._again = signal.setitimer(signal.ITIMER_PROF, 0)

    def resume(self) -> None:
        """The signal will come."""
        if self._again:
            signal.setitimer(signal.ITIMER_PROF, max(self._left, 1e-3), self._again)

    def stop(self) -> None:
        """The signal means what it meant before."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._before)


class ThreadClock:
    """By a thread that looks at the clock, where the system has no such signal."""

    def start(self, seconds: float) -> None:
        """The thread looks, and raises again every tenth of the budget."""
        self._end, self._lock = threading.Event(), threading.Lock()
        self._left, self._again = seconds, max(seconds / 10, 0.05)
        self._since: float | None = time.process_time()
        self._target = threading.main_thread().ident
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            with self._lock:
                now = time.process_time()
                if self._since is not None and now - self._since >= self._left:
                    self._since, self._left = now, self._again
                    self._throw()

    def _throw(self) -> None:
        """The main thread raises Spent at its next step."""
        spent, target = ctypes.py_object(Spent), ctypes.c_ulong(self._target or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(target, spent)

    def pause(self) -> None:
        """The thread only waits."""
        with self._lock:
            if self._since is not None:
                self._left -= time.process_time() - self._since
            self._since = None

    def resume(self) -> None:
        """The thread looks again."""
        with self._lock:
            self._since = time.process_time()

    def stop(self) -> None:
        """The thread is gone, and what it threw last was raised here.

        Taking it back instead would leave Python 3.11 a flag that nothing clears, and a function
        that begins while somebody traces it would begin for ever.
        """
        try:
            self._end.set()
            self._thread.join()
            _take_a_step()
        except Spent:
            self.stop()


def _take_a_step() -> None:
    """Where a function begins, Python raises what another thread has thrown."""


_running: list[Clock] = []
"""The clock of the call that is watched, if one is."""


def run(call: Callable[[], object], seconds: float) -> bool:
    """Run `call` for at most that many CPU seconds; True where it was stopped.

    Runs in the main thread, where Python delivers signals.
    """
    clock: Clock = SignalClock() if hasattr(signal, "setitimer") else ThreadClock()
    _running.append(clock)
    clock.start(seconds)
    try:
        call()
    except Spent:
        return True
    finally:
        clock.stop()
        _running.remove(clock)
    return False


def is_running() -> bool:
    """Whether a call is being watched: its clock goes on in what it calls."""
    return bool(_running)


def read_limit() -> float:
    """CPU seconds that this process may use in all; infinity where nothing limits them."""
    if resource is None:
        return math.inf
    most, _ = resource.getrlimit(resource.RLIMIT_CPU)
    return math.inf if most == resource.RLIM_INFINITY else float(most)


@contextmanager
def pause() -> Iterator[None]:
    """Within, the clock of the call that `run` watches stands still."""
    clock = _running[-1] if _running else None
    if clock is not None:
        clock.pause()
    try:
        yield
    finally:
        if clock is not None:
            clock.resume()
