"""A class of hundreds with many checks, without a run."""

from __future__ import annotations

import dataclasses

from grader.records.result import CheckResult, Graded
from kit.sample_records import HOSTILE, a_class


def many(students: int = 300, checks: int = 17) -> list[Graded]:
    """A large class, in which everybody loses something."""
    base, rows = a_class(), []
    for n in range(students):
        results = tuple(
            CheckResult(
                name=f"check_number_{k}",
                title=f"Check number {k} of the assignment, with a title of usual length.",
                outcome=("passed", "passed", "partial", "failed")[(n + k * k) % 4],
                points=6,
                earned=(6.0, 6.0, 2.5, 0.0)[(n + k * k) % 4],
                feedback=f"Thing {(n * k) % 31} differs from ours. At index [0].",
                code=f"layers-thing-{(n * k) % 31}" if (n + k * k) % 4 > 1 else "",
            )
            for k in range(checks)
        )
        score = sum(r.earned for r in results)
        one = base[n % len(base)]
        named = f"Firstname{n} {HOSTILE[n] if n < len(HOSTILE) else 'Lastname'}"
        rows.append(dataclasses.replace(one, student=named, checks=results, score=score))
    return rows
