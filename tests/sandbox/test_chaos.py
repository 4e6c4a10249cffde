"""Processes are stopped and killed at random, the disk fills, the run is killed ten times.

Every honest submission ends with its points, everyone is in the table, and nothing is left.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from kit.graded import executions, results, said
from kit.mixed_class import write_class
from kit.processes import list_children
from kit.tiny import Tiny
from kit.whole_runs import Place, made_place

STUDENTS = 200
JOBS = 4
KILLS = 10
ROUNDS = 60
"""Most runs until one comes to its end."""
DISK_MIB = 96
ROLES = ("fork server", "guard", "supervisor", "worker")
WEIGHTS = (1, 4, 4, 6)
DEEDS = (signal.SIGKILL, signal.SIGSTOP)
GAP_SECONDS = 0.9
"""Between two blows, on average."""


class Chaos(threading.Thread):
    """Strikes at what the grader has started, and fills its disk, until it is told to end."""

    def __init__(self, disk: Path, seed: int) -> None:
        super().__init__(daemon=True)
        self.disk, self.chance = disk, random.Random(seed)
        self.grader = 0
        """Whose processes are struck; 0 for nobody's."""
        self.done: Counter[str] = Counter()
        self.over = threading.Event()
        self.at_work = threading.Lock()

    def run(self) -> None:
        while not self.over.wait(self.chance.expovariate(1 / GAP_SECONDS)):
            with self.at_work:
                if self.grader and self.chance.random() < 0.04:
                    self.fill()
                elif self.grader:
                    self.strike()

    def rest(self) -> None:
        """Strikes at nobody from now on; the disk has room again when this returns."""
        with self.at_work:
            self.grader = 0

    def strike(self) -> None:
        """One process is stopped or killed, if there is one in that role."""
        (role,) = self.chance.choices(ROLES, WEIGHTS)
        generation = [self.grader]
        for _ in range(ROLES.index(role) + 1):
            generation = [child for pid in generation for child in list_children(pid)]
        if generation:
            number = self.chance.choice(DEEDS)
            with suppress(ProcessLookupError, OSError):
                handle = os.pidfd_open(self.chance.choice(generation))
                signal.pidfd_send_signal(handle, number)
                os.close(handle)
                self.done[f"{role} {number.name}"] += 1

    def fill(self) -> None:
        """No byte is left for a moment."""
        path = self.disk / "filler"
        with suppress(OSError), path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        self.over.wait(self.chance.uniform(0.1, 0.5))
        path.unlink(missing_ok=True)
        self.done["disk full"] += 1


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A file system of its own, where root runs the tests; else a folder, which is not filled."""
    path.mkdir()
    mounted = os.geteuid() == 0
    if mounted:
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(path)]
        subprocess.run(words, check=True)
    try:
        yield path
    finally:
        if mounted:
            subprocess.run(["umount", str(path)], check=True)


def run_once(place: Place, chaos: Chaos, seconds: float | None) -> tuple[int, str]:
    """Exit code and stderr of one run, which is killed after so long."""
    with place.grade("--jobs", JOBS) as run:
        chaos.grader = run.pid
        try:
            _, err = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            _, err = run.communicate()
        chaos.rest()
    return run.returncode, err


def await_end(place: Place) -> None:
    """Everything of a killed run has gone, but for folders, which the next one sweeps."""
    left = place.find_left()
    assert not left["processes"], left
    end = time.monotonic() + 10
    while place.find_left()["orphans"] and time.monotonic() < end:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.02)


def storm(place: Place, chaos: Chaos) -> Counter[str]:
    """Runs, ten of them killed, until one comes to its end; how each of them ended."""
    ends: Counter[str] = Counter()
    kept: set[str] = set()
    for _ in range(ROUNDS):
        killed = ends["-9"] < KILLS
        seconds = chaos.chance.uniform(4, 14) if killed else None
        code, err = run_once(place, chaos, seconds)
        await_end(place)
        ends[str(code)] += 1
        assert "Traceback" not in err, err
        assert code in (0, 1, 2, -signal.SIGKILL), err
        if code == 2:
            assert err.strip().splitlines()[-1].startswith("grader: "), err  # behind the progress
        if (place.course.out / "grades.db").exists():
            now = read_keys(place.course)
            assert kept <= now  # nothing is lost
            kept = now
        if code in (0, 1) and not killed:
            return ends
    raise AssertionError(f"no run came to its end: {ends}")


def read_keys(course: Tiny) -> set[str]:
    """Keys of executions in the ledger."""
    try:
        return set(executions(course))
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):  # it was being made
            raise
        return set()


@pytest.mark.proof
def test_every_honest_submission_ends_with_its_points(capsys: pytest.CaptureFixture[str]) -> None:
    """Under chaos to its end, and once more in peace for those who are open."""
    with made_place() as place, small_disk(place.course.out) as disk:
        course = place.course
        expected = write_class(course, STUDENTS)
        chaos = Chaos(disk, seed=15)
        chaos.start()
        began = time.monotonic()
        try:
            ends = storm(place, chaos)
        finally:
            chaos.over.set()
            chaos.join()
        opened = sorted(g.student for g in results(course) if g.execution.status == "broken")
        seconds = time.monotonic() - began
        code, err = run_once(place, chaos, None)
        assert code in (0, 1), err
        graded = {g.student: g for g in results(course)}
        assert graded.keys() == expected.keys()
        honest = {s: e for s, e in expected.items() if e.what in ("right", "wrong", "tanh")}
        lost = {s: said(graded[s]) for s, e in honest.items() if graded[s].score not in e.points}
        assert lost == {}
        with (course.out / "grades.csv").open(encoding="utf-8") as file:
            assert {row["student"] for row in csv.DictReader(file)} == expected.keys()
        with closing(sqlite3.connect(course.out / "grades.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {what: found for what, found in place.find_left().items() if found} == {}
    with capsys.disabled():
        deeds = ", ".join(f"{n} {what}" for what, n in sorted(chaos.done.items()))
        sys.stdout.write(
            f"\n{STUDENTS} students in {seconds:.0f} s; ends of runs {dict(ends)}; {deeds}; open "
            f"after the storm: {len(opened)}\n"
        )
