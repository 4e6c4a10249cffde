"""Ctrl-C, SIGTERM and SIGHUP at any moment: one line, soon, the right exit code, nothing left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader.cli import interrupts
from kit.command_line import start
from kit.processes import gone
from kit.tiny import RIGHT, Tiny

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
MOMENTS = 12
AT_MOST = 4.0
"""Seconds, on a busy machine; on a quiet one it is less than one."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def grade(course: Tiny, temporary: Path) -> subprocess.Popen[str]:
    """A run with two submissions at once."""
    words = ("grade", "tiny", course.class_, "-o", course.out, "--course", course.root)
    return start(*words, "--jobs", 2, temporary=temporary)


def await_handlers(process: subprocess.Popen[str]) -> None:
    """Python itself has started, whose own end by a signal nobody can word."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        status = Path(f"/proc/{process.pid}/status").read_text()
        (caught,) = (line for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (signal.SIGHUP - 1) & 1:
            return
        time.sleep(0.005)


def check(process: subprocess.Popen[str], number: int, temporary: Path) -> float:
    """The signal ends it as it should; after how many seconds. One that comes when all is done
    changes nothing.
    """
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    seconds = time.monotonic() - begun
    if process.returncode == 0:
        return seconds
    assert process.returncode == 128 + number, err
    (line,) = err.strip().splitlines()
    assert line.startswith("grader: ")
    assert line.endswith("What was graded is kept; run the same command again to go on.")
    assert gone(temporary) == []
    assert list(temporary.glob("grader-*")) == []
    return seconds


def test_the_line_says_what_is_kept() -> None:
    """Nothing by a verb that keeps nothing."""
    assert "graded is kept" in interrupts.say_rest(["--debug", "grade", "tiny", "mark"])
    assert "entered is kept" in interrupts.say_rest(["mark", "OUT"])
    for verb in ("ci", "check", "export", ""):
        assert interrupts.say_rest([verb]) == "Run the same command again."


@pytest.mark.process
def test_sigterm_while_the_sandbox_starts(course: Tiny, tmp_path: Path) -> None:
    """The fork server goes at once, though it is importing torch, and so does its folder."""
    course.submit("Ada")
    temporary = tmp_path / "temporary"
    with grade(course, temporary) as process:
        deadline = time.monotonic() + 60
        while not list(temporary.glob("grader-box-*/root")) and time.monotonic() < deadline:
            time.sleep(0.01)
        check(process, signal.SIGTERM, temporary)


@pytest.mark.proof
def test_at_any_moment(course: Tiny, tmp_path: Path) -> None:
    """While it imports, starts, measures the reference, grades, and writes pages."""
    for i in range(30):
        course.submit(f"s{i:02}", f"import time\ntime.sleep(0.3)\n# {i}\n{RIGHT}")
    temporary, chance = tmp_path / "temporary", random.Random(3)
    with grade(course, temporary) as process:  # how long it takes here
        begun = time.monotonic()
        process.communicate()
        whole = time.monotonic() - begun
    slowest = 0.0
    for i in range(MOMENTS):
        with grade(course, temporary) as process:
            await_handlers(process)
            time.sleep(chance.random() * (0.9 * whole if i % 2 else 2.5))
            if process.poll() is None:
                slowest = max(slowest, check(process, SIGNALS[i % 3], temporary))
    assert slowest < AT_MOST


@pytest.mark.proof
def test_a_second_one_changes_nothing(course: Tiny, tmp_path: Path) -> None:
    """Who is impatient gets the same line, once, and nothing is left either."""
    for i in range(4):
        course.submit(f"s{i}", f"import time\ntime.sleep(20)\n# {i}\n{RIGHT}")
    course.rule("cpu_seconds=2", "cpu_seconds=60")
    temporary = tmp_path / "temporary"
    with grade(course, temporary) as process:
        time.sleep(8)
        for _ in range(20):
            process.send_signal(signal.SIGINT)
            time.sleep(0.005)
        check(process, signal.SIGINT, temporary)


@pytest.mark.proof
def test_an_ignored_signal_stays_ignored(course: Tiny, tmp_path: Path) -> None:
    """As under nohup: the run goes on when the terminal is gone."""
    course.submit("Ada")
    temporary = tmp_path / "temporary"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with grade(course, temporary) as process:
            time.sleep(1.0)
            process.send_signal(signal.SIGHUP)
            _, err = process.communicate()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0, err


STUCK = """
import ctypes, sys
from grader.cli import interrupts
def hold():
    print("begun", flush=True)
    WAY
interrupts.run(hold, within=False)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "way",
    [
        "ctypes.CDLL(None).sleep(60)",  # in C, where no handler of Python's is run
        "import weakref\n    class A: pass\n    a = A()\n"
        "    weakref.finalize(a, __import__('time').sleep, 60)\n    del a\n"
        "    __import__('time').sleep(60)",  # in a callback, which drops what is raised
        "try: __import__('time').sleep(60)\n    finally: __import__('time').sleep(60)",
    ],
    ids=["C", "callback", "way out"],
)
def test_what_does_not_heed_it_is_ended(way: str) -> None:
    """By force, in the same words."""
    words = [sys.executable, "-c", STUCK.replace("WAY", way)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert err == f"grader: Ended by SIGTERM. {interrupts.say_rest([])}\n"


def test_a_program_around_it_goes_on() -> None:
    """Handlers are what they were, and nothing ends later."""
    before = [signal.getsignal(s) for s in SIGNALS]
    with pytest.raises(SystemExit) as end:
        interrupts.run(lambda: signal.raise_signal(signal.SIGTERM), within=True)
    assert end.value.code == 143
    assert [signal.getsignal(s) for s in SIGNALS] == before
    time.sleep(interrupts.GRACE_SECONDS + 0.3)
    assert threading.main_thread().is_alive()
