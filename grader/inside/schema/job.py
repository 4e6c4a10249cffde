"""What a box is asked for with, and what its guard and the fork server say of it."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Limits(TypedDict):
    """What the guard and the supervisor enforce."""

    cpu_seconds: float
    wall_seconds: float
    memory_mib: int
    processes: int
    disk_mib: int
    output_kib: int
    cell_seconds: float


class GroupLimits(TypedDict):
    """What a control group bounds."""

    memory_mib: int
    """Beyond what a process has from the fork server."""
    tasks: int


class BoxRequest(TypedDict):
    """What the grader says of a box when it asks for one."""

    level: int
    """Sandbox level, 0 to 4."""
    seed: int
    selftest: bool
    """Whether the trials are asked, in place of the questions."""
    run: str
    """`all`, or `definitions`."""
    datasets: dict[str, str]
    """Folder of the host by data set; that of an absent one holds no arrays."""
    submission_mib: int
    submission_files: int
    limits: Limits
    group: NotRequired[GroupLimits]
    """At level 4."""


class PlacedRequest(BoxRequest):
    """The same as the guard knows it."""

    name: str
    """Unique among the boxes of a fork server."""
    uid: int
    """The user that the box runs as where the grader is root."""
    readable: list[str]
    """What landlock lets be read at level 2."""


class FreshRequest(TypedDict):
    """What an interpreter that was started for one submission is told before it loads that."""

    do: Literal["begin"]
    seed: int
    run: str
    datasets: dict[str, str]
    directory: str
    """Where the submission lies."""
    home: str
    """Where student code may leave files."""
    uid: int | None
    """The user to become, where the grader is root; None where it is nobody special."""
    printed: str
    """The folder in which files take what is printed, outside of both."""
    environment: dict[str, str]
    """Variables that this system needs beside those that student code always finds."""
    notebook: str | None
    """The name of a notebook, for which a kernel is wanted."""
    key: str
    """Signs the kernel's messages."""


class FreshState(TypedDict, total=False):
    """What it says once it can load the submission, or why it cannot."""

    ready: list[int]
    """Ports of the kernel: shell, iopub, stdin and control; none without a notebook."""
    failed: str


class ServerState(TypedDict):
    """What a fork server says once everything is imported."""

    versions: dict[str, str]
    landlock: int


class GuardReport(TypedDict, total=False):
    """A guard's last message."""

    exit: int
    """The supervisor's exit code."""
    cut: bool
    """True where the lifeline was cut, or the fork server has ended."""
    failed: str
    """What went wrong on our side."""
