"""How a signal ends the program: in order, soon, in one line, and whatever it is doing.

Ctrl-C, SIGTERM and SIGHUP raise `Interrupted` in the main thread, so that everything that was begun
is ended on the way out. What takes longer than a moment is ended by force: its temporary folders
are removed, and processes of the sandbox see that and go.

This is imported before everything else, and imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

GRACE_SECONDS = 0.7
"""How long the way out may take."""
FIRST_CODE = 128
"""The exit code of a program that a signal ended, less the signal's number."""
_SHOW_CURSOR = b"\x1b[?25h"
_SENTENCES: Mapping[str, str] = {
    "SIGINT": "Interrupted",
    "SIGTERM": "Ended by SIGTERM",
    "SIGHUP": "Ended by SIGHUP, as the terminal is gone",
}
"""The beginning of the line, by the signal's name; not every system has all of them."""
_AGAIN = "Run the same command again."
_KEPT = "What was {} is kept; run the same command again to go on."
_RESTS: Mapping[str, str] = {
    "grade": _KEPT.format("graded"),
    "demo": _KEPT.format("graded"),
    "mark": _KEPT.format("entered"),
}
"""The end of the line for verbs that keep what they have until then."""


class Interrupted(BaseException):
    """A signal asks the program to end. Like KeyboardInterrupt, but never somebody else's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def say_rest(words: Sequence[str]) -> str:
    """What is kept of what these words of a command asked for."""
    verb = next((word for word in words if not word.startswith("-")), "")
    return _RESTS.get(verb, _AGAIN)


def run(action: Callable[[], None], *, within: bool, rest: str = _AGAIN) -> None:
    """The action is done, or the program ends as a signal asked for: with SystemExit.

    `within` says that the program is another one, which goes on; `rest` is said at the end.
    """
    watch = _Watch(rest)
    watch.begin()
    try:
        action()
    except Interrupted as interrupted:
        watch.say(interrupted.number)
        sys.exit(FIRST_CODE + interrupted.number)
    finally:
        if within:
            watch.end()
        elif not watch.number:
            watch.finish()


class _Watch:
    """Hears the first signal, and sees to it that it is heeded."""

    def __init__(self, rest: str) -> None:
        self.rest = rest
        self.number = 0
        """Of the signal that came; 0 while there is none."""
        self._over = threading.Event()
        self._lost = False
        self._said = threading.Lock()
        self._before: dict[int, Any] = {}

    def begin(self) -> None:
        """Signals are heard here, but for those that whoever started this program has ignored."""
        self._hook, sys.unraisablehook = sys.unraisablehook, self._hear_lost
        if threading.current_thread() is not threading.main_thread():
            return
        for name in _SENTENCES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)

    def finish(self) -> None:
        """All is done, and nothing is left to interrupt: the program ends as it was about to."""
        self._over.set()
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def end(self) -> None:
        """Signals mean what they meant before."""
        self._over.set()
        sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _frame: object) -> None:
        """Heeds the first one; another would only stop what is being ended."""
        if self.number and not self._lost:
            return
        if not self.number:
            self.number = number
            threading.Thread(target=self._insist, daemon=True).start()
        self._lost = False
        raise Interrupted(self.number)

    def _hear_lost(self, lost: sys.UnraisableHookArgs) -> None:
        """An exception went lost where none can be raised, in a callback: it is raised again."""
        if isinstance(lost.exc_value, Interrupted):
            self._lost = True
        else:
            self._hook(lost)

    def _insist(self) -> None:
        """The program ends within the time that it has."""
        for _ in range(10):
            if self._over.wait(GRACE_SECONDS / 10):
                return
            if self._lost and hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident or 0, self.number)
        self.say(self.number)
        if temporary := sys.modules.get("grader.records.temporary"):  # no import: it might wait
            temporary.remove_all()
        os._exit(FIRST_CODE + self.number)

    def say(self, number: int) -> None:
        """The one line is on stderr. It is said once."""
        if not self._said.acquire(blocking=False):
            return
        text = f"{_SENTENCES[signal.Signals(number).name]}. {self.rest}"
        try:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR + b"\r")
            os.write(2, f"grader: {text}\n".encode())
        except OSError:  # nobody reads it any more
            pass
