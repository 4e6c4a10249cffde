"""What people decided, laid over what was measured: marks, late work, a curve.

Results stand in the ledger as they were measured; they are seen through this. So nothing that is
measured or judged anew can lose what a person decided, and what is decided never hides what was
measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.ledger.curve import Curve
from grader.ledger.database import make_plain
from grader.ledger.due import DuePolicy, judge_lateness
from grader.records.adjustment import Adjustment
from grader.records.mark import Mark, MarkKind
from grader.records.result import CheckResult, Graded, Outcome

_NONE = Mark(student="", kind="check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Everything that was decided about a class beside what was measured."""

    marks: Mapping[str, Sequence[Mark]] = field(default_factory=dict)
    """By student those that hold."""
    policy: DuePolicy | None = None
    curve: Curve | None = None

    def apply(self, graded: Graded) -> Graded:
        """The result with what was decided about it; the same where nothing was."""
        own = tuple(self.marks.get(make_plain(graded.student), ()))
        marked = apply_marks(graded, own) if own else graded
        late = self._apply_policy(marked, own)
        extra = [] if late.excused or self.curve is None else [self.curve.adjust(late)]
        adjustments = (*late.adjustments, *(a for a in extra if a), *_adjust_by_hand(own))
        return replace(late, adjustments=adjustments) if adjustments else late

    def fit(self, results: Iterable[Graded]) -> Overlay:
        """The same, with a curve that fits these results of the class."""
        if self.curve is None or not self.curve.best:
            return self
        bare = replace(self, policy=None, curve=None)
        return replace(self, curve=self.curve.fit(map(bare.apply, results)))

    def _apply_policy(self, graded: Graded, own: Sequence[Mark]) -> Graded:
        if self.policy is None:
            return graded
        found = judge_lateness(self.policy, graded, _find(own, "extension").until)
        adjustments = graded.adjustments
        if found.adjustment and not graded.excused:
            adjustments = (*adjustments, found.adjustment)
        notes = (*graded.notes, found.note) if found.note else graded.notes
        return replace(graded, due=found.due, late=found.late, notes=notes, adjustments=adjustments)


def apply_marks(graded: Graded, marks: Sequence[Mark]) -> Graded:
    """The result with these marks of its student: points, comments, excuse, and that somebody has
    looked.
    """
    settled = _find(marks, "settled")
    looked = settled is not _NONE and settled.about in ("", graded.digest)
    by_check = {mark.check: mark for mark in marks if mark.kind == "check"}
    checks = tuple(
        _mark_check(_settle(c) if looked else c, by_check.get(c.name), graded)
        for c in graded.checks
    )
    gone = sorted(by_check.keys() - {c.name for c in checks})
    notes = [f"A mark by hand is of `{name}`, which is no check any more." for name in gone]
    changed = any(
        c.earned != before.earned for c, before in zip(checks, graded.checks, strict=True)
    )
    excused = _find(marks, "excused")
    comments = (m.comment for m in (_find(marks, "whole"), settled, excused))
    return replace(
        graded,
        checks=checks,
        score=round(sum(c.earned for c in checks), 3) if changed else graded.score,
        settled=looked,
        excused=excused is not _NONE,
        comment="\n".join(dict.fromkeys(c for c in comments if c)),
        notes=(*graded.notes, *notes),
    )


def find_subject(graded: Graded, check: CheckResult | None) -> str:
    """Digest of what a mark of this check is about: the answer that a person reads, or all that
    was handed in.
    """
    answer = check.evidence.get("answer") if check is not None else None
    if isinstance(answer, Mapping):
        text = str(answer.get("text", ""))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return graded.digest


def _find(marks: Sequence[Mark], kind: MarkKind) -> Mark:
    return next((mark for mark in marks if mark.kind == kind), _NONE)


def _adjust_by_hand(marks: Sequence[Mark]) -> list[Adjustment]:
    mark = _find(marks, "whole")
    if not mark.points:
        return []
    reason = mark.comment or "Decided by a person."
    return [Adjustment(kind="person", points=mark.points, reason=reason)]


def _settle(check: CheckResult) -> CheckResult:
    """What was decided counts; what was not stays open."""
    return check if check.open else replace(check, needs_review=False)


def _mark_check(check: CheckResult, mark: Mark | None, graded: Graded) -> CheckResult:
    if mark is None:
        return check
    said = replace(check, comment=mark.comment, marked_by=mark.by, marked_at=mark.at)
    if mark.points is None:
        return said
    earned = min(mark.points, max(check.points, 0.0))
    other = mark.about not in ("", find_subject(graded, check)) or earned < mark.points
    return replace(
        said,
        outcome=_name_outcome(earned, check.points),
        earned=earned,
        measured=None if check.open else check.earned,
        needs_review=other,
    )


def _name_outcome(earned: float, points: float) -> Outcome:
    if earned >= points:
        return "passed"
    return "partial" if earned > 0 else "failed"
