"""A child that works under limits: it is kept, what kills it is said, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.sandbox.limited_child import ChildDied, LimitedChild, WorkFailed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is forked")
MIB = 1 << 20


def leave() -> None:
    sys.exit("no")


def find_sockets() -> list[int]:
    """Descriptors of this process that are sockets: its line."""
    links = {
        int(p.name): str(p.readlink()) for p in Path("/proc/self/fd").iterdir() if p.is_symlink()
    }
    return [n for n, link in links.items() if link.startswith("socket:")]


def close_all(seconds: float) -> None:
    for number in find_sockets():
        os.close(number)
    time.sleep(seconds)


def spin() -> None:
    while True:
        pass


def spin_deaf() -> None:
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


def work(task: tuple[str, Any]) -> Any:
    """What is asked for by name; as judging is, this was there before the child was forked."""
    name, given = task
    actions: dict[str, Callable[[], Any]] = {
        "pid": os.getpid,
        "say": lambda: given,
        "leave": leave,
        "spin": spin,
        "deaf": spin_deaf,
        "eat": lambda: len(bytearray(given)),
        "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "die once": lambda: die_once(Path(given)),
        "where": lambda: str(Path(f"/proc/self/fd/{given}").readlink()),
        "sleep": lambda: time.sleep(given),
        "size": lambda: len(given),
        "start": lambda: subprocess.Popen(["sleep", "60"]).pid,
        "fork": lambda: os.fork() * 0 + len(given),
        "close": lambda: close_all(given),
        "write": lambda: [os.write(n, given) for n in find_sockets()] and time.sleep(60),
    }
    return actions[name]()


def die_once(mark: Path) -> str:
    """Killed, as if by somebody else, unless it was before."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process ends in this time; one that nobody has waited for has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def child() -> Iterator[LimitedChild]:
    made = LimitedChild(work, cpu_seconds=0.3, patience=200, memory_mib=256)
    yield made
    made.close()


def do(child: LimitedChild, name: str, given: Any = None) -> Any:
    return child.do(lambda: (name, given))


def test_it_is_kept(child: LimitedChild) -> None:
    """One process does one piece of work after the other, and it is not this one."""
    first = do(child, "pid")
    assert first == do(child, "pid") != os.getpid()
    assert do(child, "say", ["a", 1.5, None, {"b": True}]) == ["a", 1.5, None, {"b": True}]


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("leave", None, "failed: SystemExit: no"),
        ("spin", None, "failed: TimeoutError: it took more computing time than allowed"),
        ("eat", 512 * MIB, "failed: MemoryError"),
        ("where", 10**6, "failed: FileNotFoundError"),
    ],
)
def test_what_fails_is_said_and_the_child_lives(
    child: LimitedChild, name: str, given: Any, why: str
) -> None:
    """An exit, a loop, too much memory: each is an error of that work alone."""
    before = do(child, "pid")
    with pytest.raises(WorkFailed, match=why):
        do(child, name, given)
    assert do(child, "pid") == before


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("die", None, "was ended by signal 9"),
        ("deaf", None, "took more computing time than allowed"),
        ("size", bytes(512 * MIB), "needed more memory than allowed"),
        ("close", 0, "ended"),
        ("close", 60, "was ended by signal 9"),
        ("write", b"x" * 99, "gave an answer that is none"),
        ("write", bytes([1, *bytes(7)]) + b"3", "gave an answer that is none"),
    ],
)
def test_what_kills_it_is_said_and_another_follows(
    child: LimitedChild, name: str, given: Any, why: str
) -> None:
    """Where the child itself ends, the work fails with the reason, and the next one is done."""
    before = do(child, "pid")
    with pytest.raises(ChildDied, match=why):
        do(child, name, given)
    assert do(child, "pid") != before
    assert gone(before)


def test_what_waits_is_given_up() -> None:
    """A check that only sleeps uses no computing time: the clock ends it."""
    child = LimitedChild(work, cpu_seconds=0.1, patience=2)
    with pytest.raises(ChildDied, match=r"did not end within 0\.2 seconds"):
        do(child, "sleep", 60)
    child.close()


@pytest.mark.proof
def test_a_child_that_somebody_stops_goes_on(child: LimitedChild) -> None:
    """It is woken, also where more is sent than it has read."""
    before = do(child, "pid")
    for given in ("a", "x" * (8 * MIB)):
        os.kill(before, signal.SIGSTOP)
        assert do(child, "say", given) == given
    assert do(child, "pid") == before


def test_work_is_not_lost_with_a_child_that_somebody_kills(
    child: LimitedChild, tmp_path: Path
) -> None:
    """It is done by the next child; only what kills two is given up."""
    assert do(child, "die once", str(tmp_path / "mark")) == "done"
    os.kill(do(child, "pid"), signal.SIGKILL)
    assert do(child, "say", "still here") == "still here"


def test_what_it_is_given_is_made_anew_for_another_child(child: LimitedChild) -> None:
    """So that whoever asks can tell a child that knows nothing yet what the last one knew."""
    made = []

    def task() -> tuple[str, None]:
        made.append(child.started)
        return "die", None

    with pytest.raises(ChildDied):
        child.do(task)
    assert made[1] == made[0] + 1


def test_descriptors_of_ours_lead_nowhere(tmp_path: Path) -> None:
    """What this process had open, such as a socket of a box, is not held open by the child."""
    with (tmp_path / "file").open("w") as file:
        child = LimitedChild(work)
        assert do(child, "where", file.fileno()) == os.devnull
        child.close()


def test_what_it_forks_does_not_answer(child: LimitedChild) -> None:
    """A check that forks comes back twice, and one of these is heard."""
    for given in ("a", "bc", "def"):
        assert do(child, "fork", given) == len(given)


def test_what_it_starts_is_gone_with_it(child: LimitedChild) -> None:
    """A process that a check starts does not outlive the judging."""
    started = do(child, "start")
    assert psutil.pid_exists(started)
    child.close()
    process = psutil.Process(started) if psutil.pid_exists(started) else None
    assert process is None or process.status() == psutil.STATUS_ZOMBIE or process.wait(5) is None


def test_nothing_is_left() -> None:
    """Closed, dropped or orphaned, the child is gone, and its descriptors too."""
    before = set(Path("/proc/self/fd").iterdir())
    child = LimitedChild(work)
    closed = do(child, "pid")
    child.close()
    assert gone(closed)
    dropped = LimitedChild(work)
    pid = do(dropped, "pid")
    del dropped
    assert gone(pid)
    assert set(Path("/proc/self/fd").iterdir()) <= before


ORPHAN = """
import os, sys, threading, time
from grader.sandbox.limited_child import LimitedChild

def work(task):
    if task:
        while True:
            time.sleep(60)
    return os.getpid()

child = LimitedChild(work)
print(child.do(lambda: False), flush=True)
child.do(lambda: True)
"""


OF_A_THREAD = """
import os, threading, time
from grader.sandbox.limited_child import LimitedChild

def start():
    child = LimitedChild(lambda _: os.getpid())
    print(child.do(lambda: None), flush=True)
    time.sleep(60)

threading.Thread(target=start).start()
"""


@pytest.mark.proof
def test_one_that_stands_still_ends_with_its_parent() -> None:
    """Also where another thread than the first has forked it: the kernel wakes a process group that
    nobody looks after any more.
    """
    with subprocess.Popen(
        [sys.executable, "-c", OF_A_THREAD], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    assert gone(pid)


def test_it_ends_with_its_parent() -> None:
    """Killed without a word while the child works, this process leaves none behind."""
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.kill()
    assert gone(pid)
