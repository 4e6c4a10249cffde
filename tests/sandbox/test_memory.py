"""Memory is limited by what is used, whichever build of torch it is: addresses cost nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.records.execution import Execution, Missing
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer, levels
from kit.boxes import job
from kit.slow import in_proofs

LIMITS = Limits(cpu_seconds=60.0, memory_mib=384, processes=26, disk_mib=8, output_kib=4)
SIX_GIB = 6 << 30
BEFORE = "import torch\ndef before():\n    return 'defined'\n"
SENTENCE = "Your code needed more memory than the 384 MiB allowed."


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as opened:
        yield opened


@pytest.fixture(params=[*in_proofs(1, 2, 4), 3])
def level(server: ForkServer, request: pytest.FixtureRequest) -> int:
    """Every level that limits memory and holds here."""
    if refusal := levels.try_level(server._current(), request.param):
        pytest.skip(refusal.sentence())
    return request.param


@pytest.fixture
def forking(server: ForkServer) -> int:
    """A level at which student code may fork."""
    if refusal := levels.try_level(server._current(), 3):
        pytest.skip(refusal.sentence())
    return 3


def run(
    server: ForkServer, level: int, source: str, name: str, limits: Limits = LIMITS
) -> tuple[object, Execution]:
    """What a function without arguments returns, and how the box ended."""
    files = {"lenet.py": (BEFORE + textwrap.dedent(source)).encode()}
    wanted = job(files, entry="lenet.py", limits=limits, level=level)
    with Box(server._send, wanted) as box:
        box.load()
        answer = box.ask("call", {"name": name})
    if not isinstance(answer, Missing):
        answer = answer["value"]["item"]
    return answer, box.close()


BOMBS = {
    "torch, at once": f"kept = torch.ones({SIX_GIB} // 4)",
    "torch, in steps": f"kept = [torch.ones(1 << 22) for _ in range({SIX_GIB} >> 24)]",
    "bytes, at once": f"kept = bytearray({SIX_GIB})",
    "small objects": f"kept = [bytes(2000) for _ in range({SIX_GIB} // 2000)]",
    "absurd": "kept = torch.zeros(10**11)",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_at_its_line(server: ForkServer, level: int, bomb: str) -> None:
    """The sentence gives the limit, the error the line, and what the file defines is judged."""
    answer, end = run(server, level, f"kept = None\n{BOMBS[bomb]}\n", "before")
    assert answer == "defined"
    assert end.status == "memory"
    assert end.reason.startswith(SENTENCE)
    assert end.error is not None
    assert (end.error.file, end.error.line) == ("lenet.py", 5)


def test_memory_that_nothing_refuses_is_seen_by_the_watch(server: ForkServer, level: int) -> None:
    """Shared memory is no process's own; used beyond the limit it ends the process. The file is
    then read again with definitions only, and they are judged.
    """
    source = f"""
        import mmap
        kept = mmap.mmap(-1, {SIX_GIB})
        for place in range(0, len(kept), 4096):
            kept[place] = 1
        """
    answer, end = run(server, level, source, "before")
    assert answer == "defined"
    assert end.status == "memory"
    assert SENTENCE in end.reason


def test_addresses_that_hold_nothing_are_free(server: ForkServer, level: int) -> None:
    """24 threads with stacks of 8 MiB, and what is mapped and not used."""
    source = """
        import mmap, threading
        def reserve():
            kept = mmap.mmap(-1, 6 << 30)
            end = threading.Event()
            threads = [threading.Thread(target=end.wait) for _ in range(24)]
            for thread in threads:
                thread.start()
            held = torch.ones(240 << 18)
            end.set()
            return len(threads)
        """
    answer, end = run(server, level, source, "reserve")
    assert (answer, end.status) == (24, "ok"), end


@pytest.mark.parametrize("count", [24, 48])
def test_more_threads_are_a_matter_of_the_number(
    server: ForkServer, forking: int, count: int
) -> None:
    """Of those that are allowed none is refused for its stack, however little memory there is."""
    source = f"""
        import threading
        def crowd():
            end = threading.Event()
            threads = [threading.Thread(target=end.wait) for _ in range({count})]
            for thread in threads:
                thread.start()
            end.set()
            return len(threads)
        """
    limits = replace(LIMITS, memory_mib=64, processes=count + 2)
    answer, end = run(server, forking, source, "crowd", limits)
    assert (answer, end.status) == (count, "ok"), end


def test_short_of_memory_the_machine_ends_student_code_first(
    server: ForkServer, forking: int
) -> None:
    """Whatever else runs on it. Below level 3 it is so too, but cannot be read inside."""
    source = """
        def rank():
            with open("/proc/self/oom_score_adj") as file:
                return int(file.read())
        """
    answer, end = run(server, forking, source, "rank")
    assert (answer, end.status) == (1000, "ok")


WORKERS = """
    import os, time
    kept = bytearray(b"x") * (200 << 20)
    def work():
        pids = []
        for _ in range(6):
            pid = os.fork()
            if pid == 0:
                {doing}
                time.sleep(3)  # until whoever watches has looked, on a busy machine as well
                os._exit(0)
            pids.append(pid)
        for pid in pids:
            os.waitpid(pid, 0)
        return len(pids)
    """


@pytest.mark.proof
def test_what_forked_processes_share_counts_once(server: ForkServer, forking: int) -> None:
    """Seven processes that see the same 200 MiB, as a DataLoader's workers do, use 200 MiB."""
    answer, end = run(server, forking, WORKERS.format(doing="pass"), "work")
    assert (answer, end.status) == (6, "ok"), end


def test_what_each_of_them_writes_counts_for_each(server: ForkServer, forking: int) -> None:
    """The same pages, written to, are seven copies."""
    doing = "kept[::4096] = bytes(len(kept[::4096]))"
    answer, end = run(server, forking, WORKERS.format(doing=doing), "work")
    assert isinstance(answer, Missing)
    assert (end.status, SENTENCE in end.reason) == ("memory", True)
