"""What measuring a large network costs: AlexNet, VGG16 and ResNet-18 in a box.

    make bench

Every row is a box of its own, in which torchvision's network is built afresh, in float32, for two
images of 224 × 224. "plain" builds it with torch's own first numbers and runs it once, measured in
no way; the other rows are probes. CPU seconds of the student's process; memory beyond that of an
empty box, as a multiple of what the weights take. Medians; the rows take turns.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from grader import data
from grader.assignment import probe
from grader.data.source import Source
from grader.records.execution import Missing
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
FILE = Path(__file__).resolve().parents[1] / "reference" / "classic_networks" / "classics.py"
PLAIN = """

def plain(name):
    import torch

    with torch.no_grad():
        return float(globals()[name]().eval()(torch.zeros(2, 3, 224, 224)).sum())


def nothing():
    return 0
"""
WEIGHTS = {"AlexNet": 61_100_840, "VGG16": 138_357_544, "ResNet18": 11_689_512}
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one question took."""

    seconds: float
    """CPU."""
    peak_mib: float


def questions(name: str) -> dict[str, probe.Probe[Any]]:
    """What is asked about one network."""
    net = probe.module(name, precision="float32")
    x, y = data.normal(2, 3, 224, 224), data.integers(2, below=1000)
    return {
        "plain": probe.call("plain", name),
        "parameters": net.parameters(x, train=True),
        "layers": net.layers(x),
        "outputs": net.outputs(x),
        "gradients": net.gradients(x, y),
        "steps": net.steps(x, y),
    }


def cost(server: ForkServer, one: probe.Probe[Any]) -> Cost:
    """The cost of a question in a box of its own."""
    files = {"classics.py": FILE.read_bytes() + PLAIN.encode()}
    limits = Limits(cpu_seconds=600, memory_mib=8192)
    with server.open(
        Job(
            submission=Submission(student="one", files=files, entry="classics.py"),
            limits=limits,
            seed=1,
        )
    ) as box:
        if (trouble := box.load()) is not None:
            raise RuntimeError(trouble.sentence())
        answer = box.ask(one.ask, {**one.arguments(1, Source()), "precisions": ["float32"]})
        if isinstance(answer, Missing):
            raise TypeError(answer.why)
        execution = box.close()
    return Cost(seconds=execution.cpu_seconds, peak_mib=execution.peak_mib)


def table(name: str, costs: Mapping[str, Cost], empty: Cost) -> Table:
    """Seconds and memory of one network, and both as ratios."""
    weights = 4 * WEIGHTS[name] / MIB
    made = Table(title=f"{name}: {WEIGHTS[name]:,} parameters, {weights:,.0f} MiB")
    made.add_column("")
    for column in ("CPU s", "of plain", "peak MiB", "of the weights"):
        made.add_column(column, justify="right")
    plain = costs["plain"].seconds - empty.seconds
    for what, found in costs.items():
        seconds, peak = found.seconds - empty.seconds, found.peak_mib - empty.peak_mib
        ratios = f"{seconds / plain:.1f} ×", f"{peak / weights:.1f} ×"
        made.add_row(what, f"{seconds:.2f}", ratios[0], f"{found.peak_mib:,.0f}", ratios[1])
    return made


def median(costs: list[Cost]) -> Cost:
    """The middle of each."""
    return Cost(
        seconds=statistics.median(c.seconds for c in costs),
        peak_mib=statistics.median(c.peak_mib for c in costs),
    )


def main() -> None:
    """A table for each network stands on stdout."""
    console = Console()
    with ForkServer() as server:
        rows = {(n, what): p for n in WEIGHTS for what, p in questions(n).items()}
        taken: dict[tuple[str, str], list[Cost]] = {key: [] for key in rows}
        empty = median([cost(server, probe.call("nothing")) for _ in range(3)])
        for _ in range(ROUNDS):
            for key, one in rows.items():
                taken[key].append(cost(server, one))
    for name in WEIGHTS:
        costs = {what: median(found) for (n, what), found in taken.items() if n == name}
        console.print(table(name, costs, empty))
    console.print(f"An empty box: {empty.peak_mib:,.0f} MiB. Median of {ROUNDS}.")


if __name__ == "__main__":
    main()
