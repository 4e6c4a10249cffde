"""What a box is asked when a sandbox level is tried: the trials of its walls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from grader.inside.schema.questions import Question


class EscapeArgs(TypedDict):
    """What nothing in a box may reach."""

    walls: bool
    memory_mib: int
    file: str
    source: str
    path_socket: str
    abstract_socket: str
    port: int
    pid: int
    name: str
    """What the process is called that is left behind."""


class CrowdArgs(TypedDict):
    """How many threads to start."""

    threads: int


class FillArgs(TypedDict):
    """How much memory to write to, and how long to keep it."""

    mib: int
    seconds: float


TRIALS: Mapping[str, Question] = {
    "escape": Question(EscapeArgs, dict),
    "crowd": Question(CrowdArgs, int),
    "fill": Question(FillArgs, int),
}
"""What a box is asked when a level is tried; `walls.selftest.TRIALS` answers."""
