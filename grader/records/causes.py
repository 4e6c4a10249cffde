"""What a submission lost its points by: one cause, what only follows from it, and the next cause.

Every reader sees the same: pages, the terminal, Markdown and CI.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.records import messages
from grader.records.bounds import shorten
from grader.records.json_values import Json, to_json
from grader.records.place import Place
from grader.records.result import CheckResult, Graded

WAITS = "checks-wait"
"""Code of a check that was not judged since an earlier one was lost; its facts name that one."""

LONGEST = 200
"""Characters of a heading: names in it are a student's."""
RUN = ("run-not-loaded", "run-ended", "run-no-file")
"""Codes of checks for which nothing could be measured, as the program did not run, or ended."""

_NETWORK = ("layers-", "network-", "parameters-", "stop-inputs", "stop-sizes")
"""How the codes begin of what is wrong with a network itself."""
_LEARNING = ("gradients-", "weights-", "step-", "loop-", "update-", "backward-", "array-")
"""The same of what is wrong with how it learns."""
_ANSWERS = ("forward-", "loss-", "answers-", "own-", "cifar-", "mlp-", "arrays-")
"""The same of what is wrong with what it answers, or with what is made of that."""
_ALL = (*_NETWORK, *_LEARNING, *_ANSWERS)
EFFECTS: Mapping[str, tuple[str, ...]] = {
    "run-raised": (*_NETWORK, "stop-"),
    "checks-not-measured": (*_NETWORK, "stop-"),
    "views-other-layer": ("views-in-place",),
    "birds-dropout-in-eval": ("layers-dropout-in-eval",),
    "layers-softmax-added": ("network-softmax-",),
    "layers-width": ("classics-",),
    "layers-kind": ("classics-",),
    "layers-bias-added": ("classics-",),
    "layers-norm-missing": ("layers-shortcut-missing",),
    "layers-missing": ("layers-shortcut-missing",),
    "layers-otherwise": _NETWORK,
    "layers-between": _NETWORK,
    "layers-values": _NETWORK,
    "parameters-unused": ("layers-",),
    "parameters-count": (*_NETWORK, "birds-"),
    "answers-differ": _NETWORK,
    "gradients-one": (*_NETWORK, *_LEARNING),
    "weights-one": (*_NETWORK, *_LEARNING),
    "weights-first": (*_NETWORK, *_LEARNING),
    "weights-second": (*_NETWORK, *_LEARNING),
    "arrays-differ": _ALL,
    "arrays-shape": _ALL,
    "training-other-losses": _ALL,
    "training-diverges": _ALL,
    "training-learns-little": _ALL,
    "training-no-curve": _ALL,
    "accuracy-unproven": _ALL,
    "accuracy-guessing": (*_ALL, "training-"),
    "accuracy-unchanged": (*_ALL, "training-"),
    "accuracy-below": (*_ALL, "training-"),
    "accuracy-classes": (*_ALL, "training-", "accuracy-"),
}
"""What names no fault of its own → how the codes begin of what explains it where another check
shows that. Of two of these the upper may explain the lower, never the other way round.
"""
_UNNAMED = ("run-raised", "checks-not-measured")
"""Codes of faults that only the sentence tells apart."""
GUESSES = (
    "training-diverges",
    "training-learns-little",
    "accuracy-guessing",
    "accuracy-unchanged",
    "accuracy-below",
)
"""Codes whose advice guesses at a cause: it is given only where no other check shows one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A fault, the checks that show it, and what only follows from it."""

    code: str
    """Stable name; empty where the fault has none."""
    title: str
    """A heading, plain text, without a full stop."""
    checks: tuple[CheckResult, ...]
    """Those that show it, the clearest first; the first one's sentences speak for the cause."""
    follows: tuple[CheckResult, ...] = ()
    """Those that were lost, or not judged, only because of it."""

    @property
    def points(self) -> float:
        """What the checks that show it have lost, and those that only follow, together."""
        return sum(c.points - c.earned for c in (*self.checks, *self.follows))

    @property
    def at(self) -> Place | None:
        """Where in the student's files it stands."""
        return next((c.at for c in self.checks if c.at is not None), None)


def list_causes(graded: Graded) -> tuple[Cause, ...]:
    """The causes of what was lost, the one to mend first at the beginning; none without a loss, and
    none in how the run ended where a person has yet to say which files are meant.
    """
    status = graded.execution.status
    open_files = bool(graded.unclear) and not graded.settled
    code = f"run-{status}"
    title = messages.current().title(code)
    return tuple(
        replace(c, code=code, title=title or c.title) if c.code in RUN and status != "ok" else c
        for c in _list_causes(graded.checks)
        if not (open_files and c.code in RUN)
    )


def withdraw_advice(checks: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The checks without advice that guesses at a cause where another check shows it."""
    follows = {c.name for cause in _list_causes(checks) for c in cause.follows}
    return tuple(
        replace(c, hint="") if c.name in follows and c.code in GUESSES else c for c in checks
    )


def _list_causes(checks: Sequence[CheckResult]) -> tuple[Cause, ...]:
    lost = [c for c in checks if c.lost and not c.open]
    place = {c.name: n for n, c in enumerate(lost)}
    groups = _group([c for c in lost if c.code != WAITS])
    roots = _find_roots(groups)
    effects: dict[int, list[CheckResult]] = {id(g): [] for g in groups}
    for group in groups:
        if (root := roots.get(group[0].code)) is not None:
            effects[id(root)] += group
    causes = []
    for root in (g for g in groups if g[0].code not in roots):
        follows = effects[id(root)]
        names = {c.name for c in (*root, *follows)}
        follows = sorted((*follows, *_find_waiting(lost, names)), key=lambda c: place[c.name])
        causes.append(
            Cause(code=root[0].code, title=name(root[0]), checks=root, follows=tuple(follows))
        )
    return tuple(sorted(causes, key=lambda cause: -cause.points))


def name(check: CheckResult) -> str:
    """The fault as a heading: its title in the words in use, or its first sentence."""
    code = "causes-by-hand" if check.marked_by else check.code
    title = messages.current().title(code, check.facts)
    first = re.split(r"(?<=[.!?])\s|\n", check.feedback.strip(), maxsplit=1)[0]
    said = title or first.removesuffix(".") or "No reason was given"
    return shorten(said, LONGEST)


# ---------------------------------------------------------------------- which belong together

Group = tuple[CheckResult, ...]
"""Checks that show one fault."""


def _group(checks: Iterable[CheckResult]) -> list[Group]:
    """The checks by the fault that they show, each group's clearest first."""
    groups: dict[object, list[list[CheckResult]]] = {}
    every: list[list[CheckResult]] = []
    for check in checks:
        alike = groups.setdefault(_find_kind(check), [])
        same = next((g for g in alike if _stands_with(g, check)), None)
        if same is None:
            same = []
            alike.append(same)
            every.append(same)
        same.append(check)
    return [tuple(sorted(g, key=lambda c: c.at is None)) for g in every]


def _find_kind(check: CheckResult) -> tuple[str, ...]:
    """What the checks of one fault have in common: a code, and what it is about. A program that
    did not run is one fault; what has no name is one where the same sentence says why nothing was
    measured.
    """
    if check.code in RUN:
        return ("run",)
    about = repr(check.facts.get("about"))
    if check.code and check.code not in _UNNAMED:
        return check.code, about
    said = check.feedback if check.outcome == "unmeasured" else f"{check.name} alone"
    return check.code, about, check.outcome, said


def _stands_with(group: Sequence[CheckResult], check: CheckResult) -> bool:
    """True where a check is at the group's place, as far as both say it. What stops a network stops
    it wherever that is asked for.
    """
    places = [c.at for c in group if c.at is not None]
    stops = check.code in RUN or check.code.startswith("stop-")
    return stops or check.at is None or check.at in places or not places


def _find_roots(groups: Sequence[Group]) -> dict[str, Group]:
    """By code of what only follows: the group that it follows from, which is no effect itself."""
    nearest: dict[str, Group] = {}
    for effect in {g[0].code for g in groups} & EFFECTS.keys():
        explaining = [g for g in groups if _explains(g[0].code, effect)]
        if explaining:
            nearest[effect] = max(
                explaining, key=lambda g: (g[0].code not in EFFECTS, _sum_losses(g))
            )
    roots = {}
    for effect in nearest:
        code = effect
        while code in nearest:
            roots[effect] = nearest[code]
            code = roots[effect][0].code
    return roots


def _explains(cause: str, effect: str) -> bool:
    """True where one code may follow from the other."""
    if effect not in EFFECTS or not cause.startswith(EFFECTS[effect]):
        return False
    order = list(EFFECTS)
    return cause not in EFFECTS or order.index(cause) < order.index(effect)


def _sum_losses(group: Group) -> float:
    return sum(c.points - c.earned for c in group)


def _find_waiting(lost: Sequence[CheckResult], names: Collection[str]) -> list[CheckResult]:
    """Those that were not judged because of these, or because of one that was not judged so."""
    known, waiting = set(names), []
    for check in (c for c in lost if c.code == WAITS):
        if check.facts.get("check") in known:
            known.add(check.name)
            waiting.append(check)
    return waiting


# ---------------------------------------------------------------------- as JSON


def write_record(graded: Graded) -> dict[str, Json]:
    """The content of `<student>.json`: the record, and what its points were lost by."""
    return {**graded.to_json(), "causes": [_to_json(cause) for cause in list_causes(graded)]}


def _to_json(cause: Cause) -> Json:
    return {
        "code": cause.code,
        "title": cause.title,
        "points": round(cause.points, 3),
        "at": to_json(cause.at),
        "checks": [c.name for c in cause.checks],
        "follows": [c.name for c in cause.follows],
    }
