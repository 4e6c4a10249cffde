"""What a box says of the cells of a notebook, checked, and in the words that a student reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grader.inside import wire
from grader.inside.cell import SHARE, SHUT_DOWN, place
from grader.records.execution import CellStatus, StudentError
from grader.records.limits import Limits
from grader.sandbox import outcome
from grader.sandbox.outcome import Outcome

_STATUSES: tuple[CellStatus, ...] = ("ok", "error", "time", "died", "skipped")
_SHARED = {"cpu": " of computing time", "time": ""}
"""What cells share, and how it is called."""
_MOST = 5000
"""Cells of a notebook; a box allows fewer."""
_LONGEST = 1e6
"""Seconds."""
OUTPUT_MIB = 8
"""What one cell may print or display, kept or not, in MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """How one code cell of a notebook went."""

    index: int
    """Its number among all cells of the notebook, text cells too, from top to bottom, from 1."""
    status: CellStatus
    seconds: float = 0.0
    """Wall seconds."""
    error: StudentError | None = None
    """What it raised, or how it ended the kernel."""
    cut: bool = False
    """True where not all of its output was kept."""
    late: bool = False
    """True where all cells together had used up their share of the time: with status `time` this
    one was interrupted for it, else only its definitions were run.
    """


def read(said: Mapping[str, Any], entry: str, limits: Limits) -> tuple[CellRun, ...]:
    """The cells that a box reports. Raises ValueError where that makes no sense."""
    found = said.get("cells")
    if not isinstance(found, list) or len(found) > _MOST:
        raise ValueError("a list of cells that is none")
    return tuple(_cell(fact, entry, limits) for fact in found)


def _cell(fact: Any, entry: str, limits: Limits) -> CellRun:
    known = fact if isinstance(fact, dict) else {}
    number, status, death = known.get("index"), known.get("status"), known.get("death")
    if type(number) is not int or not 0 < number <= _MOST or status not in _STATUSES:
        raise ValueError("a cell that is none")
    seconds = known.get("seconds")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < _LONGEST:
        raise ValueError("a cell without a time")
    error = None
    if status == "died" and isinstance(death, dict):
        error = outcome.death_as_trouble(death, of_death(number, death, limits))
    elif isinstance(fact.get("trouble"), dict):
        error = outcome.read_trouble(fact["trouble"], {entry: b"", place(entry, number): b""})
    return CellRun(
        index=number,
        status=status,
        seconds=round(float(seconds), 3),
        error=error,
        cut=fact.get("cut") is True,
        late=fact.get("late") in tuple(_SHARED),
    )


def outcomes(cells: Sequence[CellRun], said: Mapping[str, Any], limits: Limits) -> list[Outcome]:
    """What the cells say about the run: ends of the kernel, and limits that they hit."""
    found = []
    for cell, fact in zip(cells, said["cells"], strict=True):
        if cell.status == "died" and isinstance(fact.get("death"), dict):
            found.append(of_death(cell.index, fact["death"], limits))
        elif cell.status == "time" and fact.get("crowded") is True:
            found.append(of_death(cell.index, {"why": "cell", "crowded": True}, limits))
        elif cell.status == "time" and cell.late:
            found.append(_of_share(cell.index, fact["late"], limits))
        elif cell.error is not None:
            limit = outcome.of_trouble(cell.error, limits, loading=False)
            reason = f"Cell {cell.index}: {limit.reason}"
            found.append(Outcome(status=limit.status, reason=reason if limit.reason else ""))
    return found


def _of_share(number: int, kind: Literal["cpu", "time"], limits: Limits) -> Outcome:
    """All cells together have used up what they may; this one was running."""
    seconds = limits.cpu_seconds if kind == "cpu" else limits.wall_seconds
    reason = (
        f"Cell {number} was interrupted: all cells together had used {SHARE:.0%} of the "
        f"{seconds:g} seconds{_SHARED[kind]}, and the rest is kept for judging. Train less, or "
        "comment training out before you hand in."
    )
    return Outcome(status=kind, reason=reason)


def of_death(number: int, facts: Mapping[str, Any], limits: Limits) -> Outcome:
    """Why the kernel is gone that ran this cell."""
    cell, why = f"Cell {number}", facts.get("why")
    if why == "cell" and facts.get("crowded") is not True:
        seconds = cell_seconds(limits)
        reason = (
            f"{cell} ran past the limit of {seconds:g} seconds for one cell, and could not be "
            "interrupted. Look for a loop that never ends."
        )
        return Outcome(status="time", reason=reason)
    if why == "output":
        reason = (
            f"{cell} printed or displayed more than {OUTPUT_MIB} MiB, so it was stopped. "
            "Print less."
        )
        return Outcome(status="output", reason=reason)
    if why == "tampered":
        reason = (
            f"{cell} sent messages, or results, that only the kernel and the grader send. "
            "A person will look at this submission."
        )
        return Outcome(status="tampered", reason=reason)
    found = outcome.of_death(facts, limits)
    if found.status == "stopped":
        code = facts.get("code")
        call = "shut its kernel down" if code == SHUT_DOWN else "ended the kernel: os._exit or a"
        rest = "." if code == SHUT_DOWN else " similar call."
        reason = f"{cell} {call}{rest} Take that call out."
    elif found.status in ("cpu", "time"):
        reason = f"{cell} was running when the notebook had to be stopped. {found.reason}"
    else:
        reason = f"{cell}: {found.reason}"
    return Outcome(status=found.status, reason=reason)


def cell_seconds(limits: Limits) -> float:
    """CPU and wall seconds of one cell."""
    return limits.cell_seconds


def notes(cells: Sequence[CellRun], passes: int) -> list[str]:
    """What a reader should know: cells that failed, were stopped, or have lost output."""
    failed = [c.index for c in cells if c.status == "error"]
    stopped = [c.index for c in cells if c.status == "time" and not c.late]
    last = [c.index for c in cells if c.status == "time" and c.late]
    late = [c.index for c in cells if c.status in ("ok", "error") and c.late]
    skipped = [c.index for c in cells if c.status == "skipped"]
    cut = [c.index for c in cells if c.cut]
    said = []
    if failed:
        count = f"{len(failed)} of {len(cells)} cell{'s' * (len(cells) != 1)}"
        said.append(f"{count} failed: {_listed(failed)}.")
        said.append(f"The first to fail: {first_error(cells).rstrip('.')}.")
    if stopped:
        said.append(f"{_first(stopped)} {_was(stopped)} interrupted at the limit for one cell.")
    if last:
        said.append(f"{_first(last)} {_was(last)} interrupted at the limit for all cells.")
    if late:
        said.append(
            f"Of {_listed(late)} only definitions were run, as the time for cells was used up."
        )
    if skipped:
        said.append(f"{_first(skipped)} {_was(skipped)} not run.")
    if cut:
        said.append(f"Output of {_listed(cut)} was cut.")
    if passes > 1:
        said.append(
            f"The notebook was run {passes} times, each time without the cells that had ended "
            "the kernel."
        )
    return said


def first_error(cells: Sequence[CellRun]) -> str:
    """What went wrong in the first cell that failed; empty where none did."""
    found = next((c for c in cells if c.status == "error" and c.error is not None), None)
    if found is None or found.error is None:
        return ""
    said = found.error.sentence()
    return said if found.error.file else f"Cell {found.index}: {said}"


def _was(numbers: Sequence[int]) -> str:
    return "was" if len(numbers) == 1 else "were"


def _first(numbers: Sequence[int]) -> str:
    """`Cells 3 and 5`, where a sentence begins."""
    return _listed(numbers).capitalize()


def _listed(numbers: Sequence[int]) -> str:
    """`cell 3`, or `cells 3, 5 and 9`; at most ten."""
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    shown = [str(n) for n in numbers[:10]]
    if len(numbers) > 10:
        return f"cells {', '.join(shown)} and {len(numbers) - 10} more"
    return f"cells {', '.join(shown[:-1])} and {shown[-1]}"


def book(arrays: Sequence[wire.Array]) -> bytes | None:
    """The executed notebook, as the box wrote it."""
    if len(arrays) != 1 or arrays[0].dtype.str != "|u1" or arrays[0].ndim != 1:
        return None
    return arrays[0].tobytes()
