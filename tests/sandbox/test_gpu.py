"""No GPU is used for anything of a student's, and no driver is woken where everything is forked.

There is none where these tests were written. What stands for a driver is some library by the name
under which torch looks for CUDA's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from grader.inside.process import preload
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer, environment, levels
from kit.boxes import job

DRIVER = "libcuda.so.1"
LOAD = f"import ctypes\nctypes.CDLL({DRIVER!r})\n"
LIMITS = Limits(cpu_seconds=20.0, memory_mib=512, processes=16, disk_mib=8, output_kib=4)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library by the name of CUDA's driver: any that this process has."""
    folder = tmp_path_factory.mktemp("driver")
    folder.chmod(0o755)
    lines = Path("/proc/self/maps").read_text().splitlines()
    library = next(line.split()[-1] for line in lines if "/libm.so" in line or "/libm-" in line)
    shutil.copy(library, folder / DRIVER)
    return folder


@pytest.fixture(scope="module")
def server(driver: Path) -> Iterator[ForkServer]:
    """A fork server on a machine with that driver."""
    with pytest.MonkeyPatch.context() as patch:
        theirs = os.environ.get("LD_LIBRARY_PATH", "")
        patch.setenv("LD_LIBRARY_PATH", f"{driver}:{theirs}".rstrip(":"))
        with ForkServer() as opened:
            yield opened


@pytest.fixture(params=[0, 1, 2, 3, 4])
def level(server: ForkServer, request: pytest.FixtureRequest) -> int:
    """Every level that holds here."""
    if refusal := levels.try_level(server._current(), request.param):
        pytest.skip(refusal.sentence())
    return request.param


def attempt(server: ForkServer, level: int, line: str) -> str:
    """What a line of student code raises; "done" if it raises nothing."""
    source = f"""
        import ctypes, fcntl, os
        try:
            {line}
            print("done", end="")
        except OSError as error:
            print(f"{{type(error).__name__}}: {{error}}", end="")
        """
    files = {"a.py": textwrap.dedent(source).encode()}
    with Box(server._send, job(files, entry="a.py", limits=LIMITS, level=level)) as box:
        box.load()
    end = box.close()
    assert end.status == "ok", end
    return end.stdout


def test_a_plain_process_finds_the_driver(driver: Path) -> None:
    """What the next test sees is the grader's doing."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver)}
    subprocess.run([sys.executable, "-c", LOAD], env=environment, check=True)


@pytest.mark.proof
def test_no_box_finds_the_driver(server: ForkServer, level: int) -> None:
    """Nor does the fork server, of which every box is a fork."""
    said = attempt(server, level, f"ctypes.CDLL({DRIVER!r})")
    assert said.startswith("OSError: "), said
    assert DRIVER in said


@pytest.mark.proof
def test_from_level_1_on_no_gpu_can_be_spoken_to(server: ForkServer, level: int) -> None:
    """Its requests are refused whichever file they are made on: no path to a driver leads past."""
    for family in "FGKd":
        line = f"fcntl.ioctl(os.pipe()[0], {ord(family) << 8 | 0xC0000001})"
        refused = attempt(server, level, line)
        assert ("Operation not permitted" in refused) == (level >= 1), refused
    assert attempt(server, level, "fcntl.ioctl(os.pipe()[0], 0x541B, bytes(4))") == "done"


THREADS = """
import ctypes, threading
from grader.inside.process import forkserver
forkserver.require_one_thread()
begun, end = threading.Event(), threading.Event()
def wait():
    ctypes.CDLL(None).prctl(15, b"cuda-EvtHandlr", 0, 0, 0)
    begun.set()
    end.wait()
threading.Thread(target=wait, daemon=True).start()
begun.wait()
forkserver.require_one_thread()
"""


@pytest.mark.proof
def test_threads_are_named_that_forbid_forking() -> None:
    """One is enough to refuse; its name says whose it is, and the message what to do."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment.FIXED},  # numpy's own threads are not what is meant
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("RuntimeError: The fork server has 2 threads where it may have one: ")
    assert "cuda-EvtHandlr" in last
    assert last.endswith("Install the CPU build of torch.")


@pytest.mark.proof
def test_a_fork_server_with_threads_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grader's error has the names in it."""
    program = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    monkeypatch.setattr(
        "grader.sandbox.server_process._PROGRAM",
        f"{program}\nimport sys\nsys.path[0] = sys.argv.pop(1)\n"
        "from grader.inside.__main__ import main\nmain()",
    )
    with pytest.raises(SandboxError, match=r"(?s)did not start: .*2 threads where it may have one"):
        ForkServer()


@pytest.mark.parametrize(("maker", "found"), [("cuda", False), ("hip", True), ("xpu", True)])
def test_a_driver_that_may_answer_is_left_asleep(
    monkeypatch: pytest.MonkeyPatch,
    maker: str,
    found: bool,  # noqa: FBT001
) -> None:
    """What wakes it, `backward`, is left out of what the fork server tries."""
    for name in ("cuda", "hip", "xpu"):
        version = "13.2" if name == maker else None
        monkeypatch.setattr(torch.version, name, version, raising=False)
    assert preload.finds_driver() == found
    steps: list[object] = []

    def note(loss: torch.Tensor) -> None:
        steps.append(loss)

    monkeypatch.setattr(torch.Tensor, "backward", note)
    preload._exercise()
    assert (steps == []) == found
