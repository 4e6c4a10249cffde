"""500 submissions, every tenth hostile, at levels 3 and 2 by root; at level 4, where
`test_class_of_500` tries as many, and by an ordinary user 150.

Each gets what it deserves, the ledger stays small, and nothing is left.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter

import pytest

from kit.graded import results, said
from kit.mixed_class import write_class
from kit.processes import read_mounts
from kit.whole_runs import ORDINARY, made_place

JOBS = 4
LEDGER_KB = 150
"""A student."""
LEVELS = (4, 3, 2)
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("self",)
MANY, FEW = 500, 150
"""Submissions: by root at the lower levels, and else."""


@pytest.mark.proof
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("user", USERS)
def test_each_gets_what_it_deserves(
    user: str, level: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Points and status of all, who is shown to a person, the ledger's size, what is left."""
    students = MANY if user != "ordinary" and level < max(LEVELS) else FEW
    with made_place(ORDINARY if user == "ordinary" else None) as place:
        expected = write_class(place.course, students, level=level)
        place.give()
        mounts, began = read_mounts(), time.monotonic()
        with place.grade("--level", level, "--jobs", JOBS) as run:
            _, err = run.communicate()
        seconds = time.monotonic() - began
        assert run.returncode == 1, err  # some are tampered with
        graded = results(place.course)
        assert {g.student for g in graded} == expected.keys()
        wrong = {
            g.student: (expected[g.student], g.score, g.execution.status, said(g)[:600])
            for g in graded
            if not expected[g.student].allows(g)
        }
        assert wrong == {}
        for one in graded:
            assert one.needs_review == (one.execution.status == "tampered"), said(one)
            assert one.execution.level == level
        size = sum(p.stat().st_size for p in place.course.out.glob("grades.db*"))
        assert size < LEDGER_KB * 1000 * students
        assert {what: found for what, found in place.find_left().items() if found} == {}
        assert read_mounts() == mounts
    counts = ", ".join(f"{n} {s}" for s, n in Counter(g.execution.status for g in graded).items())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{students} at level {level} by {user}: {seconds:.0f} s, ledger "
            f"{size / 1e6:.1f} MB; {counts}\n"
        )
