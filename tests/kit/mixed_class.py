"""A class in which every tenth is hostile, and what each of its students deserves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import nbformat

from grader.records.execution import Status
from grader.records.result import Graded
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny

HOSTILE_EVERY = 10
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
    statuses: tuple[Collection[Status], Collection[Status]]
    """As a module, and as a notebook, any of these."""
    points: tuple[Possible, Possible]
    """Likewise; of a notebook one cell is lost."""


def kind(
    code: str,
    *statuses: Status,
    points: tuple[Possible, Possible],
    in_notebook: Collection[Status] = (),
) -> Kind:
    """Of the same statuses in both forms, unless told."""
    return Kind(code=code, statuses=(statuses, in_notebook or statuses), points=points)


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
    "socket buffers": kind(
        """\
import socket
kept = []
try:
    while len(kept) < 200:
        a, b = socket.socketpair()
        a.setblocking(False)
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        kept += [a, b]
        try:
            while True:
                a.send(bytes(65536))
        except BlockingIOError:
            pass
except OSError:
    pass
del kept
""",
        "ok",
        "memory",
        points=HARMLESS,
    ),
    "hungry family": kind(
        """\
import os, time
try:
    for _ in range(12):
        if os.fork() == 0:
            kept = [b"x" * (1 << 20) for _ in range(150)]
            time.sleep(3)
            os._exit(0)
    time.sleep(4)
except OSError:
    pass
""",
        "ok",
        "memory",
        points=(NOTHING + ALL, NOTHING + ALL),
    ),
    "nobody's children": kind(
        """\
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
try:
    while True:
        if os.fork() == 0:
            begun = time.process_time()
            while time.process_time() - begun < 0.04:
                pass
            os._exit(0)
        time.sleep(0.02)
except OSError:
    pass
""",
        "ok",
        "cpu",
        points=(NOTHING + ALL, NOTHING + ALL),
    ),
    "stops itself": kind(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "ok", points=HARMLESS
    ),
    "kills itself": kind(
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "crashed", points=HARMLESS
    ),
    "large answer": kind(
        "import numpy as np\ndef double(numbers):\n    return np.zeros(30_000_000, bool)",
        "ok",
        points=HARMLESS,
    ),
    "deep answer": kind(
        "import numpy as np\ndef double(numbers):\n    return np.ones((1,) * 31 + (1 << 20,))",
        "ok",
        points=HARMLESS,
    ),
    "huge number": kind("def double(numbers):\n    return 1 << 1300", "ok", points=HARMLESS),
    "no number": kind(
        "def double(numbers):\n    return [complex(n, n) for n in numbers] + [float('nan')]",
        "ok",
        points=HARMLESS,
    ),
    "long name": kind(
        "def double(numbers):\n    raise ValueError('\\x1b[31m<b>\\u202e' * 200_000)",
        "ok",
        points=HARMLESS,
    ),
    "ballast": kind(
        """\
import sys
import numpy as np
for module in list(sys.modules.values()):
    asks = getattr(module, "ASKS", None)
    if isinstance(asks, dict):
        for name, ask in list(asks.items()):
            def heavy(names, args, ask=ask):
                return {**ask(names, args), "more": np.arange(4_000_000)}
            asks[name] = heavy
""",
        "ok",
        "tampered",
        points=(NOTHING + ALL, NOTHING + ALL),
    ),
}
FENCED: Mapping[str, Kind] = {
    "fork bomb": kind(KINDS["fork bomb"].code, "cpu", "processes", points=BY_CHANCE),
    "daemon": kind(KINDS["daemon"].code, "ok", "crashed", points=HARMLESS),
}
"""What is otherwise at level 2, where no process can be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one student gets, and as what."""

    points: Possible
    statuses: Collection[Status]
    what: str

    def allows(self, graded: Graded) -> bool:
        """Whether this is what the student deserves."""
        status = graded.execution.status
        return graded.score in self.points and status in self.statuses


def hand_in(course: Tiny, number: int, *, level: int = 3) -> tuple[str, Expected]:
    """One submission of the class, no two alike; about a quarter are notebooks."""
    student, names = f"s{number:03}", list(KINDS)
    as_notebook = (7 * number + number // HOSTILE_EVERY) % 4 == 0
    if number % HOSTILE_EVERY == 0:
        what = names[number // HOSTILE_EVERY % len(names)]
        one = FENCED.get(what, KINDS[what]) if level == 2 else KINDS[what]
        cells: tuple[str, ...] = (WRONG, one.code)
        statuses, points = one.statuses[as_notebook], one.points[as_notebook]
        expected = Expected(points=points, statuses=statuses, what=what)
    else:
        honest = {3: ("wrong", WRONG, OF_WRONG), 17: ("tanh", TANH, OF_TANH)}
        what, code, earned = honest.get(number % 25, ("right", RIGHT, POINTS))
        cells, expected = (code,), Expected(points=(earned,), statuses=("ok",), what=what)
    cells = (f"# {number}\n{cells[0]}", *cells[1:])
    if as_notebook:
        made = [nbformat.v4.new_code_cell(c) for c in cells]
        text = nbformat.writes(nbformat.v4.new_notebook(cells=made))
        course.write(f"class/{student}/tiny.ipynb", text)
    else:
        course.submit(student, "\n".join(cells))
    return student, expected


def write_class(course: Tiny, students: int, *, level: int = 3) -> dict[str, Expected]:
    """A class that hands in, with limits under which it takes little time."""
    course.rule(LIMITS, PATIENT)
    return dict(hand_in(course, number, level=level) for number in range(students))
