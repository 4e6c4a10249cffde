"""A curve: what is done to the scores of a whole class, beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from grader.records.adjustment import Adjustment
from grader.records.errors import UsageError
from grader.records.result import Graded

BEST, NONE = "best", "none"
_FORM = re.compile(r"(?P<sign>[x*+])(?P<number>\d{1,6}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Every score times `factor`, and `added` to it; no score rises above the maximum by it."""

    factor: float = 1.0
    added: float = 0.0
    best: bool = False
    """The factor is the one by which the best score becomes the maximum."""

    def fit(self, results: Iterable[Graded]) -> Curve:
        """The curve for this class: where it is about the best score, with the factor."""
        shares = [g.score / g.max_score for g in results if g.max_score > 0 and _counts(g)]
        top = max(shares, default=0.0)
        return Curve(factor=max(1.0, 1 / top), best=True) if self.best and top > 0 else self

    def adjust(self, graded: Graded) -> Adjustment | None:
        """What it adds to this score; None where that is nothing, or where there is no score."""
        most = max(graded.max_score, graded.score)
        points = round(min(graded.score * self.factor + self.added, most) - graded.score, 3)
        if not points or not _counts(graded):
            return None
        return Adjustment(kind="curve", points=points, reason=f"For the whole class: {self.rule}.")

    @property
    def rule(self) -> str:
        """What is done, in words."""
        if self.best:
            return f"the best score counts as full marks, every score times {self.factor:.4g}"
        if self.added:
            return f"{self.added:g} points are added to every score, up to the maximum"
        return f"every score times {self.factor:g}, up to the maximum"


def _counts(graded: Graded) -> bool:
    """Whether there is work that has a score."""
    gone = graded.withdrawn or graded.excused
    return bool(graded.files) and not gone and not graded.undecided


def read_curve(text: str) -> Curve | None:
    """The curve that is meant by `x1.1`, `+5`, `best`; None for `none`. Raises UsageError."""
    if text in ("", NONE):
        return None
    if text == BEST:
        return Curve(best=True)
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(
            f"{text!r} is no scale. Give x1.1 (every score times 1.1), +5 (5 points more), best "
            "(the best score becomes the maximum) or none"
        )
    number = float(form["number"])
    return Curve(added=number) if form["sign"] == "+" else Curve(factor=number)
