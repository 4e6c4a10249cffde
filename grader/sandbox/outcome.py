"""From the facts that a supervisor reports to what a student reads. Pure; trusts no fact's shape.

A status is one of `records.Status`. Where several hold, the gravest is reported: tampered, then
a limit, then a crash, then an early end.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from grader.inside.cell import SHARE
from grader.inside.schema.limits import LIMITS
from grader.inside.schema.messages import WHYS, Death, End
from grader.inside.wire import Malformed
from grader.records.execution import Missing, Status, StudentError
from grader.records.limits import Limits
from grader.records.messages import Message
from grader.sandbox import loops

Facts: TypeAlias = Mapping[str, object]
"""What a box reports, not yet checked."""

DEFINITIONS = "imports, functions, classes and constants"
_TOP = 'Put training under `if __name__ == "__main__":`, and'
_GRAVITY: Mapping[str, int] = {
    "ok": 0,
    "stopped": 1,
    "crashed": 1,
    **{row.status: row.gravity for row in LIMITS},
    "tampered": 3,
}
_MEMORY = re.compile(
    r"not enough memory|can't allocate memory|Cannot allocate memory|DefaultCPUAllocator|"
    r"std::bad_alloc|Unable to allocate"
)
_NAMED = re.compile(r"\A[a-z]+(?:-[a-z]+){1,5}\Z")
"""The code of a message."""
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


def of_error(error: StudentError, limits: Limits, *, loading: bool) -> Outcome:
    """What an exception in student code says about the run; only some matter after loading."""
    text = f"{error.kind}: {error.message}"
    if error.kind == "MemoryError" or _MEMORY.search(text):
        return of_limit("memory", limits)
    if _PROCESSES.search(text):
        return of_limit("processes", limits)
    if _DISK.search(text):
        return of_limit("disk", limits)
    if not loading:
        return Outcome()
    if error.kind == "SystemExit":
        return Outcome(status="stopped", reason=f"Your file did not load: {error.sentence()}.")
    return Outcome(
        status="crashed",
        reason=f"Your file could not be loaded. {_cut(error.sentence()).rstrip('.')}.",
    )


def of_part(error: StudentError, limits: Limits) -> Outcome:
    """A module does not parse, or raised; what of it was read, or defined, is measured."""
    sentence = f"{_cut(error.sentence()).rstrip('.')}."
    if is_unread(error):
        return Outcome(
            status="crashed", reason=f"A part of your file could not be read. {sentence}"
        )
    limit = of_error(error, limits, loading=False)
    if limit.status != "ok":
        return limit
    return Outcome(
        status="stopped" if error.kind == "SystemExit" else "crashed",
        reason=f"Your file stopped before its end; what it defines is judged. {sentence}",
    )


def of_stop(
    file: str, facts: Facts, error: StudentError | None, limits: Limits, source: str
) -> Outcome:
    """A module's top level was interrupted at its limit; what the file defines is measured."""
    if facts.get("crowded") is True:
        return of_limit("processes", limits)
    at = error if error is not None and error.file and error.line else None
    place = f"{at.file}, line {at.line}," if at else file
    code = f" (`{_cut(at.code, 120)}`)" if at and at.code else ""
    status: Status = "cpu" if facts.get("stopped") == "cpu" else "time"
    return Outcome(
        status=status,
        reason=f"{place} was stopped at {_describe_top_level(limits)}{code}. Of what follows only "
        f"definitions were run: {DEFINITIONS}. They are judged. "
        f"{_TOP} {loops.advise(source, waited=status == 'time')}.",
    )


def of_end(file: str, death: Death, limits: Limits, source: str) -> Outcome:
    """A module ended its process, before it had run to its end."""
    end = of_death(death, limits)
    if end.status not in ("cpu", "time"):
        return replace(end, reason=f"{file} did not run to its end. {end.reason}")
    reason = f"{file} was ended at {_describe_top_level(limits)}, as it did not heed an interrupt."
    advice = loops.advise(source, waited=end.status == "time")
    return replace(end, reason=f"{reason} {_TOP} {advice}.")


def _describe_top_level(limits: Limits) -> str:
    """What a module's top level may take."""
    cpu = min(limits.cell_seconds, SHARE * limits.cpu_seconds)
    return (
        f"the time limit for the top level of a file, {cpu:.3g} seconds of computing time or "
        f"{limits.patience * cpu:.3g} seconds by the clock"
    )


def is_unread(error: StudentError) -> bool:
    """True where Python could not read the text, so that nothing of it ran."""
    return error.kind in ("SyntaxError", "IndentationError", "TabError")


def of_limit(status: Status, limits: Limits) -> Outcome:
    """Which limit was passed, and what to do about it."""
    row = next(row for row in LIMITS if row.status == status)
    said = Message(f"limits-{status}", {"limit": getattr(limits, row.field)})
    return Outcome(status=status, reason=f"{said.text()} {said.hint()}")


def read_death(facts: Facts) -> Death:
    """How the student's process ended, each value checked; what is of no use is left out."""
    why, code = facts.get("why"), facts.get("code")
    return {
        "why": next((w for w in WHYS if w == why), None),
        "code": code if isinstance(code, int) else 0,
        "crowded": facts.get("crowded") is True,
        "said": str(facts.get("said")),
    }


def read_end(facts: Facts) -> End:
    """What a supervisor reports of its box. Raises Malformed where that makes no sense."""
    death, misplaced = facts.get("death"), facts.get("misplaced")
    if not isinstance(misplaced, list):
        raise Malformed("the files that could not be placed are not a list")
    return {
        "seconds": _read_number(facts, "seconds"),
        "cpu_seconds": _read_number(facts, "cpu_seconds"),
        "peak_mib": _read_number(facts, "peak_mib"),
        "unasked": int(_read_number(facts, "unasked")),
        "starts": int(_read_number(facts, "starts")),
        "death": read_death(death) if isinstance(death, dict) else None,
        "misplaced": [str(name) for name in misplaced],
        "full": facts.get("full") is True,
    }


def _read_number(facts: Facts, name: str) -> float:
    value = facts.get(name)
    if not isinstance(value, (int, float)) or not 0 <= value < 2**53:
        raise Malformed(f"{name} is no number from 0 on")
    return value


def of_death(death: Death, limits: Limits) -> Outcome:
    """Why the student's process is gone."""
    why, code = death["why"], death["code"]
    if why == "end":
        return Outcome()
    if why == "tampered":
        return of_unasked(0)
    if why in ("cpu", "time", "cell") and death["crowded"]:
        return of_limit("processes", limits)
    if why == "cell":
        return of_limit("time", limits)
    if why == "answers":
        return Outcome(status="output", reason="All answers of your code together are too large.")
    if why is not None:
        return of_limit(why, limits)
    if code >= 0:
        shown = f" with code {code}" if code else ""
        reason = (
            f"Your code ended the process{shown} before it was done: os._exit or a similar call. "
            "Take that call out."
        )
        return Outcome(status="stopped", reason=reason)
    if code == -signal.SIGABRT and _MEMORY.search(death["said"]):
        return of_limit("memory", limits)
    reason = (
        f"Your code crashed the interpreter ({signal_name(-code)}). Python code alone cannot do "
        "that: look at ctypes, very deep recursion, or tensors that share freed memory."
    )
    return Outcome(status="crashed", reason=reason)


def is_from_outside(death: Death) -> bool:
    """True where a signal ended the process that nothing in it answers: the grader did not send it.

    The machine does, short of memory, and so may an administrator; or the code itself.
    """
    return death["why"] is None and death["code"] in (-9, -15, -1)  # SIGKILL, SIGTERM, SIGHUP


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


def describe_death(death: Death, outcome: Outcome) -> StudentError:
    """A death in the form of an exception, for places that show exceptions."""
    kind: str = outcome.status
    if outcome.status == "crashed":
        kind = signal_name(-death["code"]).rpartition(" ")[2]
    elif outcome.status == "stopped":
        kind = "exit"
    return StudentError(kind=kind, message=outcome.reason)


def read_error(value: object, files: Mapping[str, bytes]) -> StudentError:
    """The error that a box described, with every field checked and cut."""
    if not isinstance(value, dict):
        return StudentError(kind="Exception", message="")
    facts: Facts = value

    def text(name: str, cap: int) -> str | None:
        field = facts.get(name)
        return clean(field)[:cap] if isinstance(field, str) else None

    line, file = facts.get("line"), text("file", 300)
    source = file.partition(", cell ")[0] if file else ""
    known = file in files or source in files or source.endswith((".py", ".ipynb"))
    return StudentError(
        kind=text("kind", 200) or "Exception",
        message=text("message", 2000) or "",
        file=file if known else None,
        line=line if type(line) is int and 0 < line < 10**7 else None,
        code=text("code", 400),
        where=text("where", 200),
    )


def missing_by_error(error: StudentError) -> Missing:
    """The measurement was stopped by an exception in student code."""
    return Missing(why=f"Your code raised an error: {_cut(error.sentence())}", error=error)


def read_missing(value: object) -> Missing:
    """The reason that measuring code gave."""
    facts: Facts = value if isinstance(value, dict) else {}
    why = facts.get("why")
    text = clean(why)[:2000] if isinstance(why, str) else "It could not be measured."
    code, about = facts.get("code"), facts.get("about")
    return Missing(
        why=text,
        needs_review=facts.get("needs_review") is True,
        code=code if isinstance(code, str) and _NAMED.fullmatch(code) else "",
        about=clean(about)[:200] if isinstance(about, str) else "",
    )


def clean(text: str) -> str:
    """`text` with what cannot be encoded escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clean_texts(value: object) -> object:
    """A value from a box with every text encodable."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_texts(v) for v in value]
    if isinstance(value, dict):
        return {clean(k): clean_texts(v) for k, v in value.items()}
    return value


def _cut(text: str, cap: int = 700) -> str:
    first = text.strip().split("\n")[0]
    return first if len(first) <= cap else first[: cap - 1] + "…"
