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
from grader.report.evidence import number

MOST_FAILURES = 8
"""How many of the things over which students stumbled first an index names."""

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
    number of students between them.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricLine:
    """One check, with its outcomes in a class."""

    check: CheckResult
    """That of the first student who has it."""
    cells: Sequence[CheckResult | None]
    """One for each student, in their order; None where a student does not have it."""
    count: Mapping[str, int]
    """Number of students by outcome."""
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
    bins = [0] * 10
    for one in rows:
        bins[min(9, int(10 * share(one) + 1e-9))] += 1
    scores = [one.score for one in rows]
    return Spread(
        mean=statistics.fmean(scores),
        median=statistics.median(scores),
        max=max(one.max_score for one in rows),
        bins=[
            (10 * index, count, round(100 * count / max(bins), 1))
            for index, count in enumerate(bins)
        ],
    )


def rubric(rows: Sequence[Graded]) -> list[RubricLine]:
    """Each check that any of the students has, in order of appearance."""
    names = dict.fromkeys(check.name for one in rows for check in one.checks)
    return [
        _rubric_line([next((c for c in one.checks if c.name == name), None) for one in rows])
        for name in names
    ]


def _rubric_line(cells: Sequence[CheckResult | None]) -> RubricLine:
    there = [cell for cell in cells if cell is not None]
    worth = [c.earned / c.points for c in there if c.points > 0 and not c.open]
    return RubricLine(
        check=there[0],
        cells=cells,
        count={outcome: sum(c.outcome == outcome for c in there) for outcome in get_args(Outcome)},
        of=len(there),
        mean=statistics.fmean(worth) if worth else None,
    )


def group_by_reason(rows: Iterable[Graded]) -> dict[str, list[Graded]]:
    """Those at whom a person has to look, by the reasons why."""
    groups: dict[str, list[Graded]] = defaultdict(list)
    for one in rows:
        if one.needs_review:
            groups["; ".join(reasons(one))].append(one)
    return groups


def first_failures(rows: Iterable[Graded]) -> list[tuple[str, str, list[str]]]:
    """What students stumbled over first, most common first: check, first sentence, who."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in rows:
        failure = _first_failure(one)
        if failure is not None:
            groups[failure].append(one.student)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(title, text, who) for (title, text), who in ranked[:MOST_FAILURES]]


def _first_failure(graded: Graded) -> tuple[str, str] | None:
    """Title of the check and first sentence; without a title where the run itself went wrong."""
    if graded.execution.status != "ok":
        error = graded.execution.error
        kind = f": {error.kind}" if error is not None else ""
        return "", f"The submission {describe_end(graded.execution.status)}{kind}"
    lost = next((c for c in graded.checks if c.lost and c.outcome != "skipped"), None)
    if lost is None:
        return None
    if lost.marked_by:
        return lost.title, "A person did not give all the points."
    text = re.split(r"(?<=[.!?])\s|\n", lost.feedback.strip(), maxsplit=1)[0]
    return lost.title, text[:200] or "No reason was given."
