"""How long the pages of a class take, similar work included, and how large they are.

    .venv/bin/python benchmarks/class_pages.py [STUDENTS]

Exits with 1 where 300 students take longer than 15 s, or a page is larger than it may be.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from grader.assignment.course import Course
from grader.grading.grade import render
from grader.grading.similarity import keep_sketches
from grader.ledger.ledger import Ledger
from grader.records.execution import Execution
from grader.records.json_values import Json
from grader.records.result import CheckResult, Graded, Outcome
from grader.records.submission import Submission

STUDENTS, CHECKS = 300, 17
MOST_SECONDS, MOST_OF_CLASS, MOST_OF_STUDENT = 15.0, 600_000, 150_000
NUMBERS = 61_706
"""Weights of each."""
SLUG = "lenet5_mnist"
OUTCOMES: tuple[Outcome, ...] = ("passed", "passed", "passed", "partial", "failed")
SHARE: Mapping[str, float] = {"passed": 1.0, "partial": 0.4, "failed": 0.0}


def hand_in(number: int, draw: random.Random) -> Submission:
    """Code of about 80 lines and weights; every twentieth is a copy of the one before."""
    seed = number - 1 if number % 20 == 19 else number
    words = random.Random(seed)
    calls = ("view", "relu", "sum", "mean", "flatten", "tanh", "transpose", "matmul")
    lines = [f"import torch\n\n\ndef net_{draw.randint(0, 9)}(x):"]
    for n in range(80):
        one, other = words.choice(calls), words.choice(calls)
        lines.append(f"    y{n} = x.{one}({n % 7}).{other}(dim={n % 3}) * {words.random():.2f}")
    weights = np.random.default_rng(seed).permutation(
        np.random.default_rng(seed + 1).normal(size=NUMBERS).astype(np.float32)
    )
    files = {"lenet.py": "\n".join(lines).encode(), "lenet.bin": weights.tobytes()}
    return Submission(student=f"Student {number:04}", files=files, entry="lenet.py")


def judge(submission: Submission, draw: random.Random) -> Graded:
    """A record with evidence of some kilobytes."""
    table: dict[str, Json] = {
        "table": {"columns": ["a", "b"], "rows": [[i, "x" * 40] for i in range(12)]}
    }
    checks = []
    for n in range(CHECKS):
        outcome = draw.choice(OUTCOMES)
        fault = draw.randint(0, 30)
        checks.append(
            CheckResult(
                name=f"check_number_{n}",
                title=f"Check number {n} of the assignment, with a title of usual length.",
                outcome=outcome,
                points=6,
                earned=6 * SHARE[outcome],
                feedback=f"Thing {fault} differs from ours. " * 3,
                hint="Print the shapes after each step, and compare them with the brief.",
                evidence=table,
                code="" if outcome == "passed" else f"benchmark-thing-{fault}",
            )
        )
    return Graded(
        student=submission.student,
        assignment=SLUG,
        title="LeNet-5",
        score=sum(c.earned for c in checks),
        max_score=6 * CHECKS,
        execution=Execution(status="ok", level=3),
        checks=tuple(checks),
        provenance={"level": 3},
        digest=submission.digest,
        files=tuple(submission.files),
    )


def main() -> int:
    """Make the class, render it, and say what it took."""
    students = int(sys.argv[1]) if len(sys.argv) > 1 else STUDENTS
    draw = random.Random(1)
    loaded = Course.find(Path(__file__).parents[1]).load(SLUG)
    class_ = [hand_in(n, draw) for n in range(students)]
    with TemporaryDirectory() as folder, Ledger(Path(folder, "grades.db")) as ledger:
        for one in class_:
            ledger.add_result(judge(one, draw), "key", "rules")
        began, busy = time.perf_counter(), time.process_time()
        keep_sketches(ledger, loaded, class_)
        sketched = time.perf_counter() - began
        render(ledger, Path(folder), None)
        whole, busy = time.perf_counter() - began, time.process_time() - busy
        index = Path(folder, "index.html").stat().st_size
        largest = max(p.stat().st_size for p in Path(folder).glob("*.html") if p.stem != "index")
    print(f"{students} students: sketches {sketched:.1f} s, all {whole:.1f} s, {busy:.1f} s of CPU")
    print(f"class page {index / 1e3:.0f} kB, largest page of a student {largest / 1e3:.0f} kB")
    slow = students <= STUDENTS and whole > MOST_SECONDS
    large = (students <= STUDENTS and index > MOST_OF_CLASS) or largest > MOST_OF_STUDENT
    return 1 if slow or large else 0


if __name__ == "__main__":
    sys.exit(main())
