"""Thousands of quick submissions in one run: is the last as fast as the first, and how much memory
does the grader take?

    python benchmarks/thousands.py [--students 10000] [--jobs 2]

Each is a network of two layers, measured in some hundredths of a second. Printed are seconds a
submission by thousands, and the greatest resident set of the grader's own process. The exit code is
1 where the last thousand took more than a tenth longer than the first, or the grader more than
200 MiB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from sqlite3 import connect

ROOT = Path(__file__).resolve().parent.parent
THOUSAND = 1000
MOST_LONGER = 1.1
MOST_MIB = 200.0


def write_course(root: Path, students: int) -> None:
    """The small course of the tests, and a class that hands in."""
    sys.path.insert(0, str(ROOT / "tests"))
    tiny = import_module("kit.tiny")
    course = tiny.found(root)
    for number in range(students):
        course.submit(f"s{number:05}", f"# {number}\n{tiny.RIGHT}")


def grade(root: Path, jobs: int) -> tuple[float, float]:
    """Seconds of the whole run, and the greatest resident set of the grader in MiB."""
    words = ["grade", "tiny", root / "class", "-o", root / "out", "--course", root, "--jobs", jobs]
    begun, peak = time.monotonic(), 0.0
    with subprocess.Popen([sys.executable, "-m", "grader", *map(str, words)]) as process:
        while process.poll() is None:
            peak = max(peak, read_peak(process.pid))
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return time.monotonic() - begun, peak


def read_peak(pid: int) -> float:
    """MiB that the process has held at once; 0 where it has gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def read_thousands(root: Path) -> list[float]:
    """Seconds a submission, of each thousand in the order in which they were graded."""
    with connect(root / "out/grades.db") as database:
        rows = database.execute("SELECT at FROM executions WHERE kind = 'student' ORDER BY rowid")
        times = [datetime.fromisoformat(at).timestamp() for (at,) in rows]
    ends = times[::THOUSAND]
    return [(b - a) / THOUSAND for a, b in zip(ends, [*ends[1:], times[-1]], strict=True)]


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--students", type=int, default=10_000)
    options.add_argument("--jobs", type=int, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "course"
        write_course(root, chosen.students)
        seconds, peak = grade(root, chosen.jobs)
        parts = [s for s in read_thousands(root) if s]
        size = (root / "out/grades.db").stat().st_size / 1e6
    for number, part in enumerate(parts, 1):
        sys.stdout.write(f"thousand {number:>2}: {1000 * part:6.1f} ms a submission\n")
    sys.stdout.write(
        f"{chosen.students} submissions in {seconds:.0f} s; grader {peak:.0f} MiB; ledger "
        f"{size:.0f} MB\n"
    )
    return int(parts[-1] > MOST_LONGER * parts[0] or peak > MOST_MIB)


if __name__ == "__main__":
    raise SystemExit(main())
