"""From the facts that a supervisor reports to what a student reads. Pure; trusts no fact's shape.

A status is one of `records.Status`. Where several hold, the gravest is reported: tampered, then
a limit, then a crash, then an early end.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.records.execution import Missing, Status, StudentError
from grader.records.limits import Limits

_GRAVITY: Mapping[str, int] = {
    "ok": 0,
    "stopped": 1,
    "crashed": 1,
    "disk": 2,
    "processes": 2,
    "output": 2,
    "time": 2,
    "cpu": 2,
    "memory": 2,
    "tampered": 3,
}
_MEMORY = re.compile(
    r"not enough memory|can't allocate memory|Cannot allocate memory|DefaultCPUAllocator|"
    r"std::bad_alloc|Unable to allocate"
)
_PROCESSES = re.compile(r"Resource temporarily unavailable|can't start new thread")
_DISK = re.compile(r"No space left on device|File too large|Disk quota exceeded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How far a box has come."""

    status: Status = "ok"
    reason: str = ""

    def worse(self, other: Outcome) -> Outcome:
        """The graver of the two; of equals the earlier one."""
        return other if _GRAVITY[other.status] > _GRAVITY[self.status] else self


def of_trouble(trouble: StudentError, limits: Limits, *, loading: bool) -> Outcome:
    """What an exception in student code says about the run; only some matter after loading."""
    text = f"{trouble.kind}: {trouble.message}"
    if trouble.kind == "MemoryError" or _MEMORY.search(text):
        return of_limit("memory", limits)
    if _PROCESSES.search(text):
        return of_limit("processes", limits)
    if _DISK.search(text):
        return of_limit("disk", limits)
    if not loading:
        return Outcome()
    if trouble.kind == "SystemExit":
        return Outcome(status="stopped", reason=f"Your file did not load: {trouble.sentence()}.")
    return Outcome(
        status="crashed",
        reason=f"Your file could not be loaded. {_cut(trouble.sentence()).rstrip('.')}.",
    )


def of_part(trouble: StudentError, limits: Limits) -> Outcome:
    """A module does not parse, or raised; what of it was read, or defined, is measured."""
    said = f"{_cut(trouble.sentence()).rstrip('.')}."
    if is_unread(trouble):
        return Outcome(status="crashed", reason=f"A part of your file could not be read. {said}")
    limit = of_trouble(trouble, limits, loading=False)
    if limit.status != "ok":
        return limit
    return Outcome(
        status="stopped" if trouble.kind == "SystemExit" else "crashed",
        reason=f"Your file stopped before its end; what it defines is judged. {said}",
    )


def is_unread(trouble: StudentError) -> bool:
    """True where Python could not read the text, so that nothing of it ran."""
    return trouble.kind in ("SyntaxError", "IndentationError", "TabError")


def of_limit(status: Status, limits: Limits) -> Outcome:
    """Which limit was passed, and what to do about it."""
    reasons: Mapping[str, str] = {
        "memory": f"Your code needed more memory than the {limits.memory_mib:,} MiB allowed. "
        "Use smaller batches, and keep no results that you do not need.",
        "cpu": f"Your code used up its {limits.cpu_seconds:g} seconds of computing time. "
        "Look for a loop that does not end, and for training at the top level of the file.",
        "time": f"Your code ran past the limit of {limits.wall_seconds:g} seconds. "
        "Look for something that waits: sleep, input, a lock, a process that never answers.",
        "output": f"Your code printed more than {limits.output_kib * 100:,} KiB. "
        "Take out the print in the innermost loop.",
        "processes": f"Your code started more than the {limits.processes} processes and threads "
        "allowed. Use fewer workers.",
        "disk": f"Your code wrote more than the {limits.disk_mib} MiB of files allowed. "
        "Do not download or save large files.",
    }
    return Outcome(status=status, reason=reasons[status])


def of_death(facts: Mapping[str, Any], limits: Limits) -> Outcome:
    """Why the student's process is gone."""
    why, code = facts.get("why"), facts.get("code")
    if why == "end":
        return Outcome()
    if why == "tampered":
        return of_unasked(0)
    if why in ("cpu", "time", "cell") and facts.get("crowded") is True:
        return of_limit("processes", limits)
    if why == "cell":
        return of_limit("time", limits)
    if why == "answers":
        return Outcome(status="output", reason="All answers of your code together are too large.")
    if why in ("cpu", "time", "memory", "output"):
        return of_limit(why, limits)
    if not isinstance(code, int) or code >= 0:
        shown = f" with code {code}" if isinstance(code, int) and code else ""
        reason = (
            f"Your code ended the process{shown} before it was done: os._exit or a similar call. "
            "Take that call out."
        )
        return Outcome(status="stopped", reason=reason)
    if code == -signal.SIGABRT and _MEMORY.search(str(facts.get("said"))):
        return of_limit("memory", limits)
    reason = (
        f"Your code crashed the interpreter ({signal_name(-code)}). Python code alone cannot do "
        "that: look at ctypes, very deep recursion, or tensors that share freed memory."
    )
    return Outcome(status="crashed", reason=reason)


def of_unasked(count: int) -> Outcome:
    """Something wrote to the channel on which only the grader's measuring code answers."""
    what = f"{count:,} bytes were" if count else "Something was"
    reason = f"{what} written to the result channel unasked. A person will look at this submission."
    return Outcome(status="tampered", reason=reason)


def signal_name(number: int) -> str:
    """`signal 11, SIGSEGV`."""
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def death_as_trouble(facts: Mapping[str, Any], outcome: Outcome) -> StudentError:
    """A death in the form of an exception, for places that show exceptions."""
    code = facts.get("code")
    kind: str = outcome.status
    if outcome.status == "crashed" and isinstance(code, int):
        kind = signal_name(-code).rpartition(" ")[2]
    elif outcome.status == "stopped":
        kind = "exit"
    return StudentError(kind=kind, message=outcome.reason)


def read_trouble(value: Any, files: Mapping[str, bytes]) -> StudentError:
    """The trouble that a box described, with every field checked and cut."""
    if not isinstance(value, dict):
        return StudentError(kind="Exception", message="")

    def text(name: str, cap: int) -> str | None:
        found = value.get(name)
        return clean(found)[:cap] if isinstance(found, str) else None

    line, file = value.get("line"), text("file", 300)
    known = file is not None and (
        file in files or file.endswith(".py") or file.partition(", cell ")[0] in files
    )
    return StudentError(
        kind=text("kind", 200) or "Exception",
        message=text("message", 2000) or "",
        file=file if known else None,
        line=line if type(line) is int and 0 < line < 10**7 else None,
        code=text("code", 400),
        where=text("where", 200),
    )


def missing_by_trouble(trouble: StudentError) -> Missing:
    """The measurement was stopped by an exception in student code."""
    return Missing(why=f"Your code raised an error: {_cut(trouble.sentence())}", error=trouble)


def read_missing(value: Any) -> Missing:
    """The reason that measuring code gave."""
    why = value.get("why") if isinstance(value, dict) else None
    needs_review = isinstance(value, dict) and value.get("needs_review") is True
    text = clean(why)[:2000] if isinstance(why, str) else "It could not be measured."
    return Missing(why=text, needs_review=needs_review)


def clean(text: str) -> str:
    """`text` with what cannot be encoded escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cleaned(value: Any) -> Any:
    """A value from a box with every text encodable."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(v) for v in value]
    if isinstance(value, dict):
        return {clean(k): cleaned(v) for k, v in value.items()}
    return value


def _cut(text: str, cap: int = 700) -> str:
    first = text.strip().split("\n")[0]
    return first if len(first) <= cap else first[: cap - 1] + "…"
