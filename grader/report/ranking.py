"""Who reads best: the order of a leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.records.result import Graded

RANKED = "leaderboard"
"""The evidence of a check that is ranked: `accuracy`, and `parameters` where they were counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One line of a leaderboard."""

    rank: int
    """From 1; who is equal in both numbers shares it."""
    one: Graded
    accuracy: float
    """Share that is read rightly."""
    parameters: int | None
    """Numbers of the network; None where they were not counted."""


def rank(graded: Iterable[Graded]) -> list[Ranked]:
    """Everybody who earned points in a check that is ranked, by accuracy, then by fewer parameters.

    Who still has to be looked at by a person is left out until then; an answer that waits to be
    marked is no doubt about what is ranked.
    """
    settled = [one for one in graded if not one.doubted]
    ranked = [(one, facts) for one in settled if (facts := find_facts(one))]
    ranked.sort(key=lambda pair: (_sort_key(pair[1]), pair[0].digest, pair[0].student))
    keys = [_sort_key(facts) for _, facts in ranked]
    return [
        Ranked(
            rank=keys.index(_sort_key(facts)) + 1,
            one=one,
            accuracy=facts["accuracy"],
            parameters=int(facts["parameters"]) if "parameters" in facts else None,
        )
        for one, facts in ranked
    ]


def find_facts(one: Graded) -> dict[str, float]:
    """The accuracy and the number of parameters that count; empty where nothing was earned."""
    for check in one.checks:
        facts = check.evidence.get(RANKED)
        if check.earned > 0 and isinstance(facts, Mapping):
            numbers = {k: float(v) for k, v in facts.items() if isinstance(v, (int, float))}
            if "accuracy" in numbers:
                return numbers
    return {}


def _sort_key(facts: Mapping[str, float]) -> tuple[float, float]:
    return -round(facts["accuracy"], 4), facts.get("parameters", float("inf"))
