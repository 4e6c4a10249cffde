"""What the box costs: from the request to the student's first line, with its walls and without.

    make bench

The first line of the student's file prints `time.monotonic()`. That clock counts the same in every
process of a machine, inside a box too, so what it shows less the moment of the request is the time
that the student's code had to wait. A notebook's first line stands in its first cell. All rows take
turns in one run on one machine; medians. Level 0 is the same fork without a wall: what the others
take longer is what their walls cost. The last row is a new interpreter that imports torch and
then runs the same line, without a box or a kernel.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import nbformat
from rich.console import Console
from rich.table import Table

from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
LEVELS = (4, 3, 0)
"""Those that hold on this machine are measured."""
BESIDE = "fresh interpreter"
LINE = "import time; print(time.monotonic())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Seconds of one round of one row."""

    first_line: float
    """From the request until the student's first line runs."""
    whole: float
    """From the request until nothing is left of it."""


def notebook() -> bytes:
    """A notebook of the one line."""
    cell = nbformat.v4.new_code_cell(LINE)  # type: ignore[no-untyped-call]
    made = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    return str(nbformat.writes(made)).encode()  # type: ignore[no-untyped-call]


FILES: Mapping[str, Mapping[str, bytes]] = {
    "module": {"first.py": LINE.encode()},
    "notebook": {"first.ipynb": notebook()},
}


def boxed(server: ForkServer, form: str) -> Taken:
    """A submission is loaded in a box, which is then closed."""
    files = FILES[form]
    began = time.monotonic()
    one = Submission(student="one", files=files, entry=next(iter(files)))
    with server.open(Job(submission=one, limits=Limits(), seed=1)) as box:
        if (trouble := box.load()) is not None:
            raise RuntimeError(trouble.sentence())
        printed = box.close().stdout
    return Taken(first_line=float(printed) - began, whole=time.monotonic() - began)


def fresh() -> Taken:
    """The line after `import torch`, in an interpreter of its own."""
    began = time.monotonic()
    words = [sys.executable, "-c", f"import torch\n{LINE}"]
    printed = subprocess.run(words, capture_output=True, check=True).stdout
    return Taken(first_line=float(printed) - began, whole=time.monotonic() - began)


def in_turn(rows: Mapping[str, Callable[[], Taken]]) -> dict[str, list[Taken]]:
    """Each row once to warm up, then all of them in turn, round after round."""
    for action in rows.values():
        action()
    taken: dict[str, list[Taken]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, action in rows.items():
            taken[name].append(action())
    return taken


def table(title: str, seconds: Mapping[str, list[float]]) -> Table:
    """Milliseconds of each row, and how many times as long a fresh interpreter takes."""
    made = Table(title=title)
    made.add_column("")
    for column in ("ms", "from", "to", "a fresh one takes"):
        made.add_column(column, justify="right")
    slow = statistics.median(seconds[BESIDE])
    for name, found in seconds.items():
        median = statistics.median(found)
        figures = [f"{1000 * f:.1f}" for f in (median, min(found), max(found))]
        made.add_row(name, *figures, f"{slow / median:.1f} ×")
    return made


def walls(seconds: Mapping[str, list[float]], levels: Iterable[int]) -> str:
    """What the walls of each level cost, as a difference and as a ratio."""
    said = []
    for level in levels:
        for form in FILES if level else ():
            high, low = (statistics.median(seconds[row(form, n)]) for n in (level, 0))
            figures = f"{1000 * (high - low):+.1f} ms, {high / low:.2f} ×"
            said.append(f"{form} at level {level} {figures}")
    return "\n".join(["To the first line, against level 0:", *said])


def row(form: str, level: int) -> str:
    """Name of a row."""
    return f"{form}, level {level}"


def main() -> None:
    """Two tables and what the walls cost stand on stdout."""
    warnings.simplefilter("ignore")
    console = Console()
    with contextlib.ExitStack() as stack:
        server: dict[int, ForkServer] = {}
        for level in LEVELS:
            try:
                server[level] = stack.enter_context(ForkServer(level=level, notebooks=True))
            except SandboxError as error:
                console.print(str(error))
        rows: dict[str, Callable[[], Taken]] = {
            row(form, level): partial(boxed, one, form)
            for form in FILES
            for level, one in server.items()
        }
        taken = in_turn({**rows, BESIDE: fresh})
    first = {name: [t.first_line for t in found] for name, found in taken.items()}
    whole = {name: [t.whole for t in found] for name, found in taken.items()}
    console.print(table(f"Request to first line, median of {ROUNDS}", first))
    console.print(walls(first, server))
    console.print(table("Request until nothing is left", whole))


if __name__ == "__main__":
    main()
