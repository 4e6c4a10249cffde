"""What a cell of a notebook, or a module's top level, may take before it is stopped."""

from __future__ import annotations

import time
from typing import Literal

from grader.inside.schema.job import Limits
from grader.inside.schema.messages import SharedLimit

GRACE_SECONDS, GRACE_SHARE = 1.0, 0.1
"""CPU seconds between an interrupt and the end of the process, in which definitions are read; of
the CPU limit this share at most, so that something is left for judging.
"""
DEFAULT_SECONDS = 30.0
Step = Literal["", "interrupt", "kill"]
"""What is to be done now."""


class Allowance:
    """CPU seconds of one piece of student code; by the clock it may take `patience` times those.

    A busy machine needs long for little. So the clock is only a far bound, for code that waits.
    """

    def __init__(self, limits: Limits) -> None:
        own, cpu = limits["cell_seconds"] or DEFAULT_SECONDS, limits["cpu_seconds"]
        patience = limits["wall_seconds"] / cpu if cpu else 1.0
        self._own = own, patience * own
        grace = min(GRACE_SECONDS, GRACE_SHARE * cpu)
        self._grace = grace, max(patience, 1.0) * grace
        self._running = False
        self.passed: SharedLimit | Literal[""] = ""
        """What it has used up: computing time, or time by the clock."""

    def begin(self) -> None:
        """A piece begins now."""
        self._running, self.passed = True, ""
        self._since, self._cpu_since = time.monotonic(), None  # type: float, float | None

    def end(self) -> None:
        """The piece has come to its end."""
        self._running = False

    def check(self, cpu: float, spent: SharedLimit | Literal[""]) -> Step:
        """What is to be done about a piece when the box has used so many CPU seconds.

        `spent` says of which limit all pieces together have used up their share.
        """
        if not self._running:
            return ""
        if self._cpu_since is None:  # what it used before this look is let go
            self._cpu_since = cpu
        used = cpu - self._cpu_since, time.monotonic() - self._since
        if self.passed:
            return "kill" if _exceeds(used, self._grace) else ""
        self.passed = _exceeds(used, self._own) or spent
        if not self.passed:
            return ""
        self._cpu_since, self._since = cpu, time.monotonic()
        return "interrupt"


def _exceeds(used: tuple[float, float], limit: tuple[float, float]) -> SharedLimit | Literal[""]:
    if used[0] > limit[0]:
        return "cpu"
    return "time" if used[1] > limit[1] else ""
