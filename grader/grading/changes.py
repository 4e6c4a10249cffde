"""What changed between two results, or two gradings of a class: who, by how much, which check, why.

Pure; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.records import file_names
from grader.records.earlier import Earlier
from grader.records.result import CheckResult, Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckChange:
    """One check that was decided otherwise."""

    name: str
    before: float | None
    """Points; None where there was no such check, or it was open."""
    after: float | None
    why: str
    """What is said of it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One student whose result is another."""

    student: str
    before: float | None
    """Final score; None where there is no result, or none that was decided."""
    after: float | None
    reasons: tuple[str, ...]
    """What differs between the two: files, checks, versions, level, what a person decided."""
    checks: tuple[CheckChange, ...]


def remember(before: Graded | None, graded: Graded) -> Graded:
    """The result with what the student had earned before it; a result that decides the same as the
    one before remembers what that one does.
    """
    if before is None:
        return graded
    if before.digest == graded.digest and list_decisions(before) == list_decisions(graded):
        return replace(graded, earlier=before.earlier)
    known = {c.name: c.earned for c in before.checks if not c.open}
    return replace(graded, earlier=Earlier(score=before.score, checks=known))


def list_decisions(graded: Graded) -> list[tuple[str, str, float]]:
    """What was decided about each check, whatever was said about it."""
    return [(c.name, c.outcome, c.earned) for c in graded.checks]


def compare_classes(before: Iterable[Graded], after: Iterable[Graded]) -> list[Change]:
    """Each student whose result differs, by name. Who is withdrawn has no result."""
    old, new = ({g.student: g for g in side if not g.withdrawn} for side in (before, after))
    names = sorted(old.keys() | new.keys(), key=file_names.sort_key)
    changes = (compare(name, old.get(name), new.get(name)) for name in names)
    return [change for change in changes if change is not None]


def compare(student: str, before: Graded | None, after: Graded | None) -> Change | None:
    """How the second result differs from the first; None where nobody would see a difference."""
    if before is None or after is None:
        gone = before is not None
        why = "is no longer among the submissions" if gone else "is new among the submissions"
        return Change(
            student=student, before=_score(before), after=_score(after), reasons=(why,), checks=()
        )
    checks = _compare_checks(before, after)
    same = (_score(before), _say_state(before)) == (_score(after), _say_state(after))
    if same and not checks:
        return None
    return Change(
        student=student,
        before=_score(before),
        after=_score(after),
        reasons=tuple(_list_reasons(before, after)),
        checks=tuple(checks),
    )


def _score(graded: Graded | None) -> float | None:
    if graded is None or graded.undecided or graded.excused:
        return None
    return round(graded.final, 3)


def _say_state(graded: Graded) -> tuple[str, bool, bool]:
    return graded.execution.status, graded.needs_review, graded.excused


def _compare_checks(before: Graded, after: Graded) -> list[CheckChange]:
    old, new = ({c.name: c for c in g.checks} for g in (before, after))
    changes = []
    for name in [*new, *(n for n in old if n not in new)]:
        one, two = _points(old.get(name)), _points(new.get(name))
        if one != two:
            why = _say_why(new[name]) if name in new else "It is gone."
            changes.append(CheckChange(name=name, before=one, after=two, why=why))
    return changes


def _say_why(check: CheckResult) -> str:
    """What is said of the points: by who gave them, where somebody did."""
    return check.comment or (f"{check.marked_by} marked it." if check.marked_by else check.feedback)


def _points(check: CheckResult | None) -> float | None:
    return None if check is None or check.open else check.earned


def _list_reasons(before: Graded, after: Graded) -> Iterable[str]:
    if before.digest != after.digest:
        yield "other files were handed in"
    yield from _compare_provenance(before, after)
    if before.execution.status != after.execution.status:
        yield f"the run ended with {after.execution.status}, before with {before.execution.status}"
    if _list_marks(before) != _list_marks(after):
        yield "a person marked"
    one, two = (sum(a.points for a in g.adjustments) for g in (before, after))
    if round(one - two, 3):
        yield f"{two:+g} points beside the score, before {one:+g}"
    if before.excused != after.excused:
        yield "excused" if after.excused else "no longer excused"


def _compare_provenance(before: Graded, after: Graded) -> Iterable[str]:
    """What was measured with, and by which rules."""
    names = {
        "checks": "the checks were changed",
        "reference": "the reference was changed",
        "measuring": "what measures was changed",
    }
    one, two = (g.provenance.get("digests") for g in (before, after))
    if isinstance(one, dict) and isinstance(two, dict):
        yield from (text for name, text in names.items() if one.get(name) != two.get(name))
    for name, text in (
        ("versions", "other versions measured"),
        ("level", "another sandbox level"),
        ("seed", "another seed"),
        ("data", "another data set"),
    ):
        if before.provenance.get(name) != after.provenance.get(name):
            yield text


def _list_marks(graded: Graded) -> list[tuple[str, float, str]]:
    return [(c.name, c.earned, c.marked_at) for c in graded.checks if c.marked_by]
