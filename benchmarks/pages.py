"""How long the pages of students take to render, from the records of a graded class.

    .venv/bin/python benchmarks/pages.py OUT

OUT is a folder that `grader grade` or `grader demo` left behind. A page may take 50 ms.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from grader.records.result import Graded
from grader.report import pages

MOST = 0.050
"""Seconds of one page."""


def main() -> None:
    """One line a page, the slowest first; exit code 1 where one takes too long."""
    env = pages.environment()
    records = [
        Graded.from_json(json.loads(p.read_bytes())) for p in Path(sys.argv[1]).glob("*.json")
    ]
    pages.student_page(records[0], env)  # reads the templates
    rows = []
    for one in records:
        start = time.perf_counter()
        html = pages.student_page(one, env)
        rows.append((time.perf_counter() - start, len(html.encode()), one.student))
    for seconds, size, student in sorted(rows, reverse=True):
        print(f"{1000 * seconds:6.1f} ms  {size:7,} bytes  {student}")
    sys.exit(max(rows)[0] > MOST)


if __name__ == "__main__":
    main()
