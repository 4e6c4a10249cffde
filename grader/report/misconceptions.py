"""What a class got wrong, fault by fault, with everyone who shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.records.causes import Cause, list_causes
from grader.records.result import Graded


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconception:
    """One fault of several students'."""

    code: str
    """Its stable name; empty where it has none."""
    title: str
    """As it is called most often."""
    students: Sequence[str]
    checks: Sequence[str]
    """Names of the checks that show it, the most frequent first."""
    points: float
    """What it cost all of them together, with what only follows from it."""


def list_of_class(rows: Iterable[Graded]) -> dict[str, tuple[Cause, ...]]:
    """By student the causes of what was lost, the one to mend first at the beginning."""
    return {one.student: list_causes(one) for one in rows}


def find_misconceptions(
    rows: Sequence[Graded], causes: Mapping[str, Sequence[Cause]]
) -> list[Misconception]:
    """Faults by code, or by heading where they have none; the most frequent at the beginning."""
    groups: dict[tuple[str, str], list[tuple[Graded, Cause]]] = defaultdict(list)
    for one in rows:
        for cause in causes[one.student]:
            if all(check.outcome == "skipped" for check in cause.checks):
                continue  # whatever it waited for is a fault of its own
            key = (cause.code, "") if cause.code else ("", cause.title)
            groups[key].append((one, cause))
    every = [_join(code, group) for (code, _), group in groups.items()]
    return sorted(every, key=lambda m: (-len(m.students), -m.points, m.title))


def _join(code: str, group: Sequence[tuple[Graded, Cause]]) -> Misconception:
    titles = Counter(cause.title for _, cause in group)
    checks = Counter(check.name for _, cause in group for check in cause.checks)
    return Misconception(
        code=code,
        title=titles.most_common(1)[0][0],
        students=list(dict.fromkeys(one.student for one, _ in group)),
        checks=[name for name, _ in checks.most_common()],
        points=sum(cause.points for _, cause in group),
    )
