"""Students of whom every attempt is graded: the best one counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from grader.records.result import Graded
from grader.records.submission import Submission

Judged = tuple[Submission, Graded, str]
"""An attempt, its result, and the key of its execution."""


class Attempts:
    """Results until all attempts of a student have one."""

    def __init__(self, submissions: Iterable[Submission], see: Callable[[Graded], Graded]) -> None:
        """`see` gives a result with what is taken off and added beside its checks."""
        self._see = see
        self._expected = Counter(s.student for s in submissions)
        self._judged: dict[str, list[Judged]] = {}

    def are_several(self, student: str) -> bool:
        """True where more than one attempt of the student is graded."""
        return self._expected[student] > 1

    def add(self, submission: Submission, graded: Graded, key: str) -> tuple[Graded, str] | None:
        """The result that counts with its key, once the last attempt is judged; None before.

        Of equal ones the earlier counts. Where another attempt could not be judged, a person has
        to look at it before the result counts.
        """
        judged = self._judged.setdefault(submission.student, [])
        judged.append((submission, graded, key))
        if len(judged) < self._expected[submission.student]:
            return None
        if len(judged) == 1:
            return graded, key
        best, result, best_key = max(judged, key=lambda j: (self._see(j[1]).final, -j[0].attempt))
        open_ = sorted(s.attempt for s, g, _ in judged if g.needs_review and s is not best)
        note = f"Attempt {best.attempt} of {len(judged)} counts: none earned more."
        unclear = (
            f"A person has to look at attempt {open_[0]}, which may earn more." if open_ else ""
        )
        unclear = " ".join(filter(None, (result.unclear, unclear)))
        return replace(result, notes=(note, *result.notes), unclear=unclear), best_key
