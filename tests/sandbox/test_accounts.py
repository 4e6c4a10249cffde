"""What a box uses is counted wherever it lies, and what all boxes share is closed to it.

Where the machine is short of memory, what is ours is not what it ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grader.inside.walls import linux, process_usage
from grader.records.errors import SandboxError
from grader.records.execution import Execution, Missing
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer, levels
from kit.boxes import job
from kit.ordinary import run_as_ordinary

_CAP_SYS_RESOURCE = 24
AMPLE = Limits(cpu_seconds=20.0, memory_mib=512, processes=32, disk_mib=8, output_kib=4)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A sandbox of its own, so that nobody else's boxes are below its fork server."""
    with ForkServer() as opened:
        yield opened


@pytest.fixture(params=[2, 3, 4])
def level(server: ForkServer, request: pytest.FixtureRequest) -> int:
    """Every level with walls that holds here."""
    return need(server, request.param)


@pytest.fixture(params=[3, 4])
def forking(server: ForkServer, request: pytest.FixtureRequest) -> int:
    """Those at which student code may fork."""
    return need(server, request.param)


_try_once = cache(lambda server, level: levels.try_level(server._current(), level))


def need(server: ForkServer, level: int) -> int:
    """The level, if it holds here."""
    if refusal := _try_once(server, level):
        pytest.skip(refusal.sentence())
    return level


def opened(server: ForkServer, level: int, source: str, limits: Limits) -> Box:
    """A box with this module."""
    files = {"a.py": textwrap.dedent(source).encode()}
    return Box(server._send, job(files, entry="a.py", limits=limits, level=level))


def run(
    server: ForkServer, level: int, source: str, name: str = "f", limits: Limits = AMPLE
) -> tuple[Any, Execution]:
    """What a function without arguments returns, as text, and how the box ended."""
    with opened(server, level, source, limits) as box:
        answer = box.ask("call", {"name": name})
    if not isinstance(answer, Missing):
        answer = answer["value"]["item"]
    return answer, box.close()


# ---------------------------------------------------------------------- memory


def ranks(server: ForkServer) -> list[int]:
    """How soon the machine, short of memory, ends each process of the boxes that are open."""
    below = process_usage.list_descendants(server._current().process.pid)
    return [int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in below]


@pytest.mark.proof
def test_short_of_memory_the_supervisor_is_the_last(server: ForkServer, level: int) -> None:
    """Where we may say so, ours is never ended; student code is always the first."""
    with opened(server, level, "x = 1", AMPLE) as box:
        assert box.load() is None
        found = sorted(ranks(server))
    assert found == [-1000 if linux.capable(_CAP_SYS_RESOURCE) else 0, 0, 1000]


def test_student_code_keeps_its_rank(server: ForkServer, level: int) -> None:
    """It cannot change places with what is ours."""
    source = """
        def f():
            try:
                with open("/proc/self/oom_score_adj", "r+") as file:
                    return "done"
            except OSError as error:
                return type(error).__name__
        """
    answer, end = run(server, level, source)
    assert answer in ("PermissionError", "FileNotFoundError")
    assert end.status == "ok"


SOCKETS = """
    import os, socket, time
    def hold(pairs, seconds):
        kept = []
        for _ in range(pairs):
            try:
                kept += socket.socketpair()
            except OSError:
                break
            one = kept[-2]
            one.setblocking(False)
            try:
                while True:
                    one.send(b"x" * 65536)
            except BlockingIOError:
                pass
        time.sleep(seconds)
        return len(kept)
    def many():
        for _ in range(20):
            if os.fork() == 0:
                hold(110, 20)
                os._exit(0)
        time.sleep(20)
    def few():
        return hold(40, 0)
    def on_their_way():
        kept = []
        for _ in range(20):
            if os.fork() == 0:
                near, far = socket.socketpair()
                for _ in range(100):
                    one, other = socket.socketpair()
                    one.setblocking(False)
                    try:
                        while True:
                            one.send(b"x" * 65536)
                    except BlockingIOError:
                        pass
                    try:
                        socket.send_fds(near, [b"."], [one.fileno(), other.fileno()])
                    except OSError:
                        pass
                    kept += [one, other]
                time.sleep(20)
                os._exit(0)
        time.sleep(20)
    """


@pytest.mark.parametrize("name", ["many", "on_their_way"])
def test_what_waits_in_sockets_is_memory(server: ForkServer, forking: int, name: str) -> None:
    """It belongs to no process, and so to the box."""
    limits = replace(AMPLE, memory_mib=128, processes=24)
    answer, end = run(server, forking, SOCKETS, name, limits)
    assert isinstance(answer, Missing)
    assert end.status == "memory"
    assert "Your code needed more memory than the 128 MiB allowed" in end.reason


def test_some_sockets_are_nobodys_harm(server: ForkServer, forking: int) -> None:
    """Who has forty of them, and does not need much else, is far from any limit."""
    answer, end = run(server, forking, SOCKETS, "few", replace(AMPLE, memory_mib=64))
    assert (answer, end.status) == (80, "ok"), end


def test_tables_of_pages_are_memory(server: ForkServer, level: int) -> None:
    """Addresses that hold nothing cost a page for each two MiB that are looked at."""
    source = """
        import mmap
        def f():
            kept = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ)
            for place in range(0, 1 << 40, 1 << 21):
                kept[place]
            return "looked"
        """
    answer, end = run(server, level, source, limits=replace(AMPLE, memory_mib=128, processes=8))
    assert isinstance(answer, Missing), answer
    assert end.status == "memory"


def test_the_limit_is_beyond_what_the_grader_needs(server: ForkServer, level: int) -> None:
    """Of 512 MiB, 460 are the student's; and what was used is said without ours."""
    source = """
        import torch
        def f():
            return float(torch.ones(460 << 18).sum())
        """
    answer, end = run(server, level, source)
    assert answer == float(460 << 18)
    assert end.status == "ok"
    assert end.peak_mib < 512


def test_the_peak_is_what_the_limit_counts(server: ForkServer, level: int) -> None:
    """Of an empty file next to nothing; of one that keeps 200 MiB these."""
    peaks = [
        run(server, level, f"kept = bytearray(b'x') * ({mib} << 20)\nf = int")[1].peak_mib
        for mib in (0, 200)
    ]
    assert 0 <= peaks[0] < 20
    assert 190 <= peaks[1] - peaks[0] < 230


SHORT = r"""
import os
from grader.inside.walls import cgroup
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
HUNGRY = b"kept = []\nfor _ in range(200):\n    kept.append(bytearray(b'x') * (20 << 20))"
group = cgroup.Group(cgroup.find_places(), f"{os.getpid()}-box-0", memory_mib=1200, tasks=500)
group.entrance.enter()
for level in (3, 2):
    with ForkServer(level=level) as server:
        one = Submission(student="eve", files={"a.py": HUNGRY}, entry="a.py")
        try:
            with server.open(Job(submission=one, limits=Limits(), seed=1)) as box:
                box.load()
                print(box.close().reason)
        except SandboxError as error:
            print(error)
        honest = Submission(student="ada", files={"a.py": b"x = 1"}, entry="a.py")
        with server.open(Job(submission=honest, limits=Limits(), seed=1)) as box:
            print(box.load())
"""


@pytest.mark.proof
def test_a_machine_without_memory_is_nobodys_fault(server: ForkServer) -> None:
    """A container that holds less than a submission may use: the box broke, and the next one runs."""
    need(server, 4)
    done = subprocess.run(
        [sys.executable, "-c", SHORT], capture_output=True, text=True, check=False
    )
    broken, none, *again = done.stdout.splitlines()
    assert broken.startswith("A box broke: the student's process was killed from outside"), done
    assert none == "None"
    assert again == [broken, none]


def test_a_process_that_is_killed_from_outside_is_nobodys_fault(
    server: ForkServer, level: int
) -> None:
    """Student code cannot do it, so no student is blamed for it."""
    box = opened(server, level, "x = 1", AMPLE)
    assert box.load() is None
    for pid in process_usage.list_descendants(server._current().process.pid):
        with suppress(OSError):  # one that has just ended
            if Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n":
                os.kill(pid, signal.SIGKILL)
    with pytest.raises(SandboxError, match="was killed from outside"):
        box.ask("value", {"name": "x"})


def test_student_code_cannot_kill_itself(server: ForkServer, level: int) -> None:
    """By none of the calls; children of its own it can, where it may have some."""
    source = """
        import ctypes, os, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def f():
            own = os.getpid()
            attempts = [
                lambda: os.kill(own, 9),
                lambda: os.kill(0, 9),
                lambda: os.kill(-1, 9),
                lambda: os.killpg(os.getpgrp(), 9),
                lambda: signal.raise_signal(9),
                lambda: signal.pthread_kill(__import__("threading").get_ident(), 9),
            ]
            done = 0
            for attempt in attempts:
                try:
                    attempt()
                    done += 1
                except OSError:
                    pass
            if done:
                return "done"
            signal.signal(signal.SIGUSR1, lambda *_: None)
            os.kill(own, signal.SIGUSR1)
            try:
                child = os.fork()
            except OSError:
                return "no children"
            if child == 0:
                os.kill(os.getppid(), 0)
                try:
                    os.kill(os.getppid(), 9)
                except OSError:
                    __import__("time").sleep(60)
                os._exit(0)
            os.kill(child, 9)
            return str(os.waitpid(child, 0)[1])
        """
    answer, end = run(server, level, source)
    assert (answer, end.status) == ("9" if level >= 3 else "no children", "ok")


# ---------------------------------------------------------------------- CPU

UNWAITED = """
    import os, signal, time
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    def f():
        pids = []
        for _ in range(20):
            pids.append(os.fork())
            if not pids[-1]:
                end = time.process_time() + 0.1
                while time.process_time() < end:
                    pass
                os._exit(0)
            time.sleep(0.1)
        for pid in pids:
            try:
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is left as it is
            except ChildProcessError:
                pass
        return len(pids)
    """


@pytest.mark.proof
def test_children_that_nobody_waits_for_are_counted(server: ForkServer, forking: int) -> None:
    """What they used is not lost with them."""
    answer, end = run(server, forking, UNWAITED)
    assert (answer, end.status) == (20, "ok"), end
    assert 1.95 <= end.cpu_seconds < 4.0


def test_children_that_nobody_waits_for_use_up_the_limit(server: ForkServer, forking: int) -> None:
    """However short each of them lives."""
    limits = replace(AMPLE, cpu_seconds=0.6, patience=60)
    answer, end = run(server, forking, UNWAITED, limits=limits)
    assert isinstance(answer, Missing)
    assert end.status == "cpu"


# ---------------------------------------------------------------------- what all boxes share

SHARED = """
    import ctypes, fcntl, os, socket, struct, sys, torch
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = {numbers}
    def call(name, *arguments):
        if libc.syscall(numbers[name], *arguments) < 0:
            raise OSError(ctypes.get_errno(), name)
    def lock(command, kind=fcntl.F_WRLCK):
        asked = struct.pack("hhqqixxxx", kind, 0, 0, 0, 0)
        with open(torch.__file__, "rb") as file:
            return fcntl.fcntl(file, command, asked)
    def flock():
        with open(torch.__file__, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    def grow(option):
        one, other = socket.socketpair()
        before = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        one.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == before:
            raise OSError("not granted")
    attempts = dict(
        io_setup=lambda: call("io_setup", 100, ctypes.byref(ctypes.c_ulong(0))),
        inotify=lambda: call("inotify_init1", 0),
        flock=flock,
        getlk=lambda: lock(fcntl.F_GETLK),
        ofd_getlk=lambda: lock(36),
        lease=lambda: fcntl.fcntl(os.open(torch.__file__, os.O_RDONLY), 1024, fcntl.F_RDLCK),
        notify=lambda: fcntl.fcntl(os.open(os.path.dirname(torch.__file__), os.O_RDONLY), 1026, 1),
        pipe=lambda: fcntl.fcntl(os.pipe()[1], 1031, 1 << 20),
        send=lambda: grow(socket.SO_SNDBUF),
        send_by_force=lambda: grow(32),
    )
    def f():
        found = []
        for name, attempt in attempts.items():
            try:
                attempt()
                found.append(name)
            except OSError:
                continue
        return " ".join(found)
    """


def test_nothing_that_boxes_share_carries_a_bit(server: ForkServer, level: int) -> None:
    """Neither a lock on a file that all see, nor a counter that all draw on."""
    calls = linux.machine().calls
    numbers = {name: calls[name] for name in ("io_setup", "inotify_init1")}
    answer, end = run(server, level, SHARED.format(numbers=numbers))
    assert (answer, end.status) == ("", "ok")


def test_locks_on_own_files_do_no_harm(server: ForkServer, forking: int) -> None:
    """A database is written and read, and a lock of the other kind is taken."""
    source = """
        import fcntl, sqlite3
        def f():
            for _ in range(2):
                base = sqlite3.connect("own.db")
                with base:
                    base.execute("create table if not exists t (x)")
                    base.execute("insert into t values (21)")
                rows = base.execute("select sum(x) from t").fetchone()
                base.close()
            with open("own.lock", "w") as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
            return rows[0]
        """
    answer, end = run(server, forking, source)
    assert (answer, end.status) == (42, "ok"), answer


# ---------------------------------------------------------------------- threads of one uid

THREADS = """
import json, sys, threading, time
from grader.inside.walls import linux
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
CROWD = b'''
import threading, time
def crowd(count, seconds):
    threads = [threading.Thread(target=time.sleep, args=(seconds,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return len(threads)
'''
limits = Limits(cpu_seconds=20, memory_mib=512, processes=24)
def ask(server, count, seconds, told):
    one = Submission(student="eve", files={"a.py": CROWD}, entry="a.py")
    with server.open(Job(submission=one, limits=limits, seed=1)) as box:
        answer = box.ask("call", {"name": "crowd", "args": [count, seconds]})
        told.append(answer["value"]["item"] if isinstance(answer, dict) else str(answer.why))
        if seconds < 5:
            time.sleep(seconds)
    told.append(box.close().status)
with ForkServer(level=2) as server:
    many, honest, bomb = [], [], []
    ask(server, 5000, 30, bomb)
    holding = threading.Thread(target=ask, args=(server, 20, 3, many))
    holding.start()
    time.sleep(1)
    for _ in range(3):
        ask(server, 20, 0.2, honest)
    holding.join()
print(json.dumps([bomb, many, honest]))
"""


@pytest.mark.proof
def test_an_ordinary_users_boxes_do_not_share_threads() -> None:
    """At level 2 all run under one uid: each has its own number, and who goes past it is ended."""
    if os.geteuid() != 0:
        pytest.skip("it is started as root, to become somebody without any rights")
    bomb, many, honest = json.loads(run_as_ordinary("-c", THREADS))
    assert bomb[1] == "processes", bomb
    assert many == [20, "ok"]
    assert honest == [20, "ok"] * 3
