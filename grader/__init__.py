"""An automated grader for deep-learning courses: sandboxed, measured against a reference.

What stands in `__all__` is what assignments import; everything else may change.

Rooms, top first:
    __main__
    cli
    grading
    export
    report, sandbox, submissions
    compare
    diagnosis
    assignment
    data
    ledger
    records
    inside
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader import compare, data, diagnosis
    from grader.assignment import probe
    from grader.assignment.assignment import Assignment, Measurements
    from grader.records import measurements
    from grader.records.limits import Limits
    from grader.records.messages import Message
    from grader.records.result import Verdict

__version__ = "0.1.0"
__all__ = [
    "Assignment",
    "Limits",
    "Measurements",
    "Message",
    "Verdict",
    "compare",
    "data",
    "diagnosis",
    "measurements",
    "probe",
]

_HOMES = {
    "Assignment": "grader.assignment.assignment",
    "Limits": "grader.records.limits",
    "Measurements": "grader.assignment.assignment",
    "Message": "grader.records.messages",
    "Verdict": "grader.records.result",
}
_ROOMS = {
    "compare": "grader.compare",
    "data": "grader.data",
    "diagnosis": "grader.diagnosis",
    "measurements": "grader.records.measurements",
    "probe": "grader.assignment.probe",
}


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext grader` gives the notebook the magic `%check`."""
    import_module("grader.cli.magic").register(ipython)


def __getattr__(name: str) -> Any:
    """Import on first use, so that the command line and the sandbox start without numpy or
    torch.
    """
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return import_module(_ROOMS[name])
    raise AttributeError(f"module 'grader' has no attribute {name!r}")
