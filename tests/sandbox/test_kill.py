"""Killed without warning in the middle of grading, ten times: nothing lost, nothing done twice."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from grader.grading.grade import prepare
from kit.command_line import start
from kit.graded import Grading, executions, results
from kit.processes import gone
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny

STUDENTS = 40
JOBS = 2
OURS = 2
"""Executions of the reference: as itself, and as if it had been handed in."""
KILLS = 10
CODES = (RIGHT, WRONG, TANH, "1 / 0\n", RIGHT.replace("(5, 2)", "(5, 3)"))


def class_of(course: Tiny, students: int) -> None:
    """Right and wrong submissions, no two alike, each of which takes a little time."""
    for i in range(students):
        text = f"import time\ntime.sleep({0.05 * (i % 4)})\n# {i}\n{CODES[i % len(CODES)]}"
        course.submit(f"s{i:02}", text)


def children(pid: int) -> list[int]:
    """Processes that this one started and that still live."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def boxes(pid: int) -> int:
    """How many boxes a grader has open: children of its fork server that still have a child, and
    are not only clearing up.
    """
    found = [box for child in children(pid) for box in children(child)]
    return sum(has_children(box) for box in found)


def has_children(pid: int) -> bool:
    """False also for a process that has ended meanwhile."""
    try:
        return bool(children(pid))
    except OSError:
        return False


def kill_in_the_middle(course: Tiny, temporary: Path, moment: float) -> int:
    """Grades until so long after the first new result, then kills; how many boxes were open."""
    before = max(OURS, count(course))
    process = start(
        *("grade", "tiny", course.class_, "-o", course.out, "--course", course.root),
        *("--jobs", JOBS),
        temporary=temporary,
    )
    with process:
        deadline = time.monotonic() + 60
        while count(course) <= before and process.poll() is None:
            assert time.monotonic() < deadline, "nothing was graded within a minute"
            time.sleep(0.01)
        time.sleep(moment)
        # Stopped first, so that what is counted is what is killed.
        process.send_signal(signal.SIGSTOP)
        busy = boxes(process.pid) if process.poll() is None else 0
        process.kill()
        process.wait()
        assert process.stdout
        assert process.stderr
        process.stdout.read()
        process.stderr.read()
    assert gone(temporary) == []
    assert list(temporary.glob("grader-*")) == []
    return busy


def count(course: Tiny) -> int:
    """How many executions stand in the ledger; 0 while it is being made."""
    try:
        return len(executions(course))
    except Exception:
        return 0


def killed(course: Tiny, regrade: Grading, tmp_path: Path, kills: int, students: int) -> None:
    """Kills, grades to the end, and compares with a class that nobody disturbed."""
    class_of(course, students)
    chance = random.Random(5)
    kept: dict[str, tuple[int, str]] = {}
    for _ in range(kills):
        busy = kill_in_the_middle(course, tmp_path / "temporary", chance.uniform(0, 0.4))
        now = executions(course)
        assert kept.items() <= now.items()  # nothing lost, nothing done twice
        # All that the next run has to do again, and the reference, which is asked once for its form.
        assert busy <= JOBS + 1
        kept = now
        assert len(kept) > OURS
    in_between = results(course)
    assert len(in_between) == len(kept) - OURS  # each has its result; the reference has none
    seed = prepare(course.out / "grades.db", "tiny", None)[0]
    outcome, _ = regrade(course, seed=seed, jobs=JOBS)
    assert kept.items() <= executions(course).items()
    assert outcome.reused == len(kept) - OURS
    assert outcome.executed == students - outcome.reused
    fresh, _ = regrade(course, seed=seed, jobs=JOBS, fresh=True)
    for one, other in zip(outcome.graded, fresh.graded, strict=True):
        assert (one.student, one.score, one.checks) == (other.student, other.score, other.checks)
        assert one.execution.status == other.execution.status
    assert {g.score for g in outcome.graded} >= {POINTS, POINTS - 2, POINTS - 4, 0.0}


@pytest.mark.proof
def test_killed_twice(course: Tiny, regrade: Grading, tmp_path: Path) -> None:
    """SIGKILL at two random moments, then to the end: as if nothing had happened."""
    killed(course, regrade, tmp_path, kills=2, students=12)


@pytest.mark.proof
def test_killed_ten_times(course: Tiny, regrade: Grading, tmp_path: Path) -> None:
    """SIGKILL at ten random moments, then to the end: as if nothing had happened."""
    killed(course, regrade, tmp_path, kills=KILLS, students=STUDENTS)
