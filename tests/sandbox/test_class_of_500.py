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

import nbformat
import pytest

from grader.grading.grade import RunSummary, grade
from grader.inside.walls import process_usage
from grader.records.execution import Status
from grader.sandbox import ForkServer
from kit.graded import Borrower, said
from kit.host import Host
from kit.processes import gone
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny, found

STUDENTS = 500
JOBS = 4
HOSTILE_EVERY = 10
GROWTH_KIB = 2048
"""What a fork server may have grown by in the end. Some 7 MiB of its heap are free from the start:
a leak that shows is 40 KiB a box or more.
"""
OF_WRONG, OF_TANH = POINTS - 2, POINTS - 4
LIMITS = "cpu_seconds=2, memory_mib=2048, processes=16"
PATIENT = "cpu_seconds=4, patience=60, memory_mib=2048, processes=16, disk_mib=8"
"""However busy the machine, the CPU limit comes first."""

Possible = tuple[float, ...]
"""Points of which any may come out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A hostile kind: what follows WRONG, and what becomes of both in each form."""

    code: str
    status: Status
    in_notebook: Status
    points: tuple[Possible, Possible]
    """As a module, and as a notebook, where one cell is lost."""


def kind(
    code: str,
    status: Status,
    *,
    points: tuple[Possible, Possible],
    in_notebook: Status | None = None,
) -> Kind:
    """Of the same status in both forms, unless told."""
    return Kind(code=code, status=status, in_notebook=in_notebook or status, points=points)


NOTHING, ALL = (0.0,), (OF_WRONG,)
HARMLESS, AT_LOADING, FATAL = (ALL, ALL), (NOTHING, ALL), (NOTHING, NOTHING)
BY_CHANCE = (NOTHING + ALL, NOTHING + ALL)
"""An interrupt within a hook of os.fork is lost; then all processes together use up the time."""
KINDS = {
    "exit": kind("import os\nos._exit(0)", "stopped", points=HARMLESS),
    "segfault": kind("import ctypes\nctypes.string_at(0)", "crashed", points=HARMLESS),
    "loop": kind("while True:\n    pass", "cpu", points=HARMLESS),
    "memory": kind(
        "kept = []\nwhile True:\n    kept.append(torch.ones(1 << 26))", "memory", points=HARMLESS
    ),
    "fork bomb": kind(
        """\
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
        "processes",
        points=BY_CHANCE,
    ),
    "thread bomb": kind(
        """\
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(10000,)).start()
""",
        "processes",
        points=HARMLESS,
    ),
    "daemon": kind(
        """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(10000)
    os._exit(0)
""",
        "ok",
        points=HARMLESS,
    ),
    "output flood": kind("while True:\n    print('x' * 1000)", "output", points=HARMLESS),
    "forged frame": kind(
        """\
import json, os, stat, struct
head = json.dumps({"value": 1, "score": 100, "nonce": "0" * 32, "arrays": []}).encode()
for number in range(3, 60):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            os.write(number, struct.pack("<IQ", len(head), 0) + head)
    except OSError:
        pass
""",
        "tampered",
        points=AT_LOADING,
    ),
    "result flood": kind(
        """\
import os, stat
while True:
    for number in range(3, 60):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, bytes(4096))
        except OSError:
            pass
""",
        "tampered",
        points=FATAL,
    ),
    "disk": kind(
        """\
try:
    with open("/tmp/full", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
except OSError:
    pass
""",
        "ok",
        points=HARMLESS,
    ),
    "shell": kind(
        """\
import subprocess
try:
    subprocess.run(["/bin/sh", "-c", "id"])
except OSError:
    pass
""",
        "ok",
        points=HARMLESS,
    ),
    "patched": kind(
        """\
torch.allclose = torch.equal = torch.Tensor.__eq__ = lambda *a, **k: True
for name in ("results.json", "report.html", "grades.db"):
    with open(name, "w") as file:
        file.write('{"score": 100}')
""",
        "ok",
        points=HARMLESS,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one student gets, and as what."""

    points: Possible
    status: Status
    what: str


def hand_in(course: Tiny, number: int) -> tuple[str, Expected]:
    """One submission of the class, no two alike; about a quarter are notebooks."""
    student, names = f"s{number:03}", list(KINDS)
    as_notebook = (7 * number + number // HOSTILE_EVERY) % 4 == 0
    if number % HOSTILE_EVERY == 0:
        what = names[number // HOSTILE_EVERY % len(names)]
        one = KINDS[what]
        cells: tuple[str, ...] = (WRONG, one.code)
        status = one.in_notebook if as_notebook else one.status
        expected = Expected(points=one.points[as_notebook], status=status, what=what)
    else:
        honest = {3: ("wrong", WRONG, OF_WRONG), 17: ("tanh", TANH, OF_TANH)}
        what, code, points = honest.get(number % 25, ("right", RIGHT, POINTS))
        cells, expected = (code,), Expected(points=(points,), status="ok", what=what)
    cells = (f"# {number}\n{cells[0]}", *cells[1:])
    if as_notebook:
        made = [nbformat.v4.new_code_cell(c) for c in cells]
        text = nbformat.writes(nbformat.v4.new_notebook(cells=made))
        course.write(f"class/{student}/tiny.ipynb", text)
    else:
        course.submit(student, "\n".join(cells))
    return student, expected


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
    course.rule(LIMITS, PATIENT)
    expected = dict(hand_in(course, number) for number in range(STUDENTS))
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
        "mounts": Path("/proc/self/mountinfo").read_text(),
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
    got = {g.student: (g.score, g.execution.status) for g in run.outcome.graded}
    wrong = {
        student: (expected, got.get(student))
        for student, expected in run.expected.items()
        if got.get(student) not in [(points, expected.status) for points in expected.points]
    }
    assert wrong == {}, {g.student: said(g) for g in run.outcome.graded if g.student in wrong}
    for graded in run.outcome.graded:
        tampered = run.expected[graded.student].status == "tampered"
        assert graded.needs_review == tampered, said(graded)
    assert run.outcome.executed == STUDENTS
    counts = ", ".join(f"{n} {s}" for s, n in Counter(status for _, status in got.values()).items())
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
