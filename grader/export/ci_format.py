"""What a result format is: the form in which one system, such as a CI, reads the results of one
submission. It does not write to a disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from grader.records import extensions
from grader.records.result import Graded

GROUP = "grader.results"
"""Entry points under which result formats are registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One submission that was graded by itself."""

    graded: Graded
    entry: str = ""
    """The file that was run, as its repository has it: `hw4/lenet.ipynb`."""
    remarks: Sequence[str] = ()
    """What a reader should know of the run, sentences."""
    passed: bool = True
    """Whether the points are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The grader itself failed, so that there is no run."""

    why: str
    """A sentence."""
    checks: Sequence[str] = ()
    """How the lines of `ci_run.list_checks` would be called, as far as that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """What a format makes."""

    content: bytes = field(repr=False)
    log: str = ""
    """Lines for the log, which the CI takes for commands."""


@runtime_checkable
class ResultFormat(Protocol):
    """The form in which one system reads a run. Equal runs make equal files."""

    def make(self, run: Run, /) -> ResultFile:
        """The file with this run."""

    def fail(self, failure: Failure, /) -> ResultFile:
        """The file that says that the grader failed. It costs nobody a point."""


def find_format(name: str) -> ResultFormat:
    """The format of that name. Raises GraderError where there is none, or where it is broken."""
    found = extensions.load(GROUP, name)
    if isinstance(found, type) or not isinstance(found, ResultFormat):
        raise extensions.blame(GROUP, name, "lacks what a result format has")
    return found
