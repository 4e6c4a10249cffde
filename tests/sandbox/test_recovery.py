"""Processes of the sandbox are stopped or killed by somebody: work goes on, and nothing is left."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.inside.walls import process_usage
from grader.records.errors import SandboxError
from grader.records.execution import Missing
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer
from kit.boxes import job
from kit.processes import list_children, naming
from kit.whole_runs import Place, made_place

LIMITS = Limits(cpu_seconds=20.0, memory_mib=2048, processes=16, disk_mib=8, output_kib=4)
SOURCE = b"import time\ndef nap():\n    time.sleep(1.5)\n    return 7\n"
PLACES = ("guard", "supervisor", "worker")


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A fork server that this file may harm."""
    with ForkServer() as one:
        yield one


def find_family(server: ForkServer) -> dict[str, int]:
    """The processes of the one box that is open."""
    process = server._current().process.pid
    guard = await_one(process)
    supervisor = await_one(guard)
    return {"guard": guard, "supervisor": supervisor, "worker": await_one(supervisor)}


def await_one(parent: int) -> int:
    end = time.monotonic() + 20
    while not (found := list_children(parent)) and time.monotonic() < end:
        time.sleep(0.01)
    return found[0]


def await_server(place: Place, grader: int) -> int:
    """The fork server of a whole run; other children of the grader's come and go."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := {*list_children(grader)} & {*naming(place.temporary)}:
            return found.pop()
        time.sleep(0.01)
    raise AssertionError("no fork server was started")


def opened(server: ForkServer) -> Box:
    box = server.open(job({"a.py": SOURCE}, entry="a.py", limits=LIMITS, seed=1))
    assert box.load() is None
    return box


def ask_while(box: Box, deed: Callable[[], object]) -> object:
    """The answer to a question during which this is done."""
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(box.ask("call", {"name": "nap"}))
        except SandboxError as error:
            answers.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    deed()
    thread.join()
    return answers[0]


def honest(server: ForkServer) -> bool:
    """An ordinary submission runs."""
    with opened(server) as box:
        return not isinstance(box.ask("call", {"name": "nap"}), Missing)


@pytest.mark.proof
@pytest.mark.parametrize("who", PLACES)
def test_what_is_stopped_goes_on(server: ForkServer, who: str) -> None:
    """Whoever started it wakes it: the answer is there, and the box ends as ever."""
    with opened(server) as box:
        pid = find_family(server)[who]
        answer = ask_while(box, lambda: os.kill(pid, signal.SIGSTOP))
        assert not isinstance(answer, (Missing, SandboxError)), answer
        assert not box.disturbed
    assert box.close().status == "ok"


@pytest.mark.proof
def test_a_stopped_fork_server_goes_on(server: ForkServer) -> None:
    """The grader, waiting for a box, wakes it."""
    os.kill(server._current().process.pid, signal.SIGSTOP)
    assert honest(server)


@pytest.mark.proof
@pytest.mark.parametrize("who", PLACES)
def test_what_is_killed_is_no_fault_of_the_students(server: ForkServer, who: str) -> None:
    """A box breaks; the next one holds."""
    box = opened(server)
    pid = find_family(server)[who]
    answer = ask_while(box, lambda: os.kill(pid, signal.SIGKILL))
    assert isinstance(answer, SandboxError)
    with pytest.raises(SandboxError):
        box.close()
    assert honest(server)


@pytest.mark.proof
def test_what_limits_end_is_not_disturbed(server: ForkServer) -> None:
    """The grader's own kill, and the kernel's at the CPU limit, are the student's business."""
    source = b"import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef spin():\n    while True: pass\n"
    limits = Limits(cpu_seconds=0.5, memory_mib=2048, processes=16)
    with server.open(job({"a.py": source}, entry="a.py", limits=limits, seed=1)) as box:
        assert isinstance(box.ask("call", {"name": "spin"}), Missing)
        assert box.close().status == "cpu"
        assert not box.disturbed


@pytest.mark.proof
def test_replaced_fork_servers_leave_nothing(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three were replaced there is one process, with its descriptors and its folder."""
    monkeypatch.setattr("grader.sandbox.forkserver.BOXES_PER_PROCESS", 2)
    monkeypatch.setattr("grader.sandbox.forkserver.AHEAD", 1)
    folders, seen, counts = [], set(), set()
    own = {p.process.pid for p in server._list_processes()}
    others = set(list_children(os.getpid())) - own  # of earlier tests, which may end meanwhile
    for _ in range(9):
        current = server._current()
        if current.process.pid not in seen:
            seen.add(current.process.pid)
            folders.append(current.run)
        assert honest(server)
        if server._next is not None:
            while not server._next.ready:
                time.sleep(0.02)
        counts.add(len(list(Path("/proc/self/fd").iterdir())))
    monkeypatch.undo()
    assert len(seen) >= 3
    while any(p.process.poll() is None for p in server._retired):
        time.sleep(0.02)
    current = server._current()
    left = {current.process.pid} | ({server._next.process.pid} if server._next else set())
    assert {
        p for p in set(list_children(os.getpid())) - others if process_usage.read_stat(p)
    } == left
    assert [f for f in folders if Path(f).exists() and f != current.run] == []
    assert max(counts) - min(counts) <= 3  # of the one that is being started


@pytest.mark.proof
def test_a_fork_server_that_makes_no_boxes_is_replaced(server: ForkServer) -> None:
    """Its self-test says so; a fresh one passes it."""
    before = server._current()
    Path(before.run, "root").rmdir()
    if server.level >= 3:
        with pytest.raises(SandboxError):
            opened(server)
    server.recover()
    assert (server._current() is before) == (server.level < 3)
    assert honest(server)


@pytest.mark.proof
def test_where_a_fresh_one_fails_as_well_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence that says what to do; nothing is left."""
    with ForkServer() as doomed:
        process = doomed._current().process
        process.kill()
        process.wait()
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(SandboxError, match=r"a fresh one does not either: .*grader doctor"):
            doomed.recover()


@pytest.mark.proof
@pytest.mark.parametrize("orphaned", ["fork server", "guard"])
def test_what_is_stopped_ends_when_its_parent_has_been_killed(orphaned: str) -> None:
    """Nobody is left to wake it but the kernel."""
    with made_place() as place:
        place.course.submit("ada", "import time\ntime.sleep(60)\n")
        with place.grade("--jobs", 1) as run:
            process = await_server(place, run.pid)
            guard = await_one(process)
            await_one(guard)  # it is fully there
            os.kill(guard if orphaned == "guard" else process, signal.SIGSTOP)
            if orphaned == "guard":
                os.kill(process, signal.SIGKILL)
            run.kill()
            run.communicate()
        assert not place.find_left()["processes"]
