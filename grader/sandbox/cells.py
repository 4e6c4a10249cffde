"""What a box says of the cells of a notebook, checked, and in the words that a student reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grader.inside import wire
from grader.inside.cell import SHARE, SHUT_DOWN, name_cell
from grader.inside.schema.messages import (
    CELL_STATUSES,
    SHARED_LIMITS,
    CellStatus,
    Death,
    SharedLimit,
)
from grader.inside.wire import Malformed
from grader.records.execution import StudentError
from grader.records.limits import Limits
from grader.records.notebook_file import Unreadable, read_notebook
from grader.sandbox import outcome
from grader.sandbox.outcome import Facts, Outcome

_SHARED: Mapping[SharedLimit, str] = {"cpu": " of computing time", "time": ""}
"""How a limit is called that cells share."""
_ENDS: Mapping[CellStatus, str] = {
    "error": "failed",
    "time": "was interrupted",
    "died": "ended the kernel",
    "skipped": "was not run",
}
"""What became of a cell that did not run to its end."""
_DEFINED = re.compile(r"^(?:class|def|async +def) +([^\W\d]\w*)", re.MULTILINE)
_SHOWN = 3
"""Cells, and names of one, in a sentence."""
_LONGEST_NAME = 80
_MOST = 5000
"""Cells of a notebook; a box allows fewer."""
_LONGEST = 1e6
"""Seconds."""
_REST = "Of what follows there only definitions were run."
_CROWDED: Death = {"why": "cell", "code": 0, "crowded": True, "said": ""}
"""Stands for the end of a cell that was interrupted."""
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
    late: SharedLimit | None = None
    """The limit of which all cells together had used up their share: with status `time` this one
    was interrupted for it, else only its definitions were run.
    """
    death: Death | None = None
    """How it ended the kernel, if it did."""
    crowded: bool = False
    """True where it ran into its limit with as many processes as are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookRun:
    """How a notebook went."""

    cells: tuple[CellRun, ...]
    passes: int
    """How often it was run."""


def read(facts: Facts, entry: str, limits: Limits) -> NotebookRun:
    """The cells that a box reports. Raises Malformed where that makes no sense."""
    rows, passes = facts.get("cells"), facts.get("passes")
    if not isinstance(rows, list) or len(rows) > _MOST:
        raise Malformed("the cells are not a list, or too many")
    if type(passes) is not int or passes < 0:
        raise Malformed(f"not a count: {passes!r:.40}")
    return NotebookRun(cells=tuple(_read_cell(r, entry, limits) for r in rows), passes=passes)


def _read_cell(row: object, entry: str, limits: Limits) -> CellRun:
    facts: Facts = row if isinstance(row, dict) else {}
    number, seconds = facts.get("index"), facts.get("seconds")
    status = next((s for s in CELL_STATUSES if s == facts.get("status")), None)
    if type(number) is not int or not 0 < number <= _MOST or status is None:
        raise Malformed("a cell without a number or a status")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < _LONGEST:
        raise Malformed("a cell without a time")
    death, error = facts.get("death"), facts.get("error")
    end = outcome.read_death(death) if status == "died" and isinstance(death, dict) else None
    files = {entry: b"", name_cell(entry, number): b""}
    return CellRun(
        index=number,
        status=status,
        seconds=round(float(seconds), 3),
        error=(
            outcome.describe_death(end, of_death(number, end, limits))
            if end is not None
            else outcome.read_error(error, files)
            if isinstance(error, dict)
            else None
        ),
        cut=facts.get("cut") is True,
        late=next((limit for limit in SHARED_LIMITS if limit == facts.get("late")), None),
        death=end,
        crowded=facts.get("crowded") is True,
    )


def list_outcomes(cells: Sequence[CellRun], limits: Limits) -> list[Outcome]:
    """What the cells say about the run: ends of the kernel, and limits that they hit."""
    outcomes = []
    for cell in cells:
        if cell.death is not None:
            outcomes.append(of_death(cell.index, cell.death, limits))
        elif cell.status == "time" and cell.crowded:
            outcomes.append(of_death(cell.index, _CROWDED, limits))
        elif cell.status == "time" and cell.late is not None:
            outcomes.append(_of_share(cell.index, "was interrupted", cell.late, limits))
        elif cell.error is not None:
            limit = outcome.of_error(cell.error, limits, loading=False)
            reason = f"Cell {cell.index}: {limit.reason}"
            outcomes.append(Outcome(status=limit.status, reason=reason if limit.reason else ""))
    return outcomes


def _of_share(number: int, how: str, kind: SharedLimit, limits: Limits) -> Outcome:
    """All cells together have used up what they may; this one was running."""
    seconds = limits.cpu_seconds if kind == "cpu" else limits.wall_seconds
    reason = (
        f"Cell {number} {how}: all cells together had used {SHARE:.0%} of the "
        f"{seconds:g} seconds{_SHARED[kind]}, and the rest is kept for judging. Train less, or "
        "comment training out before you hand in."
    )
    return Outcome(status=kind, reason=reason)


def of_death(number: int, death: Death, limits: Limits) -> Outcome:
    """Why the kernel is gone that ran this cell."""
    cell, why = f"Cell {number}", death["why"]
    if why == "cell" and not death["crowded"]:
        reason = (
            f"{cell} ran past the limit of {limits.cell_seconds:g} seconds for one cell, and could "
            "not be interrupted. Let it do less: fewer epochs, less data. Or comment it out before "
            "you hand in."
        )
        return Outcome(status="time", reason=reason)
    if why in ("cpu", "time") and not death["crowded"]:
        return _of_share(number, "did not heed an interrupt", why, limits)
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
    general = outcome.of_death(death, limits)
    if general.status == "stopped" and death["code"] == SHUT_DOWN:
        reason = f"{cell} shut its kernel down. Take that call out."
    elif general.status == "stopped":
        reason = f"{cell} ended the kernel: os._exit or a similar call. Take that call out."
    else:
        reason = f"{cell}: {general.reason}"
    return Outcome(status=general.status, reason=reason)


def list_notes(cells: Sequence[CellRun], passes: int) -> list[str]:
    """What a reader should know: cells that failed, were stopped, or have lost output."""
    failed = [c.index for c in cells if c.status == "error"]
    stopped = [c.index for c in cells if c.status == "time" and not c.late]
    last = [c.index for c in cells if c.status == "time" and c.late]
    late = [c.index for c in cells if c.status in ("ok", "error") and c.late]
    skipped = [c.index for c in cells if c.status == "skipped"]
    cut = [c.index for c in cells if c.cut]
    sentences = []
    if failed:
        count = f"{len(failed)} of {len(cells)} cell{'s' * (len(cells) != 1)}"
        sentences.append(f"{count} failed: {_list_cells(failed)}.")
        sentences.append(f"The first to fail: {describe_first_error(cells).rstrip('.')}.")
    if stopped:
        verb = f"{_was(stopped)} interrupted"
        sentences.append(f"{_begin(stopped)} {verb} at the limit for one cell. {_REST}")
    if last:
        sentences.append(f"{_begin(last)} {_was(last)} interrupted at the limit for all cells.")
    if late:
        sentences.append(
            f"Of {_list_cells(late)} only definitions were run, as the time for cells was used up."
        )
    if skipped:
        sentences.append(f"{_begin(skipped)} {_was(skipped)} not run.")
    if cut:
        sentences.append(f"Output of {_list_cells(cut)} was cut.")
    if passes > 1:
        sentences.append(
            f"The notebook was run {passes} times, as cells ended the kernel. Of such a cell only "
            f"definitions are run the next time: {outcome.DEFINITIONS}."
        )
    return sentences


def describe_first_error(cells: Sequence[CellRun]) -> str:
    """What went wrong in the first cell that failed; empty where none did."""
    error = find_first_error(cells)
    if error is None:
        return ""
    sentence = error.sentence()
    number = next(c.index for c in cells if c.error is error)
    return sentence if error.file else f"Cell {number}: {sentence}"


def describe_unfinished(
    name: str, entry: str, files: Mapping[str, bytes], cells: Sequence[CellRun]
) -> str:
    """Why nothing of that name is there: cells that define it, or define anything, did not run to
    their end; empty where there are none.
    """
    rest = {c.index: c for c in cells if c.status != "ok"}
    sources = read_sources(entry, files, rest)
    held = {n: _list_defined(sources.get(name_cell(entry, n), "")) for n in rest}
    chosen = [n for n, names in held.items() if name in names] or [n for n in held if held[n]]
    told = [
        f"cell {n}, which is to define {_list_names(held[n], name)}, {_ENDS[rest[n].status]}"
        for n in chosen[:_SHOWN]
    ]
    more = f", and {len(chosen) - _SHOWN} more cells did not run" if len(chosen) > _SHOWN else ""
    return f"{entry} does not define `{name}`: {'; '.join(told)}{more}" if told else ""


def _list_defined(source: str) -> list[str]:
    """The names of classes and functions at the left margin of a cell."""
    return _DEFINED.findall(source)


def _list_names(names: Sequence[str], wanted: str) -> str:
    """The name that is wanted, if it is among them; else the first ones."""
    shown = [wanted] if wanted in names else names[:_SHOWN]
    return ", ".join(f"`{n[:_LONGEST_NAME]}`" for n in shown)


def find_first_error(cells: Sequence[CellRun]) -> StudentError | None:
    """What the first cell that failed raised; None where none did."""
    return next((c.error for c in cells if c.status == "error" and c.error is not None), None)


def _was(numbers: Sequence[int]) -> str:
    return "was" if len(numbers) == 1 else "were"


def _begin(numbers: Sequence[int]) -> str:
    """`Cells 3 and 5`, where a sentence begins."""
    return _list_cells(numbers).capitalize()


def _list_cells(numbers: Sequence[int]) -> str:
    """`cell 3`, or `cells 3, 5 and 9`; at most ten."""
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    shown = [str(n) for n in numbers[:10]]
    if len(numbers) > 10:
        return f"cells {', '.join(shown)} and {len(numbers) - 10} more"
    return f"cells {', '.join(shown[:-1])} and {shown[-1]}"


def read_sources(
    entry: str, files: Mapping[str, bytes], numbers: Collection[int]
) -> dict[str, str]:
    """The code in cells of these numbers, by what a cell is called."""
    try:
        book = read_notebook(files[entry])
    except (KeyError, Unreadable):
        return {}
    taken = (c for c in book.cells if c.number in numbers)
    return {name_cell(entry, c.number): c.source or "" for c in taken}


def read_book(arrays: Sequence[wire.Array]) -> bytes | None:
    """The executed notebook, as the box wrote it."""
    if len(arrays) != 1 or arrays[0].dtype.str != "|u1" or arrays[0].ndim != 1:
        return None
    return arrays[0].tobytes()
