"""The page of a class: who needs somebody, what was hard, what was misunderstood, and everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from grader.records import file_names
from grader.records.causes import Cause
from grader.records.likeness import Likeness
from grader.records.result import Graded
from grader.report import misconceptions, summary
from grader.report.dress import dress
from grader.report.ranking import rank

_STEPS = 20
"""Widths of the bar below a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Students of whom the same is true; the name is that of a part of the page and of a filter."""

    name: str
    label: str
    """Said after their number."""
    rows: Sequence[Row]
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One student in the table."""

    one: Graded
    href: str
    cause: str
    """What to mend first; empty where nothing was lost."""
    step: int
    """The share of the points in twentieths, for the bar."""
    groups: tuple[str, ...]
    """Names of the groups that the student is in."""


def _lost(one: Graded) -> bool:
    return any(c.lost and not c.extra for c in one.checks)


def _got_nothing(one: Graded) -> bool:
    handed_in = one.execution.status != "missing"
    return one.max_score > 0 and one.score <= 0 and handed_in and not one.undecided


_GROUPS: Mapping[str, tuple[str, Callable[[Graded], bool]]] = {
    "person": ("need a person", lambda one: one.needs_review),
    "zero": ("with no points", _got_nothing),
    "stopped": ("did not run to the end", lambda o: o.execution.status not in ("ok", "missing")),
    "nothing": ("handed in nothing to run", lambda one: one.execution.status == "missing"),
    "late": ("late", lambda one: one.late),
    "excused": ("excused", lambda one: one.excused),
    "lost": ("lost points", _lost),
    "full": ("with all the points", summary.is_full),
}
"""By name of a group what is said after its number, and who is in it."""
_LISTED = ("zero", "stopped", "nothing", "late", "excused")
"""Groups whose members are named above the table."""


def index_page(
    graded: Sequence[Graded],
    env: Environment,
    stems: Mapping[str, str],
    alike: Sequence[Likeness] = (),
) -> str:
    """Render the overview of a class, in order of name; who is withdrawn counts for nothing."""
    return "".join(list_pieces(graded, env, stems, alike))


def list_pieces(
    graded: Sequence[Graded],
    env: Environment,
    stems: Mapping[str, str],
    alike: Sequence[Likeness] = (),
) -> Iterator[str]:
    """The overview in pieces: that of thousands is larger than all else that is held."""
    every = sorted(graded, key=lambda one: file_names.sort_key(one.student))
    present = [one for one in every if not one.withdrawn]
    links = {one.student: f"{stems[one.student]}.html" for one in every}
    counting = [one for one in present if not one.excused]
    causes = misconceptions.list_of_class(present)
    rows = [_make_row(one, links[one.student], causes) for one in present]
    used = [data for one in present if (data := summary.data_used(one))]
    rubric = summary.rubric(present)
    groups = {group.name: group for group in _make_groups(rows)}
    return env.get_template("index.html").generate(
        title=every[0].title if every else "Nothing was handed in",
        rows=rows,
        links=links,
        groups=groups,
        listed=[groups[name] for name in _LISTED if name in groups],
        people=summary.group_by_reason(present),
        data=next((d for d in used if d.stand_in), used[0] if used else None),
        level=min((level for one in present if (level := summary.level(one)) >= 0), default=-1),
        adjusted=any(one.adjustments for one in present),
        spread=summary.spread(present),
        rubric=rubric,
        hardest=summary.hardest_first(summary.rubric(counting)),
        misconceptions=misconceptions.find_misconceptions(counting, causes),
        alike=[pair for pair in alike if links.keys() >= set(pair.students)],
        ranking=rank(present),
        withdrawn=[one for one in every if one.withdrawn],
        **dress(env, "class.css", scripted=True),
    )


def _make_row(one: Graded, href: str, causes: Mapping[str, Sequence[Cause]]) -> Row:
    first = next(iter(causes[one.student]), None)
    return Row(
        one=one,
        href=href,
        cause=first.title if first else "",
        step=min(_STEPS, int(_STEPS * summary.share(one))),
        groups=tuple(name for name, (_, applies) in _GROUPS.items() if applies(one)),
    )


def _make_groups(rows: Sequence[Row]) -> Iterator[Group]:
    """Those that have members, in their order."""
    for name, (label, _) in _GROUPS.items():
        members = [row for row in rows if name in row.groups]
        if members:
            yield Group(name=name, label=label, rows=members, urgent=name == "person")
