"""500 submissions in one run, four at once, every tenth hostile: each gets what it deserves.

Afterwards nothing is left of the boxes, and no fork server has grown. The test prints the memory
of each fork server after its first and after its last submission.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from grader.grading.grade import RunSummary, grade
from grader.inside.walls import process_usage
from grader.sandbox import ForkServer
from kit.graded import Borrower, said
from kit.host import Host
from kit.mixed_class import Expected, write_class
from kit.processes import gone, read_mounts
from kit.tiny import found

STUDENTS = 500
JOBS = 4
GROWTH_KIB = 2048
"""What a fork server may have grown by in the end. Some 7 MiB of its heap are free from the start:
a leak that shows is 40 KiB a box or more.
"""


@dataclass
class Memory:
    """Watches the fork serveres' own memory, after each submission. A `Progress`."""

    server: ForkServer
    seen: dict[int, list[int]] = field(default_factory=dict)
    """Anonymous memory of each fork server that opened boxes, KiB."""

    def begin(self, total: int, what: str) -> None:
        """Nothing to do."""

    def step(self, _: str) -> None:
        """One more has been graded."""
        one = self.server._process
        assert one is not None
        self.seen.setdefault(one.process.pid, []).append(process_usage.read_memory(one.process.pid))


@dataclass(frozen=True, kw_only=True)
class Run:
    """The whole class has been graded, and the fork server has ended."""

    outcome: RunSummary
    expected: Mapping[str, Expected]
    memory: Memory
    seconds: float
    before: Mapping[str, object]
    after: Mapping[str, object]
    """What has to be the same before and after."""
    left: Mapping[str, object]
    """What there may be nothing of."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """500 submissions, graded four at once with a fork server of their own."""
    course = found(tmp_path_factory.mktemp("class") / "course")
    expected = write_class(course, STUDENTS)
    before = surroundings()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="of-500-"))
        Path(name).chmod(0o755)
        patch.setenv("TMPDIR", name)
        patch.setattr(tempfile, "tempdir", name)
        with ForkServer(notebooks=True) as server:
            host = Host(server, Path(name), course.class_, patch)
            memory = Memory(server)
            began = time.monotonic()
            with Borrower(server, course.load(), jobs=JOBS) as executor:
                outcome = grade(executor, course.submissions(), course.out, progress=memory)
            seconds = time.monotonic() - began
        yield Run(
            outcome=outcome,
            expected=expected,
            memory=memory,
            seconds=seconds,
            before=before,
            after=surroundings(),
            left=left_over(host, memory),
        )


def surroundings() -> dict[str, object]:
    """Mounts, processes of ours, open descriptors."""
    descriptors = {}
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them
            descriptors[path.name] = str(path.readlink())
    return {
        "mounts": read_mounts(),
        "processes": process_usage.list_descendants(os.getpid()),
        "descriptors": descriptors,
    }


def left_over(host: Host, memory: Memory) -> dict[str, object]:
    """Processes, files, shared objects and control groups of boxes."""
    groups = [name for name, _, _ in os.walk("/sys/fs/cgroup")]
    return {
        "processes": gone(host.temporary) or host._processes(-1, str(host.temporary)),
        "files": [*host.temporary.iterdir(), *host._owned()],
        "shared objects": host._objects(),
        "control groups": [g for g in groups for pid in memory.seen if f"-{pid}-" in Path(g).name],
    }


def show(capsys: pytest.CaptureFixture[str], lines: list[str]) -> None:
    """The lines stand on the terminal, whatever pytest captures."""
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


@pytest.mark.proof
def test_each_gets_what_it_deserves(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Points and status of all 500, honest or not; who forged something is shown to a person."""
    wrong = {
        g.student: (run.expected[g.student], g.score, g.execution.status, said(g))
        for g in run.outcome.graded
        if not run.expected[g.student].allows(g)
    }
    assert wrong == {}
    for graded in run.outcome.graded:
        assert graded.needs_review == (graded.execution.status == "tampered"), said(graded)
    assert run.outcome.executed == STUDENTS
    every = Counter(g.execution.status for g in run.outcome.graded)
    counts = ", ".join(f"{n} {s}" for s, n in every.items())
    seconds = f"{run.seconds:.0f} seconds at level {run.outcome.level}"
    show(capsys, [f"{STUDENTS} submissions, {JOBS} at once: {counts}; {seconds}"])


@pytest.mark.proof
def test_nothing_is_left(run: Run) -> None:
    """No process, mount, file, descriptor, shared object or control group."""
    assert run.after == run.before
    assert {what: found for what, found in run.left.items() if found} == {}


@pytest.mark.proof
def test_no_fork_server_grows(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Each process's own memory after its last box is what it was after its first."""
    lines = [f"{'server process':>12}{'submissions':>13}{'first MiB':>11}{'last MiB':>10}"]
    for number, seen in enumerate(run.memory.seen.values(), 1):
        first, last = (kib / 1024 for kib in (seen[0], seen[-1]))
        lines.append(f"{number:>12}{len(seen):>13}{first:>11.2f}{last:>10.2f}")
    show(capsys, lines)
    assert len(run.memory.seen) > 1  # it was replaced on the way
    grown = [seen[-1] - seen[0] for seen in run.memory.seen.values()]
    assert max(grown) <= GROWTH_KIB
