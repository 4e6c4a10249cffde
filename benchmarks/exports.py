"""How long a look at a gradebook takes, from a ledger with a class's whole records.

    .venv/bin/python benchmarks/exports.py [STUDENTS]

The command is started as an instructor starts it, so the time holds Python's own start.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.ledger.ledger import Ledger
from grader.records.execution import Execution
from grader.records.json_values import Json
from grader.records.person import Person
from grader.records.result import CheckResult, Graded

CHECKS = 10
OTHER_ASSIGNMENTS = 30


def make_class(students: int) -> list[Graded]:
    """Records with ten checks and evidence of some kilobytes each."""
    evidence: dict[str, Json] = {
        "table": {"columns": ["a", "b"], "rows": [[i, "x" * 60] for i in range(20)]}
    }
    checks = tuple(
        CheckResult(
            name=f"check_{n}", title="A check.", outcome="partial", points=10, earned=8.75,
            feedback="What was seen, and where. " * 10, evidence=evidence,
        )
        for n in range(CHECKS)
    )  # fmt: skip
    return [
        Graded(
            student=f"student{n}", assignment="hw", title="HW", score=87.5, max_score=100,
            execution=Execution(status="ok", stdout="epoch 1\n" * 200), checks=checks,
            provenance={"versions": {"torch": "2"}}, digest=f"{n:064x}",
            persons=(Person(id=str(n), name=f"First{n} Last{n}"),),
        )
        for n in range(students)
    ]  # fmt: skip


def make_gradebook(students: int) -> bytes:
    """A gradebook of Canvas with many other assignments."""
    others = [f"Other {n} ({n})" for n in range(OTHER_ASSIGNMENTS)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Student", "ID", "SIS Login ID", "Section", *others, "HW (777)"])
    writer.writerow(["    Points Possible", "", "", "", *["10.00"] * len(others), "100.00"])
    for n in range(students):
        writer.writerow([f"Last{n}, First{n}", n, f"login{n}", "A", *["7.50"] * len(others), ""])
    return text.getvalue().encode()


def measure(students: int) -> float:
    """Seconds of one look, after a first one that brings the files into memory."""
    with TemporaryDirectory() as folder:
        out, book = Path(folder), Path(folder) / "book.csv"
        with Ledger(out / "grades.db") as ledger:
            for graded in make_class(students):
                ledger.add_result(graded, graded.digest, "rules")
        book.write_bytes(make_gradebook(students))
        words = [sys.executable, "-m", "grader", "export", folder, "--into", str(book)]
        subprocess.run(words, check=True, capture_output=True)
        begun = time.perf_counter()
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
    assert f"Cells that change in 'HW (777)': {students}." in done.stdout
    return seconds


if __name__ == "__main__":
    COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{COUNT} students: {measure(COUNT):.2f} s")
