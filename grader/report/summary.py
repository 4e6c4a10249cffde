"""What records amount to on a page: of one student, and of a class. Nothing is decided here."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from grader.records.execution import describe_end
from grader.records.json_values import Json
from grader.records.result import CheckResult, Graded, Outcome
from grader.report.texts import number

# ----------------------------------------------------------------------------------- one student


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUsed:
    """The data set of a record, in words."""

    name: str
    used: str
    """What was read: its name and its size."""
    stand_in: bool
    """Whether it stood in for another."""


def data_used(graded: Graded) -> DataUsed | None:
    """The data set used; None where a record names none."""
    data = graded.provenance.get("data")
    if not isinstance(data, dict):
        return None
    name = str(data.get("name") or "")
    used = re.sub(r"(?i)^stand-in: *", "", str(data.get("used") or name)).rstrip(".")
    return DataUsed(name=name, used=used, stand_in=data.get("stand_in") is True)


def share(graded: Graded) -> float:
    """Score by maximum, 0 to 1 or, with a bonus, more."""
    return max(0.0, graded.score / graded.max_score) if graded.max_score > 0 else 0.0


def level(graded: Graded) -> int:
    """The sandbox level; -1 where nothing ran."""
    known = graded.provenance.get("level")
    return known if isinstance(known, int) else graded.execution.level


def reasons(graded: Graded) -> list[str]:
    """Why a person has to look, each in a phrase."""
    ours = {"tampered", "broken"} & {graded.execution.status} if not graded.settled else set()
    unclear, doubtful = (f and not graded.settled for f in (graded.unclear, graded.doubtful))
    asked = ["it is open which files are to be judged"] if unclear else []
    asked += ["what it claims contradicts what it shows"] if doubtful else []
    ran = [f"the submission {describe_end(status).split(':')[0]}" for status in sorted(ours)]
    return (
        asked
        + ran
        + [_say_why(check) for check in graded.checks if check.open or check.needs_review]
    )


def _say_why(check: CheckResult) -> str:
    if check.outcome == "broken":
        return f"“{check.title}” broke on our side"
    if check.outcome == "open":
        return f"“{check.title}” is marked by a person"
    if check.marked_by:
        return f"“{check.title}” was marked by hand for other work than this"
    return f"“{check.title}” asks for a person’s judgement"


def facts(value: Json | Mapping[str, Json], name: str = "") -> list[tuple[str, str]]:
    """Provenance as rows of a table, nested names joined."""
    if isinstance(value, Mapping):
        return [
            row
            for key, inner in value.items()
            for row in facts(inner, f"{name} · {key}" if name else key)
        ]
    if isinstance(value, list):
        return [(name, ", ".join(text for part in value for _, text in facts(part)))]
    return [(name.replace("_", " "), str(value) if type(value) is int else number(value) or "–")]


# --------------------------------------------------------------------------------------- a class


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the scores of a class are spread."""

    mean: float
    median: float
    max: float
    """The most points that anybody could get."""
    bins: Sequence[tuple[int, int, float]]
    """For each tenth of the scale: where it begins and its height, both in percent, with the
    number of students between them. Who has all the points is in none of them.
    """
    full: tuple[int, float]
    """Number of students with all the points or more, and the height of their bar in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricLine:
    """One check, with its outcomes in a class."""

    check: CheckResult
    """That of the first student who has it."""
    cells: Sequence[CheckResult | None]
    """One for each student, in their order; None where a student does not have it."""
    count: Mapping[str, int]
    """Number of students by outcome."""
    stack: Sequence[tuple[str, float, float]]
    """The same as pieces of a bar: outcome, beginning and width in percent."""
    of: int
    """Number of students who have it."""
    mean: float | None
    """Mean share of the points, over those for whom it was decided."""


def spread(rows: Sequence[Graded]) -> Spread | None:
    """Mean, median and the number of students in each tenth of the scale, of those of whom anything
    was decided and who are not excused; None without any.
    """
    rows = [one for one in rows if not one.undecided and not one.excused]
    if not rows:
        return None
    bins, full = [0] * 10, sum(map(is_full, rows))
    for one in rows:
        if not is_full(one):
            bins[min(9, int(10 * share(one) + 1e-9))] += 1
    highest = max(full, *bins)
    scores = [one.score for one in rows]
    return Spread(
        mean=statistics.fmean(scores),
        median=statistics.median(scores),
        max=max(one.max_score for one in rows),
        bins=[
            (10 * index, count, round(100 * count / highest, 1)) for index, count in enumerate(bins)
        ],
        full=(full, round(100 * full / highest, 1)),
    )


def is_full(graded: Graded) -> bool:
    """Whether it has all the points."""
    return graded.max_score > 0 and share(graded) >= 1 - 1e-9


def rubric(rows: Sequence[Graded]) -> list[RubricLine]:
    """Each check that any of the students has, in order of appearance."""
    names = dict.fromkeys(check.name for one in rows for check in one.checks)
    by_name = [{check.name: check for check in one.checks} for one in rows]
    return [_rubric_line([checks.get(name) for checks in by_name]) for name in names]


def hardest_first(lines: Sequence[RubricLine]) -> list[RubricLine]:
    """The checks that earned the smallest share of their points at the beginning; at the end those
    that were decided for nobody.
    """
    return sorted(lines, key=lambda line: (line.mean is None, line.mean or 0.0))


def _rubric_line(cells: Sequence[CheckResult | None]) -> RubricLine:
    there = [cell for cell in cells if cell is not None]
    worth = [c.earned / c.points for c in there if c.points > 0 and not c.open]
    count = {outcome: sum(c.outcome == outcome for c in there) for outcome in get_args(Outcome)}
    return RubricLine(
        check=there[0],
        cells=cells,
        count=count,
        stack=_stack(count, len(there)),
        of=len(there),
        mean=statistics.fmean(worth) if worth else None,
    )


def _stack(count: Mapping[str, int], of: int) -> list[tuple[str, float, float]]:
    """Pieces of a bar, in percent: outcome, where it begins, how wide it is."""
    pieces, start = [], 0.0
    for outcome, students in count.items():
        if students:
            pieces.append((outcome, round(start, 2), round(100 * students / of, 2)))
            start += 100 * students / of
    return pieces


def group_by_reason(rows: Iterable[Graded]) -> dict[str, list[Graded]]:
    """Those at whom a person has to look, by the reasons why."""
    groups: dict[str, list[Graded]] = defaultdict(list)
    for one in rows:
        if one.needs_review:
            groups["; ".join(reasons(one))].append(one)
    return groups
