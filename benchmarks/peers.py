"""How long one submission takes: `grader grade` beside what it would take without a fork server.

    make bench

All rows come from one run on one machine and are medians; ratios are to the first row. The other
rows do less than the grader does: they run the file, build the network, count its parameters and
push two pictures through, without a sandbox, limits, reference or report.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "reference" / "lenet5_mnist"
STUDENTS = 20
FRESH = 10  # students for whom a Python, and a kernel, are started: each takes seconds
ROUNDS = 3  # of each row of the grader
JOBS = min(2, os.cpu_count() or 1)  # submissions at once, in every row

STRUCTURE = '''
"""LeNet-5: layers and parameters alone."""

from grader import Assignment, Measurements, Verdict, compare, data, probe

assignment = Assignment("LeNet-5", entry="lenet")
x = data.normal(3, 1, 32, 32)
net = probe.module("LeNet5")
layers = net.layers(x)
parameters = net.parameters(x)


@assignment.check(points=20)
def layer_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """The layers of the brief."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=10)
def parameter_count(student: Measurements, reference: Measurements) -> Verdict:
    """61,706 parameters."""
    return compare.count(student[parameters], reference[parameters])
'''
"""Two checks, no data set."""

USE = """
import torch
network = LeNet5()
assert sum(p.numel() for p in network.parameters()) == 61_706
assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
"""
"""The least that any grader of this assignment has to do."""

Row = tuple[str, float | None, str]
"""What, seconds per submission, a remark."""


def main() -> None:
    """The table stands on stdout."""
    warnings.simplefilter("ignore")  # of libraries that are measured here, not ours
    with tempfile.TemporaryDirectory(prefix="grader-bench-") as folder:
        home = Path(folder)
        classes = hand_in(home)
        structure = course(home / "course")
        rows: list[Row] = [
            *graded("grader grade, two checks", structure, "lenet", classes),
            *graded("grader grade, lenet5_mnist", ROOT, "lenet5_mnist", classes),
            fresh_interpreters(classes),
            kernels(classes),
            *(other(name) for name in ("nbgrader", "otter-grader")),
        ]
    show(rows)


def hand_in(home: Path) -> Path:
    """A class of LeNet-5 modules with their weights, no two files alike."""
    source, weights = (REFERENCE / "lenet.py").read_text(), (REFERENCE / "lenet.pt").read_bytes()
    for i in range(STUDENTS):
        folder = home / "class" / f"student{i:02}"
        folder.mkdir(parents=True)
        (folder / "lenet.py").write_text(f"{source}\n\nHANDED_IN_BY = {i}\n")
        (folder / "lenet.pt").write_bytes(weights)
    return home / "class"


def course(root: Path) -> Path:
    """A course whose one assignment asks for layers and parameters."""
    (root / "assignments" / "lenet").mkdir(parents=True)
    (root / "reference" / "lenet").mkdir(parents=True)
    (root / "assignments" / "lenet" / "assignment.py").write_text(STRUCTURE)
    (root / "reference" / "lenet" / "lenet.py").write_bytes((REFERENCE / "lenet.py").read_bytes())
    return root


def graded(what: str, root: Path, slug: str, classes: Path) -> list[Row]:
    """The whole command, from its start to the last report, for a class that it has never seen."""
    whole = statistics.median(timed(root, slug, classes) for _ in range(ROUNDS))
    one = statistics.median(
        timed(root, slug, classes, "--only", "student00") for _ in range(ROUNDS)
    )
    further = (whole - one) / (STUDENTS - 1)
    return [
        (
            what,
            whole / STUDENTS,
            f"{STUDENTS} students, start ({one:.1f} s for one) and reports included",
        ),
        ("  each further submission", further, "what a larger class adds"),
    ]


def timed(root: Path, slug: str, classes: Path, *only: str) -> float:
    """Wall seconds of `grader grade` into an empty folder."""
    command = [sys.executable, "-m", "grader", "grade", slug]
    options = ["--course", str(root), "--jobs", str(JOBS), "--stand-in", *only]
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        subprocess.run(
            [*command, str(classes), *options, "-o", out], check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - began


def fresh_interpreters(classes: Path) -> Row:
    """A new Python for each submission, which imports torch and runs the file."""

    def run(folder: Path) -> None:
        code = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom lenet import LeNet5\n{USE}"
        subprocess.run([sys.executable, "-c", code], check=True)

    seconds = per_submission(run, sorted(classes.iterdir())[:FRESH])
    return "a fresh Python each", seconds, f"{FRESH} processes; no sandbox, no reference"


def kernels(classes: Path) -> Row:
    """A Jupyter kernel for each submission, as graders of notebooks start it."""
    what = "a Jupyter kernel each"
    if importlib.util.find_spec("ipykernel") is None:
        return what, None, "ipykernel is not installed here"

    def run(folder: Path) -> None:
        cells = [(folder / "lenet.py").read_text(), USE]
        made = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=[nbformat.v4.new_code_cell(c) for c in cells]  # type: ignore[no-untyped-call]
        )
        quiet = ["--Application.log_level=ERROR"]
        NotebookClient(made, timeout=120, kernel_name="python3", extra_arguments=quiet).execute()

    seconds = per_submission(run, sorted(classes.iterdir())[:FRESH])
    return what, seconds, f"{FRESH} notebooks; no sandbox, no reference"


def per_submission(run: Callable[[Path], None], folders: Sequence[Path]) -> float:
    """Wall seconds per submission, JOBS at once; the median over groups of JOBS."""
    groups = [folders[i : i + JOBS] for i in range(0, len(folders), JOBS)]
    seconds = []
    with ThreadPoolExecutor(JOBS) as pool:
        for group in groups:
            began = time.perf_counter()
            list(pool.map(run, group))
            seconds.append((time.perf_counter() - began) / len(group))
    return statistics.median(seconds)


def other(name: str) -> Row:
    """Graders that are no dependency: their own cost is that of the kernel they start."""
    module = {"otter-grader": "otter"}.get(name, name)
    if importlib.util.find_spec(module) is None:
        return name, None, "not installed here"
    return name, None, f"{version(name)} is installed; starts a kernel each, see above"


def show(rows: Sequence[Row]) -> None:
    """A row for each way of running a submission."""
    first = rows[0][1]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "s per submission", "ratio", ""):
        table.add_column(column, justify="left" if not column else "right")
    for what, seconds, remark in rows:
        ratio = f"{seconds / first:.1f} ×" if seconds and first else ""
        table.add_row(what, f"{seconds:.2f}" if seconds else "–", ratio, remark)
    console = Console(width=120)
    console.print(table)
    console.print(
        f"{JOBS} at once on {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, torch {version('torch')}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
