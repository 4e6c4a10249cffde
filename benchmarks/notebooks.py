"""How long a small LeNet notebook takes: in a box on a forked kernel, and on an ordinary kernel.

    make bench

All take turns in one run on one machine; medians, and by how much the ordinary kernel is slower.
The box has every wall of its sandbox level and ends with nothing left; the second row is the whole
of grading. The ordinary kernel runs the same cells and one more that counts the parameters.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from rich.console import Console
from rich.table import Table

from grader.assignment.course import Course
from grader.data.source import Source
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.schedule import Schedule
from grader.ledger.ledger import Ledger
from grader.records.execution import Missing
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox.backend import Backend, Choice, Job

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
CELLS = (
    "import matplotlib.pyplot as plt\nimport torch\nfrom torch import nn",
    """\
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))
""",
    "net = LeNet5()\nnet",
    "x = torch.randn(8, 1, 32, 32)\nnet(x).shape",
    "plt.imshow(x[0, 0])\nplt.title('noise')\nplt.show()",
)
COUNT = "assert sum(p.numel() for p in net.parameters()) == 61_706"
ASKS = ("layers", "parameters", "outputs")


def notebook(*cells: str) -> nbformat.NotebookNode:
    """A notebook of code cells."""
    made = [nbformat.v4.new_code_cell(c) for c in cells]  # type: ignore[no-untyped-call]
    found: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=made)  # type: ignore[no-untyped-call]
    return found


class Graded:
    """One submission after another through the whole of grading: box, judging, ledger."""

    def __init__(self, executor: Executor, ledger: Ledger) -> None:
        self.group = Cohort(executor, ledger)
        self.group.reference(executor.loaded.reference)
        self.round = 0

    def run(self) -> None:
        """A notebook that was not seen before is measured, judged and kept."""
        self.run_class(1)

    def run_class(self, size: int) -> float:
        """Seconds for each of `size` notebooks that are graded two at a time."""
        made = [self._submission() for _ in range(size)]
        began = time.perf_counter()
        for one, recorded in Schedule(self.group.executor, jobs=2, cpu_seconds=60.0).run(made):
            graded = self.group.judge(one, recorded)
            key = self.group.executor.key(one, self.group.level)
            self.group.ledger.commit(key, recorded, graded, self.group.loaded.rules)
            if graded.score != graded.max_score:
                raise RuntimeError(next(c.feedback for c in graded.checks if c.lost))
        return (time.perf_counter() - began) / size

    def _submission(self) -> Submission:
        """A right notebook that was not seen before."""
        self.round += 1
        text = nbformat.writes(notebook(f"# {self.round}", *CELLS))  # type: ignore[no-untyped-call]
        trained = self.group.loaded.reference.files["lenet.pt"]
        files = {"lenet.ipynb": text.encode(), "lenet.pt": trained}
        return Submission(student=f"student {self.round}", files=files, entry="lenet.ipynb")


class Boxed:
    """A box after another, with the seconds of each step."""

    def __init__(self, server: Backend) -> None:
        self.server = server
        text = nbformat.writes(notebook(*CELLS))  # type: ignore[no-untyped-call]
        self.submission = Submission(
            student="one", files={"lenet.ipynb": text.encode()}, entry="lenet.ipynb"
        )
        self.steps: dict[str, list[float]] = {}

    def run(self) -> None:
        """One submission: opened, run, measured, closed."""
        x = np.random.default_rng(1).standard_normal((4, 1, 32, 32))
        args = {"module": "LeNet5", "x": x, "seed": 1, "precisions": ["float64"]}
        began = time.perf_counter()
        box = self.server.open(Job(submission=self.submission, limits=Limits(), seed=1))
        with box:
            if (trouble := box.load()) is not None:
                raise RuntimeError(trouble.sentence())
            loaded = time.perf_counter()
            for ask in ASKS:
                if isinstance(answer := box.ask(ask, args), Missing):
                    raise RuntimeError(answer.why)  # noqa: TRY004
            asked = time.perf_counter()
        cells = sum(c.seconds for c in box.cells)
        self._note("box, kernel, client", loaded - began - cells)
        self._note(f"{len(CELLS)} cells", cells)
        self._note(f"{len(ASKS)} questions", asked - loaded)
        self._note("end", time.perf_counter() - asked)
        self._note("CPU of the kernel", box.close().cpu_seconds)

    def _note(self, step: str, seconds: float) -> None:
        self.steps.setdefault(step, []).append(seconds)


def ordinary() -> None:
    """A kernel as nbclient starts it."""
    quiet = ["--Application.log_level=ERROR"]
    book = notebook(*CELLS, COUNT)
    NotebookClient(book, timeout=120, kernel_name="python3", extra_arguments=quiet).execute()


def timed(action: Callable[[], None]) -> float:
    """Wall seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    """Two tables stand on stdout."""
    warnings.simplefilter("ignore")
    loaded = Course.bundled().load("lenet5_mnist")
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "grades.db") as ledger,
        Executor(
            loaded, Source(stand_in=True), seed=1, jobs=2, choice=Choice(notebooks=True)
        ) as executor,
    ):
        boxed, whole = Boxed(executor.backend), Graded(executor, ledger)
        boxed.run()
        whole.run()
        boxed.steps.clear()
        rounds = [
            (timed(boxed.run), timed(whole.run), whole.run_class(4), timed(ordinary))
            for _ in range(ROUNDS)
        ]
        level = executor.backend.level
    ours, graded, of_class, theirs = ([r[i] for r in rounds] for i in range(4))
    table = Table(title=f"One small LeNet notebook, {ROUNDS} rounds in turn, sandbox level {level}")
    for column in ("", "seconds", "from", "to", "ordinary is slower by"):
        table.add_column(column, justify="left" if not column else "right")
    rows = (
        ("forked kernel in a box, three questions", ours),
        ("all six checks, judged and in the ledger", graded),
        ("the same for each of a class, two at a time", of_class),
        ("ordinary kernel, nothing measured", theirs),
    )
    for name, row in rows:
        shown = statistics.median(theirs) / statistics.median(row)
        figures = [f"{f:.3f}" for f in (statistics.median(row), min(row), max(row))]
        table.add_row(name, *figures, f"{shown:.1f} ×")
    steps = Table(title="Steps of the box, medians")
    steps.add_column("")
    steps.add_column("milliseconds", justify="right")
    for name, seconds in boxed.steps.items():
        steps.add_row(name, f"{statistics.median(seconds) * 1000:.0f}")
    console = Console()
    console.print(table)
    console.print(steps)


if __name__ == "__main__":
    main()
