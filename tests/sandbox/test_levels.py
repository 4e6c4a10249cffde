"""Levels of the sandbox: which one holds is found by doing, and what the next one lacks is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.inside.walls import cgroup
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.sandbox import ForkServer, levels, remedies
from grader.sandbox.box import Box
from grader.sandbox.levels import HIGHEST, NAMES
from kit.boxes import job
from kit.ordinary import run_as_ordinary
from kit.processes import gone

AMPLE = Limits(cpu_seconds=20.0, memory_mib=1500, processes=16, disk_mib=8, output_kib=4)

REFUSING = """
import sys
from grader.inside.walls.lockdown import Filter
rules = Filter()
rules.refuse(*{calls!r})
rules.install()
from grader.cli import main as command_line
command_line.main(["doctor", "--json"])
"""


def doctor(*refused: str) -> dict[str, Any]:
    """What `grader doctor --json` says where the kernel refuses these system calls."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSING.format(calls=refused)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if facts["level"] >= 2 else 1)
    return facts


def groups(maker: int) -> list[Path]:
    """Control groups that the fork server of this number has made."""
    return [g for p in cgroup.find_places() for g in Path(p.path).glob(f"grader-{maker}-*")]


def maker(server: ForkServer) -> int:
    """Number of the fork server."""
    assert server._process is not None
    return server._process.process.pid


@pytest.fixture(scope="module")
def best() -> Iterator[ForkServer]:
    """A sandbox at the best level there is."""
    with ForkServer() as opened:
        yield opened


@pytest.mark.parametrize(
    ("refused", "level", "why"),
    [
        pytest.param((), None, "", marks=pytest.mark.proof),
        pytest.param(("unshare",), 2, "unshare", marks=pytest.mark.proof),
        pytest.param(
            ("unshare", "landlock_create_ruleset"), 1, "landlock", marks=pytest.mark.proof
        ),
        pytest.param(
            ("unshare", "landlock_create_ruleset", "prlimit64"), 0, "", marks=pytest.mark.proof
        ),
    ],
    ids=["nothing refused", "no namespaces", "no landlock", "no limits"],
)
def test_the_level_is_found_by_doing(refused: tuple[str, ...], level: int | None, why: str) -> None:
    """Where the kernel refuses a wall, the level below is chosen, and doctor says what it lacks."""
    facts = doctor(*refused)
    assert facts["level"] == level or (level is None and facts["level"] >= 3)
    assert facts["made_of"] == NAMES[facts["level"]]
    above = [r["level"] for r in facts["refused"]]
    assert above == list(range(facts["level"] + 1, HIGHEST + 1))
    for refusal in facts["refused"]:
        assert refusal["why"]
        assert refusal["needs"].startswith("It needs ")
    if why:
        assert why in facts["refused"][0]["why"]
        assert facts["refused"][0]["level"] == facts["level"] + 1


def selftest(server: ForkServer, level: int, ask: str, args: dict[str, Any], **more: Any) -> Any:
    """What the code that tries to break out reports at a level."""
    assert server._process is not None
    limits = replace(AMPLE, memory_mib=4096, processes=200)
    empty = job({}, entry=None, limits=limits, seed=0, level=level)
    opened = Box(server._process.open, empty, selftest=True, **more)
    with opened:
        return opened.ask(ask, args)


def test_the_self_test_can_fail(best: ForkServer) -> None:
    """Where there are no walls it gets out, and says how."""
    with levels._canaries() as args:
        args |= {"walls": True, "memory_mib": 64}
        inside, outside = (selftest(best, n, "escape", args) for n in (3, 1))
    assert set(inside) == set(outside)
    assert inside.pop("exceed its memory") == "done"  # 64 MiB are within the limit
    assert "done" not in inside.values()
    for attempt in (
        "read a file of the grader's",
        "list a folder of the grader's",
        "look at the grader",
    ):
        assert outside[attempt] == "done", outside


def test_the_trial_of_control_groups_can_fail(best: ForkServer) -> None:
    """Without a group the same threads start and the same memory is there."""
    assert selftest(best, 3, "crowd", {"threads": 80}) == 80
    assert selftest(best, 3, "fill", {"mib": 192, "seconds": 0}) == 192


def test_a_level_that_does_not_exist_is_refused() -> None:
    """So is one that nobody built."""
    with pytest.raises(SandboxError, match="There is no level 9; they go from 0 to 4"):
        ForkServer(level=9)


# ---------------------------------------------------------------------- remedies


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
        (
            "kernel/unprivileged_userns_clone",
            "0",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
    ],
)
def test_a_setting_that_forbids_namespaces_is_named(
    tmp_path: Path, setting: str, value: str, command: str
) -> None:
    """With the command that changes it."""
    path = tmp_path / "sys" / setting
    path.parent.mkdir(parents=True)
    path.write_text(f"{value}\n")
    found = remedies.remedy(3, proc=tmp_path, root=tmp_path)
    assert found.command == command
    _, _, allowing = command.partition("=")
    assert setting.replace("/", ".") in found.needs
    path.write_text(f"{allowing}\n")
    assert remedies.remedy(3, proc=tmp_path, root=tmp_path).command != command


def test_a_container_is_told_how_to_be_started(tmp_path: Path) -> None:
    """Docker's default profile refuses namespaces."""
    (tmp_path / ".dockerenv").touch()
    found = remedies.remedy(3, proc=tmp_path, root=tmp_path)
    assert found.command.startswith("docker run --security-opt seccomp=unconfined")
    assert remedies.remedy(4, root=tmp_path).command.startswith("docker run --cgroupns=host")
    (tmp_path / ".dockerenv").unlink()
    assert remedies.remedy(4, root=tmp_path).command.startswith("systemd-run ")


def test_a_kernel_without_landlock_is_told_to_load_it(tmp_path: Path) -> None:
    """The list of modules that it was started with stands in the command."""
    modules = tmp_path / "sys/kernel/security/lsm"
    modules.parent.mkdir(parents=True)
    modules.write_text("capability,yama,apparmor")
    found = remedies.remedy(2, root=tmp_path)
    assert "lsm=landlock,capability,yama,apparmor" in found.command
    modules.write_text("capability,landlock")
    assert remedies.remedy(2, root=tmp_path).command == ""


# ---------------------------------------------------------------------- level 4


@pytest.fixture
def grouped(best: ForkServer) -> ForkServer:
    """A sandbox of level 4. Where the machine has no control group to give, doctor says which."""
    if best.level < 4:
        refusal = best.why_not[4]
        assert refusal.remedy.needs
        pytest.skip(refusal.sentence())
    return best


GREEDY = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        held = [bytearray(b"x") * (1 << 20) for _ in range(400)]
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


def test_processes_share_one_memory_limit_of_the_kernel(grouped: ForkServer) -> None:
    """More than the limit is never there, however fast it is asked for; and it is said."""
    with grouped.open(job({"a.py": GREEDY.encode()}, entry="a.py", limits=AMPLE, seed=1)) as opened:
        opened.load()  # the second time with definitions only, which succeeds
        end = opened.close()
    assert end.error is not None
    assert end.status == "memory"
    assert "1,500 MiB" in end.reason


def test_a_death_by_the_kernel_for_memory_is_told_from_others(grouped: ForkServer) -> None:
    """The group's own count says so: a process that kills itself is not out of memory."""
    source = b"import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    with grouped.open(job({"a.py": source}, entry="a.py", limits=AMPLE, seed=1)) as opened:
        opened.load()
        end = opened.close()
    assert end.status == "crashed"


def test_a_group_is_made_for_each_box_and_removed_with_it(grouped: ForkServer) -> None:
    """In every hierarchy."""
    assert groups(maker(grouped)) == []
    with grouped.open(job({"a.py": b"x = 1"}, entry="a.py", limits=AMPLE, seed=1)) as opened:
        opened.load()
        assert len(groups(maker(grouped))) == len(cgroup.find_places())
    assert groups(maker(grouped)) == []


KILLED = """
import os, sys, time
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
server = ForkServer()
files = {"a.py": b"import time; time.sleep(60)"}
one = Submission(student="eve", files=files, entry="a.py")
box = server.open(Job(submission=one, limits=Limits(), seed=1))
print(server._process.process.pid, flush=True)
box.load()
"""


@pytest.mark.proof
def test_no_group_outlives_a_killed_grader(grouped: ForkServer, tmp_path: Path) -> None:
    """The guards see the grader go, and remove them."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        deadline = time.monotonic() + 30
        while not groups(server) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert groups(server)
        process.kill()
    assert gone(tmp_path, seconds=30) == []
    assert groups(server) == []


@pytest.mark.proof
def test_groups_of_the_dead_are_swept(grouped: ForkServer) -> None:
    """Of a fork server that was killed with all its guards; nobody else's is touched."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        dead = process.pid
    (place, *_) = cgroup.find_places()
    left = Path(place.path) / f"grader-{dead}-box-1"
    other = left.with_name(f"grader-{dead}-of-somebody")
    try:
        left.mkdir()
        other.mkdir()
        with ForkServer(level=4):
            pass
        assert not left.exists()
        assert other.exists()
    finally:
        for path in (left, other):
            if path.exists():
                path.rmdir()


# ---------------------------------------------------------------------- an ordinary user

TRIED = """
import json
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
    {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
     "source": "import os\\nprint(os.getuid(), os.getpid())\\nx = 6 * 7"}]}
limits = Limits(memory_mib=2048)
files = {"a.py": b"x = 42\\nimport os\\nprint(os.listdir('/'))", "a.ipynb": json.dumps(book).encode()}
with ForkServer(notebooks=True) as server:
    told = {"level": server.level, "answers": [], "why": [r.why for r in server.why_not.values()]}
    for entry in files:
        one = Submission(student="eve", files=files, entry=entry)
        with server.open(Job(submission=one, limits=limits, seed=1)) as box:
            told["answers"].append(box.ask("value", {"name": "x"})["value"]["item"])
            told["answers"].append(box.close().status)
print(json.dumps(told, default=str))
"""


@pytest.mark.proof
def test_an_ordinary_user_has_level_3() -> None:
    """Modules and notebooks run in namespaces that no right of root's has made."""
    if os.geteuid() != 0:
        pytest.skip("every other test has shown it: this is no root")
    told = json.loads(run_as_ordinary("-c", TRIED))
    assert told["level"] == 3, told
    assert told["answers"] == [42, "ok", 42, "ok"]
