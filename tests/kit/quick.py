"""Which tests are quick, and a guard that holds them to it: `pytest --quick`.

A test starts processes, a box most often, if it asks through whichever fixture for one of
`FIXTURES`, if it stands in one of `ROOMS`, or if it says so itself with the marker `process`. All
others are quick: they call functions, and read and write small files. While one of them runs under
`--quick`, no process can be started: what tries to is refused, and the test fails.
"""

from __future__ import annotations

import sys

import numpy.testing  # noqa: F401 - of version 1.26 it starts lscpu when it is imported: do it now
import pytest

from kit.places import TESTS

FIXTURES = frozenset({"server", "call"})
"""These start a fork server, or call a command that may start one."""
ROOMS = frozenset({"cli", "course", "data", "house", "sandbox"})
"""Folders whose tests nearly all open boxes, start other programs or read whole data sets."""
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"})
"""Names under which Python announces that a process is started."""
PROFILE = "quick"
"""Hypothesis's profile of few examples."""


def starts_processes(item: pytest.Item) -> bool:
    """True where the marker, the folder or a fixture of a test says that it starts processes."""
    return (
        item.get_closest_marker("process") is not None
        or item.path.relative_to(TESTS).parts[0] in ROOMS
        or not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    )


class Guard:
    """Refuses every start of a process from the set-up of a test to its end."""

    def __init__(self) -> None:
        self.running = ""
        """The test that runs, or nothing between tests."""
        self.refused: list[str] = []
        """What it tried. Code that catches every exception cannot hide it."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in STARTS and self.running:
            self.refused.append(f"{event} {arguments}"[:200])
            raise RuntimeError(f"`--quick` starts no process. Mark {self.running} as `process`.")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object:
        """Between tests pytest may do as it likes."""
        self.running = item.nodeid
        try:
            return (yield)
        finally:
            self.running = ""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        """A test that tried to start a process fails, also where the code caught the refusal."""
        tried, self.refused = self.refused, []
        assert tried == [], "a quick test tried to start a process: mark it as `process`"
