"""What a submission lost its points by: one cause, what only follows from it, and the next cause.

Every reader sees the same: pages, the terminal, Markdown and CI.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.records import messages
from grader.records.json_values import Json, to_json
from grader.records.place import Place
from grader.records.result import CheckResult, Graded

WAITS = "checks-wait"
"""Code of a check that was not judged since an earlier one was lost; its facts name that one."""

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
    """The causes of what was lost, the one to mend first at the beginning; none without a loss."""
    status = graded.execution.status
    code = f"run-{status}"
    title = messages.current().title(code)
    return tuple(
        replace(c, code=code, title=title or c.title) if c.code in RUN and status != "ok" else c
        for c in _list_causes(graded.checks)
    )


def withdraw_advice(checks: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The checks without advice that guesses at a cause where another check shows it."""
    follows = {c.name for cause in _list_causes(checks) for c in cause.follows}
    return tuple(
        replace(c, hint="") if c.name in follows and c.code in GUESSES else c for c in checks
    )


def _list_causes(checks: Sequence[CheckResult]) -> tuple[Cause, ...]:
    lost = [c for c in checks if c.lost and not c.open]
    groups = _group([c for c in lost if c.code != WAITS])
    roots = [g for g in groups if _find_root(g, groups) is None]
    causes = []
    for root in roots:
        effects = [c for g in groups if _find_root(g, groups) is root for c in g]
        names = {c.name for c in (*root, *effects)}
        waiting = _find_waiting(lost, names)
        follows = sorted((*effects, *waiting), key=lost.index)
        causes.append(
            Cause(code=root[0].code, title=name(root[0]), checks=root, follows=tuple(follows))
        )
    return tuple(sorted(causes, key=lambda cause: -cause.points))


def name(check: CheckResult) -> str:
    """The fault as a heading: its title in the words in use, or its first sentence."""
    title = messages.current().title(check.code, check.facts)
    first = re.split(r"(?<=[.!?])\s|\n", check.feedback.strip(), maxsplit=1)[0]
    return title or first[:200].removesuffix(".") or "No reason was given"


# ---------------------------------------------------------------------- which belong together

Group = tuple[CheckResult, ...]
"""Checks that show one fault."""


def _group(checks: Iterable[CheckResult]) -> list[Group]:
    """The checks by the fault that they show, each group's clearest first."""
    groups: list[list[CheckResult]] = []
    for check in checks:
        same = next((g for g in groups if _is_same(g, check)), None)
        if same is None:
            groups.append([check])
        else:
            same.append(check)
    return [tuple(sorted(g, key=lambda c: c.at is None)) for g in groups]


def _is_same(group: Sequence[CheckResult], check: CheckResult) -> bool:
    """True where a check shows the fault of the group: one code, about one thing, at one place
    where both say it. A program that did not run is one fault, and so is what stops a network
    wherever that is asked for.
    """
    first = group[0]
    if check.code in RUN:
        return first.code in RUN
    if check.code != first.code or check.facts.get("about") != first.facts.get("about"):
        return False
    if not check.code or check.code in _UNNAMED:
        return check.outcome == first.outcome == "unmeasured" and check.feedback == first.feedback
    places = [c.at for c in group if c.at is not None]
    stops = check.code.startswith("stop-")
    return stops or check.at is None or check.at in places or not places


def _find_root(group: Group, groups: Sequence[Group]) -> Group | None:
    """The group that this one only follows from: the dearest that explains it, or its own root."""
    explaining = [g for g in groups if g is not group and _explains(g[0].code, group[0].code)]
    if not explaining:
        return None
    found = max(explaining, key=lambda g: (g[0].code not in EFFECTS, _sum_losses(g)))
    return _find_root(found, groups) or found


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
    for check in lost:
        if check.code == WAITS and check.facts.get("check") in known:
            known.add(check.name)
            waiting.append(check)
    return waiting


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
