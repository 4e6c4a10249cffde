"""The sandbox, with real boxes: what student code may do, what it may not, and what is said of it.

A hostile specimen never uses what it opens: it tries, and reports success or refusal.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import grader
from grader.records.errors import SandboxError
from grader.records.execution import Execution, Missing, StudentError
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer, levels
from grader.sandbox import outcome as words
from grader.sandbox.backend import Job
from kit.boxes import job

BRIEF = Limits(cpu_seconds=0.5, memory_mib=2048, processes=16, disk_mib=8, output_kib=4)
PATIENT = Limits(
    cpu_seconds=0.5, patience=60, memory_mib=2048, processes=16, disk_mib=8, output_kib=4
)
"""However busy the machine: the CPU limit comes first."""
AMPLE = Limits(cpu_seconds=20.0, memory_mib=2048, processes=16, disk_mib=8, output_kib=4)
HONEST = "x = 3\ndef double(a):\n    return a * 2\n"


class Level:
    """The fork server of `server`, at a level of the test's choice."""

    def __init__(self, server: ForkServer, level: int) -> None:
        self.server, self.level = server, level

    def open(self, wanted: Job) -> Box:
        return Box(self.server._send, replace(wanted, level=self.level))


@pytest.fixture(scope="module")
def best() -> Iterator[ForkServer]:
    with ForkServer() as opened:
        yield opened


def _at(server: ForkServer, level: int) -> Level:
    if refusal := levels.try_level(server._current(), level):
        pytest.skip(refusal.sentence())
    return Level(server, level)


@pytest.fixture(scope="module")
def boxed(best: ForkServer) -> Level:
    return _at(best, 3)


@pytest.fixture(scope="module")
def fenced(best: ForkServer) -> Level:
    return _at(best, 2)


@pytest.fixture(scope="module")
def limited(best: ForkServer) -> Level:
    return _at(best, 1)


@pytest.fixture(scope="module")
def plain(best: ForkServer) -> Level:
    return _at(best, 0)


@pytest.fixture(params=["boxed", "fenced"])
def server(request: pytest.FixtureRequest) -> Iterator[Level]:
    """Level 3, then level 2; after each test an honest submission still runs."""
    found = request.getfixturevalue(request.param)
    yield found
    assert honest(found)


def run(
    server: Level, source: str | bytes, *calls: str, limits: Limits = AMPLE, **files: bytes
) -> tuple[StudentError | None, list, Execution]:
    """The error of loading, the answers to calls of functions without arguments, the end."""
    code = source if isinstance(source, bytes) else textwrap.dedent(source).encode()
    named = {name.replace("__", "/") + ".py": content for name, content in files.items()}
    with server.open(
        job({"lenet.py": code, **named}, entry="lenet.py", limits=limits, seed=7)
    ) as box:
        error = box.load()
        answers = [result(box.ask("call", {"name": name})) for name in calls]
    return error, answers, box.close()


def result(answer):
    """The plain item of an answer to `call` or `value`."""
    if isinstance(answer, Missing):
        return answer

    def plain(value):
        if value["kind"] in ("list", "tuple"):
            return [plain(v) for v in value["item"]]
        if value["kind"] == "dict":
            return {k: plain(v) for k, v in value["item"]}
        return value["item"]

    return plain(answer["value"])


def honest(server: Level | ForkServer) -> bool:
    with server.open(
        job({"lenet.py": HONEST.encode()}, entry="lenet.py", limits=AMPLE, seed=1)
    ) as box:
        answer = result(box.ask("call", {"name": "double", "args": [21]}))
    return answer == 42 and box.close().status == "ok"


# ---------------------------------------------------------------------- what works


def test_an_honest_submission_is_loaded_and_asked(server):
    """Values cross in both directions; what was printed and used is in the execution."""
    source = """
        import torch, numpy as np
        from helper import factor
        print("training")
        weights = torch.randn(3)
        def scaled(a):
            return a * factor
        def answer_from_input():
            return input()
        """
    files = {"lenet.py": textwrap.dedent(source).encode(), "helper.py": b"factor = 3.0\n"}
    with server.open(job(files, entry="lenet.py", limits=AMPLE, seed=7)) as box:
        assert box.load() is None
        given = np.arange(4, dtype=np.float64)
        answer = result(box.ask("call", {"name": "scaled", "args": [given]}))
        np.testing.assert_array_equal(answer, given * 3)
        missing = box.ask("call", {"name": "answer_from_input"})
        assert missing.error.kind == "EOFError"
        assert missing.error.line == 9
        first = result(box.ask("value", {"name": "weights"}))
    execution = box.close()
    assert execution.status == "ok"
    assert execution.stdout == "training\n"
    assert execution.level == server.level
    with server.open(job(files, entry="lenet.py", limits=AMPLE, seed=7)) as box:
        second = result(box.ask("value", {"name": "weights"}))
    np.testing.assert_array_equal(first, second)


def test_a_box_is_quiet_about_closing_twice_and_firm_about_asking_after(boxed):
    box = boxed.open(job({"lenet.py": HONEST.encode()}, entry="lenet.py", limits=AMPLE, seed=1))
    assert box.close() is box.close()
    with pytest.raises(SandboxError, match="closed"):
        box.ask("value", {"name": "x"})


def test_large_arrays_cross_both_ways(boxed):
    source = "def same(a):\n    return a\n"
    given = np.random.default_rng(0).standard_normal((30, 1, 256, 256), dtype=np.float32)
    with boxed.open(
        job({"lenet.py": source.encode()}, entry="lenet.py", limits=AMPLE, seed=1)
    ) as box:
        answer = result(box.ask("call", {"name": "same", "args": [given]}))
        np.testing.assert_array_equal(answer, given)


def test_an_answer_over_the_cap_is_missing_with_its_size(boxed):
    _, answers, execution = run(
        boxed, "import torch\ndef big():\n    return torch.zeros(20_000_000)", "big"
    )
    assert "20,000,000" in answers[0].why
    assert execution.status == "ok"


def test_a_data_loader_may_ask_for_workers(server):
    """At level 3 they run; at level 2, where nothing forks, the data is loaded without them."""
    source = """
        import torch
        from torch.utils.data import DataLoader, TensorDataset
        def total():
            data = TensorDataset(torch.arange(12.0))
            return sum(float(x.sum()) for (x,) in DataLoader(data, batch_size=4, num_workers=2))
        """
    _, answers, execution = run(server, source, "total")
    assert answers == [66.0]
    assert execution.status == "ok"


def test_something_not_imported_yet_can_be_imported_in_the_box(server):
    """The interpreter stays readable after the uid was dropped, also below a closed folder."""
    source = "import xml.dom.minidom, pandas\nok = 1"
    error, _, _ = run(server, source)
    assert error is None


def test_two_boxes_at_once_do_not_mix(server):
    got: dict[int, list] = {}

    def work(number: int) -> None:
        source = (
            f"import time\nprint({number})\ndef f():\n    time.sleep(0.05)\n    return {number}"
        )
        _, answers, execution = run(server, source, "f", "f", "f")
        got[number] = [*answers, execution.stdout]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {n: [n, n, n, f"{n}\n"] for n in range(4)}


# ---------------------------------------------------------------------- innocent errors


def test_an_exception_at_import_names_the_line(server):
    """What the file defines is judged all the same, above the line and below it."""
    source = """
        from __future__ import annotations
        import math

        x = undefined + 1
        two = 2

        def f() -> NotThere:
            return two * math.floor(1.5)

        y = f()

        def g():
            return y
        """
    error, answers, execution = run(server, source, "f", "g")
    assert error is None
    error = execution.error
    assert (error.kind, error.file, error.line) == ("NameError", "lenet.py", 5)
    assert error.code == "x = undefined + 1"
    assert execution.status == "crashed"
    assert execution.reason.startswith("Your file stopped before its end; what it defines is judg")
    assert "line 5" in execution.reason
    assert answers[0] == 2
    assert "line 11 (`y = f()`) was not run, as an error came before it" in answers[1].why


def test_a_syntax_error_names_the_line(boxed):
    """Definitions that can be read are judged all the same."""
    source = "x = 1\nif x\n    y = 2\ndef g():\n    return x\n"
    _, answers, execution = run(boxed, source, "f", "g")
    assert (execution.error.kind, execution.error.line) == ("SyntaxError", 2)
    assert execution.status == "crashed"
    assert "A part could not be read: lenet.py, line 2" in answers[0].why
    assert answers[1] == 1


def test_an_exception_in_a_helper_names_the_helper(boxed):
    files = {"lenet.py": b"import parts.net\n", "parts/net.py": b"\n1 / 0\n"}
    with boxed.open(job(files, entry="lenet.py", limits=AMPLE, seed=1)) as box:
        assert box.load() is None
        answer = box.ask("call", {"name": "f"})
    error = box.close().error
    assert (error.kind, error.file, error.line) == ("ZeroDivisionError", "parts/net.py", 2)
    assert "The file stopped before its end: parts/net.py, line 2" in answer.why


def test_an_exception_in_a_question_leaves_the_others_alone(server):
    source = """
        def bad():
            raise ValueError("\\ud800 " + "x" * 5000)
        def good():
            return 1
        """
    _, answers, execution = run(server, source, "bad", "good")
    assert answers[0].error.where == "bad"
    assert len(answers[0].error.message) <= 2000
    answers[0].error.message.encode()
    assert answers[1] == 1
    assert execution.status == "ok"


def test_sys_exit_is_stopped_and_says_so(boxed):
    _, _, execution = run(boxed, "import sys\nsys.exit(0)\n")
    assert (execution.error.kind, execution.error.line) == ("SystemExit", 2)
    assert execution.status == "stopped"
    assert "exit()" in execution.reason


def test_output_is_kept_at_both_ends(boxed):
    source = "print('begin'); print('x' * 100_000); print('end')"
    _, _, execution = run(boxed, source)
    assert execution.status == "ok"
    assert execution.stdout.startswith("begin\n")
    assert execution.stdout.endswith("end\n")
    assert "bytes left out" in execution.stdout
    assert len(execution.stdout) < 5000


# ---------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("while True: pass", "cpu"),
        ("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile 1: pass", "cpu"),
        ("import time\ntime.sleep(60)", "time"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "time"),
        ("import torch\nx = [torch.empty(2**28) for _ in range(9)]", "memory"),
        ("x = bytearray(4 << 30)", "memory"),
        ("while True: print('x' * 1000)", "output"),
        ("import os\nwhile True: os.write(2, b'x' * 65536)", "output"),
        ("import os\nos._exit(0)", "stopped"),
        ("import os\nos._exit(3)", "stopped"),
        ("import ctypes\nctypes.string_at(0)", "crashed"),
        ("import os\nos.abort()", "crashed"),
        ("import os\nos.closerange(0, 100)", "stopped"),
    ],
)
def test_a_limit_or_a_death_is_named(server, source, status):
    limits = BRIEF if status == "time" else PATIENT
    error, answers, execution = run(server, source, "f", limits=limits)
    assert execution.status == status
    assert execution.reason.endswith(".")
    assert error is not None or execution.error is not None
    assert isinstance(answers[0], Missing)


def test_a_segfault_is_named_by_its_signal(boxed):
    _, _, execution = run(boxed, "import ctypes\nctypes.string_at(0)")
    assert execution.error.kind == "SIGSEGV"
    assert "signal 11, SIGSEGV" in execution.reason


def test_processes_share_one_memory_limit(boxed):
    source = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                x = b"1" * (500 << 20)
                time.sleep(60)
        time.sleep(60)
        """
    limits = Limits(cpu_seconds=20, memory_mib=1000)
    _, _, execution = run(boxed, source, limits=limits)
    assert execution.status == "memory"


def test_a_fork_bomb_is_contained_and_named(boxed):
    source = """
        import os, time
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """
    _, _, execution = run(boxed, source, limits=BRIEF)
    assert execution.status == "processes"


def test_too_many_threads_are_named(server):
    source = """
        import threading, time
        for _ in range(60):
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        """
    _, _, execution = run(server, source)
    assert execution.error.kind == "RuntimeError"
    assert execution.status == "processes"


def test_files_are_limited(boxed):
    source = """
        x = []
        for i in range(40):
            with open(f"/sub/{i}", "wb") as file:
                file.write(bytes(1 << 20))
        """
    _, _, execution = run(boxed, source)
    assert execution.error.kind == "OSError"
    assert execution.status == "disk"
    assert any("used up" in note for note in execution.notes)


def test_a_submission_larger_than_the_disk_limit_still_fits(boxed):
    source = b"import os\nsize = os.path.getsize('lenet.pt')\n"
    files = {"lenet.py": source, "lenet.pt": bytes(20 << 20)}
    with boxed.open(job(files, entry="lenet.py", limits=AMPLE, seed=1)) as box:
        assert result(box.ask("value", {"name": "size"})) == 20 << 20


def test_level_2_lets_nothing_be_written(fenced):
    source = """
        import os
        def attempts():
            found = []
            for action in (
                lambda: open("new", "w"), lambda: open("lenet.py", "a"), lambda: os.chmod("lenet.py", 0),
                lambda: os.utime("lenet.py"), lambda: open("/tmp/new", "w"), lambda: os.mkdir("d"),
                lambda: os.unlink("lenet.py"), lambda: open("/dev/shm/new", "w"),
            ):
                try:
                    action()
                except OSError as error:
                    found.append(type(error).__name__)
            return found
        """
    _, answers, _ = run(fenced, source, "attempts")
    assert answers == [["PermissionError"] * 8]


# ---------------------------------------------------------------------- deaths between questions


def test_a_death_in_one_question_does_not_cost_the_next(server):
    source = """
        import os
        print("loaded")
        def leave():
            os._exit(0)
        def stay():
            return "here"
        """
    _, answers, execution = run(server, source, "stay", "leave", "stay")
    assert answers[0] == answers[2] == "here"
    assert "os._exit" in answers[1].why
    assert execution.status == "stopped"
    assert execution.stdout == "loaded\nloaded\n"
    assert any("2 times" in note for note in execution.notes)


def test_a_death_between_questions_costs_none_of_them(boxed):
    source = """
        import os, threading, time
        def later():
            threading.Timer(0.05, os._exit, [0]).start()
            return "soon"
        def stay():
            return "here"
        """
    files = {"lenet.py": textwrap.dedent(source).encode()}
    with boxed.open(job(files, entry="lenet.py", limits=AMPLE, seed=1)) as box:
        assert result(box.ask("call", {"name": "later"})) == "soon"
        time.sleep(0.5)
        assert result(box.ask("call", {"name": "stay"})) == "here"
    assert box.close().status == "stopped"


def test_a_submission_that_keeps_dying_is_given_up(boxed):
    source = "import os\ndef leave():\n    os._exit(0)\n"
    _, answers, _ = run(boxed, source, *["leave"] * 6)
    assert "not run again" in answers[-1].why


def test_a_death_at_import_is_not_repeated(boxed):
    _, answers, execution = run(boxed, "import os\nprint(1)\nos._exit(0)\n", "f", "g")
    assert execution.stdout == "1\n"
    assert all("os._exit" in a.why for a in answers)


def test_the_cpu_budget_covers_all_questions_together(boxed):
    source = """
        import time
        def burn():
            end = time.process_time() + 0.2
            while time.process_time() < end: pass
            return 1
        """
    _, answers, execution = run(boxed, source, *["burn"] * 4, limits=PATIENT)
    assert answers[0] == 1
    assert isinstance(answers[3], Missing)
    assert execution.status == "cpu"


# ---------------------------------------------------------------------- forgery

_FORGE = """
import os, struct, json
def frame(nonce):
    head = json.dumps({"value": {"kind": "float", "item": 100.0}, "nonce": nonce, "arrays": []}).encode()
    return struct.pack("<IQ", len(head), 0) + head
def pipes():
    found = []
    for fd in range(3, 64):
        try:
            os.write(fd, b"")
            found.append(fd)
        except OSError:
            pass
    return found
"""


def test_frames_forged_at_import_are_thrown_away_and_named(server):
    source = _FORGE + "for fd in pipes()[:1]: os.write(fd, frame('0' * 32))\nx = 1\n"
    execution = run(server, source, "frame")[2]
    assert execution.status == "tampered"
    assert "unasked" in execution.reason


def test_frames_forged_at_import_on_every_pipe_end_the_run(server):
    source = _FORGE + "for fd in pipes(): os.write(fd, frame('0' * 32))\nx = 1\n"
    assert run(server, source)[2].status == "tampered"


def test_an_answer_without_the_nonce_ends_the_run(server):
    source = (
        _FORGE + "def f():\n    [os.write(fd, frame('0' * 32)) for fd in pipes()]\n    return 1\n"
    )
    _, answers, execution = run(server, source, "f", "f")
    assert all(isinstance(a, Missing) for a in answers)
    assert execution.status == "tampered"


@pytest.mark.parametrize(
    "piece",
    [
        "b'x' * 65536",
        "struct.pack('<IQ', 10, 2**62)",
        "struct.pack('<IQ', 2**31, 0)",
        "b'[' * 9999",
    ],
)
def test_floods_and_nonsense_on_the_result_channel_end_the_run(boxed, piece):
    source = _FORGE + f"def f():\n    while True: [os.write(fd, {piece}) for fd in pipes()]\n"
    _, _, execution = run(boxed, source, "f")
    assert execution.status == "tampered"


def test_a_flood_at_import_is_cut(boxed):
    source = _FORGE + "while True: [os.write(fd, bytes(65536)) for fd in pipes()]\n"
    assert run(boxed, source)[2].status == "tampered"


def test_a_flood_from_a_process_left_behind_is_cut(boxed):
    """The student's process is dead, its child writes on, if it comes to that: the box ends."""
    source = (
        _FORGE
        + """
if os.fork() == 0:
    ends = [1, *pipes()]
    [os.set_blocking(fd, False) for fd in ends]
    while True:
        for fd in ends:
            try: os.write(fd, bytes(65536))
            except OSError: pass
os._exit(0)
"""
    )
    assert run(boxed, source, limits=PATIENT)[2].status in ("tampered", "output", "stopped")


def test_a_fork_that_returns_into_our_code_does_not_answer_twice(boxed):
    source = "import os\npid = os.fork()\ndef f():\n    return 5\n"
    _, answers, execution = run(boxed, source, "f")
    assert answers == [5]
    assert execution.status == "ok"


@pytest.mark.proof
def test_an_answer_that_is_cut_off_at_a_limit_is_late_and_not_forged(boxed):
    """What is still under way when the process is ended was asked for, and counts for nothing."""
    source = """
        import time
        import numpy as np
        def late(seconds):
            time.sleep(seconds)
            return [np.full(1_000_000, float(k)) for k in range(7)]
        """
    limits = replace(AMPLE, cpu_seconds=0.4, patience=2.5)
    files = {"lenet.py": textwrap.dedent(source).encode()}
    ends = []
    for step in range(16):
        with boxed.open(job(files, entry="lenet.py", limits=limits, seed=1)) as box:
            box.ask("call", {"name": "late", "args": [0.7 + step / 50]})
        ends.append(box.close().status)
    assert set(ends) <= {"ok", "time"}
    assert "time" in ends


# ---------------------------------------------------------------------- walls


def attempts(server: Level, *lines: str) -> dict[str, str]:
    """What became of each expression: "done", or the name of its exception."""
    source = "import os, socket, subprocess, signal, ctypes, sys, resource\n"
    source += "libc = ctypes.CDLL(None, use_errno=True)\n"
    source += "def refused(result):\n    if result < 0: raise OSError(ctypes.get_errno(), 'no')\n"
    source += "def attempts():\n    found = {}\n"
    for line in lines:
        source += f"    try:\n        {line}\n        found[{line!r}] = 'done'\n"
        source += (
            f"    except BaseException as error:\n        found[{line!r}] = type(error).__name__\n"
        )
    source += "    return found\n"
    _, answers, _ = run(server, source, "attempts")
    assert isinstance(answers[0], dict), answers
    return answers[0]


def test_files_outside_are_out_of_reach(server, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("expected values")
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    package = Path(grader.__file__).parent
    found = attempts(
        server,
        f"open({str(secret)!r}).close()",
        f"open({str(package / 'records.py')!r}).close()",
        f"open({str(package / 'inside' / 'measure.py')!r}).close()",
        f"os.listdir({str(package)!r})",
        "os.listdir('/home')",
        "os.listdir('/root/..')" if server.level < 3 else "os.listdir('/var')",
        "open('/etc/shadow').close()",
        "open('/etc/hostname').close()",
        "open('/proc/sys/kernel/core_pattern', 'w').close()",
        "open('/proc/1/environ').close()",
        "open('/proc/1/mem', 'rb').close()",
        "open('/sys/kernel/uevent_helper', 'w').close()",
        "open('/usr/new', 'w').close()",
        "open('/new', 'w').close()",
        "open(sys.prefix + '/new', 'w').close()",
    )
    assert [line for line, outcome in found.items() if outcome == "done"] == []


def test_a_link_out_of_the_box_leads_nowhere(boxed):
    found = attempts(boxed, "os.symlink('/etc/shadow', '/sub/x') or open('/sub/x').close()")
    assert set(found.values()) == {"FileNotFoundError"}


def test_the_network_is_out_of_reach(server, tmp_path):
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract:
        tcp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0grader-test-{os.getpid()}")
        tcp.listen()
        abstract.listen()
        port = tcp.getsockname()[1]
        found = attempts(
            server,
            f"socket.create_connection(('127.0.0.1', {port}), 1)",
            "socket.create_connection(('1.1.1.1', 80), 1)",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "socket.socket(socket.AF_INET6)",
            "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            f"socket.socket(socket.AF_UNIX).connect('\\0grader-test-{os.getpid()}')",
            "socket.getaddrinfo('example.org', 80)",
        )
    assert [line for line, outcome in found.items() if outcome == "done"] == []


def test_other_processes_and_programs_are_out_of_reach(server):
    found = attempts(
        server,
        "subprocess.run(['/bin/uname'])",
        "os.execv('/bin/uname', ['uname'])",
        f"os.kill({os.getpid()}, 0)",
        "os.kill(os.getppid(), signal.SIGKILL)",
        f"os.stat('/proc/{os.getpid()}/cwd').st_ino and os.readlink('/proc/{os.getpid()}/cwd')",
        "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
        "os.sched_setaffinity(os.getppid(), {0})",
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 5)",
        "os.pidfd_open(os.getpid())",
        "os.setuid(0)",
        "os.memfd_create('x')",
        "refused(libc.ptrace(16, os.getppid(), 0, 0))",
        "refused(libc.unshare(0x10000000))",
        "refused(libc.mount(b'none', b'/tmp', b'tmpfs', 0, b''))",
        "refused(libc.syscall(250, 0, 0))",
        "refused(libc.syscall(321, 0, 0, 0))",
        "refused(libc.syscall(425, 1, 0))",
        "refused(libc.syscall(323, 0))",
        "refused(libc.syscall(298, 0, 0, 0, 0, 0))",
        "refused(libc.syscall(304, 0, 0, 0))",
        "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
    )
    assert [line for line, outcome in found.items() if outcome == "done"] == []


def test_os_system_and_popen_run_nothing(server):
    """Of programs that are not done in their stead."""
    found = attempts(server, "assert os.system('uname') == 0", "assert os.popen('uname').read()")
    assert "done" not in found.values()


def test_the_process_stays_visible_to_the_memory_watch(boxed):
    """Undumpable, it would vanish from the supervisor's /proc; the call does nothing."""
    source = "import ctypes\nlibc = ctypes.CDLL(None)\ndef f():\n    libc.prctl(4, 0)\n    return libc.prctl(3)"
    assert run(boxed, source, "f")[1] == [1]


def test_the_environment_is_a_fixed_list(server, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "expected")
    source = (
        "import os\ndef names():\n    return sorted(os.environ)\ndef uid():\n    return os.getuid()"
    )
    _, answers, _ = run(server, source, "names", "uid")
    assert "GRADER_SECRET" not in answers[0]
    assert len(answers[0]) == 12
    assert answers[1] != 0


def test_nothing_of_the_grader_lies_in_the_box(boxed):
    """Neither the checkout nor home folders: the root holds the interpreter and empty folders."""
    source = """
        import os, sys, torch
        def files():
            libraries = os.path.dirname(os.path.dirname(torch.__file__))  # a .pth file may name them
            prefixes = tuple({sys.prefix, sys.base_prefix, libraries, "/usr", "/lib", "/bin", "/sbin", "/proc", "/dev"})
            found = []
            for folder, folders, names in os.walk("/"):
                folders[:] = [f for f in folders if not os.path.join(folder, f).startswith(prefixes)]
                found += [os.path.join(folder, n) for n in names]
            return [f for f in found if not f.startswith("/etc/")]
        def processes():
            return [n for n in os.listdir("/proc") if n.isdigit()]
        """
    _, answers, _ = run(boxed, source, "files", "processes")
    assert answers[0] == ["/sub/lenet.py"]
    assert len(answers[1]) == 1


# ---------------------------------------------------------------------- what is left behind

_DAEMON = """
import ctypes, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
        time.sleep(120)
    os._exit(0)
os.wait()
"""


def alive(name: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() == name:
                found.append(int(process.name))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("level", ["boxed", "plain"])
def test_a_daemon_is_gone_with_its_box(request, level):
    server = request.getfixturevalue(level)
    name = f"daemon-{os.getpid() % 10**6}"
    source = _DAEMON.format(name=name).encode()
    with server.open(job({"lenet.py": source}, entry="lenet.py", limits=AMPLE, seed=1)) as box:
        assert box.load() is None
        deadline = time.monotonic() + 20  # it takes its name when it gets its turn
        while not alive(name) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert alive(name)
    assert not alive(name)
    assert honest(server)


def test_a_level_that_was_asked_for_is_kept(best):
    """The highest level that holds is taken unasked; asked for, it is that one or an error."""
    assert best.level == max(n for n in range(5) if n not in best.why_not)
    assert all(n > best.level for n in best.why_not)


@pytest.mark.proof
@pytest.mark.parametrize("level", ["limited", "plain"])
def test_the_lower_levels_run_and_limit(request, level):
    server = request.getfixturevalue(level)
    assert honest(server)
    assert run(server, "while True: pass", limits=PATIENT)[2].status == "cpu"
    assert run(server, "import time\ntime.sleep(60)", limits=BRIEF)[2].status == "time"
    assert run(server, "import os\nos._exit(0)")[2].status == "stopped"


def test_level_0_leaves_no_files(plain):
    source = (
        "import os\nopen('new', 'w').close()\nos.mkdir('d')\ndef where():\n    return os.getcwd()"
    )
    _, answers, _ = run(plain, source, "where")
    assert not Path(answers[0]).exists()


@pytest.mark.proof
def test_a_killed_grader_leaves_nothing(boxed, plain):
    """SIGKILL, so that no clean-up of ours runs: control and lifeline end, and that is enough."""
    program = """
import sys, threading
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import Box, ForkServer
from grader.sandbox.backend import Job
server = ForkServer()
files = {"lenet.py": b"import time; time.sleep(600)"}
one = Submission(student="eve", files=files, entry="lenet.py")
for level in (3, 0):
    box = Box(server._send, Job(submission=one, limits=Limits(cpu_seconds=300), seed=1, level=level))
    threading.Thread(target=box.load, daemon=True).start()
print(server._process.process.pid, server._process.run, flush=True)
sys.stdin.read()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(grader.__file__).parent.parent,
    )
    with child:
        root, folder = child.stdout.readline().split()
        family = wait_for(lambda: len(found := below(int(root))) >= 6 and found)
        child.kill()
    assert family
    pids = [int(root), *family]
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert wait_for(lambda: not Path(folder).exists())


def below(pid: int) -> list[int]:
    from grader.inside.walls import process_usage

    return process_usage.list_descendants(pid)


def wait_for(condition, seconds: float = 20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    return condition()


@pytest.mark.proof
def test_a_fork_server_is_replaced_after_many_boxes(best, monkeypatch):
    """The box that it has open goes on; the next one comes from a fresh process."""
    first = best._current()
    with best.open(
        job({"lenet.py": HONEST.encode()}, entry="lenet.py", limits=AMPLE, seed=1)
    ) as box:
        monkeypatch.setattr("grader.sandbox.forkserver.BOXES_PER_PROCESS", first.opened)
        second = wait_for(lambda: (now := best._current()) is not first and now)
        assert second.alive
        assert not first.alive
        assert result(box.ask("value", {"name": "x"})) == 3


@pytest.mark.proof
def test_a_dead_fork_server_is_our_fault_and_is_replaced(best):
    box = best.open(job({"lenet.py": HONEST.encode()}, entry="lenet.py", limits=AMPLE, seed=1))
    assert box.load() is None
    process = best._current()
    os.kill(process.process.pid, signal.SIGKILL)
    assert wait_for(lambda: not process.alive)
    with pytest.raises(SandboxError):
        wait_for(lambda: box.ask("value", {"name": "x"}) is None)  # its guard has yet to hear of it
    assert honest(best)


# ---------------------------------------------------------------------- levels and words


def test_versions_are_those_of_the_fork_server(best):
    assert best.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "numpy"} <= set(best.versions)


@pytest.mark.parametrize(
    ("first", "second", "graver"),
    [
        ("ok", "crashed", "crashed"),
        ("memory", "crashed", "memory"),
        ("cpu", "tampered", "tampered"),
    ],
)
def test_the_graver_status_is_reported(first, second, graver):
    found = words.Outcome(status=first).worse(words.Outcome(status=second))
    assert found.status == graver


def test_a_described_error_is_checked_field_by_field():
    """What a box says of an error is data: wrong types and lengths do not come through."""
    lies = {
        "kind": 7,
        "message": "x" * 9999,
        "file": "/etc/passwd",
        "line": True,
        "code": [],
        "where": "f",
    }
    found = words.read_error(lies, {"lenet.py": b""})
    assert found == StudentError(kind="Exception", message="x" * 2000, where="f")
    assert words.read_error([], {}) == StudentError(kind="Exception", message="")
