"""Several verdicts as one: each part of a check counts, whatever becomes of the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.records.execution import Unmeasured
from grader.records.json_values import Json
from grader.records.messages import Message
from grader.records.result import Trust, Verdict
from grader.records.stops import name_stop

Part = Callable[[], Verdict]
"""What judges one part of a check: it may read measurements that do not exist."""
_TRUST: tuple[Trust, ...] = ("claim", "evidence", "proof")
"""From the least to the greatest."""


def attempt(part: Part) -> Verdict:
    """What the part concludes; no points and the reason where it cannot be measured.

    What is not the student's fault is raised as ever.
    """
    return _try(part)[0]


def combine(
    parts: Sequence[Part], *, names: Sequence[str] = (), shares: Sequence[float] = ()
) -> Verdict:
    """Each part earns its share of the points, an equal one where none is given.

    What is wrong is said in the order of the parts, after the part's name where it has one. Where
    no part can be measured, neither can the whole: Unmeasured is raised.
    """
    tried = [_try(part) for part in parts]
    missing = [why for _, why in tried if why is not None]
    if missing and len(missing) == len(tried):
        raise missing[0]
    verdicts = [verdict for verdict, _ in tried]
    weights = list(shares) or [1.0] * len(verdicts)
    earned = sum(w * v.fraction for w, v in zip(weights, verdicts, strict=True)) / sum(weights)
    wrong = [n for n, v in enumerate(verdicts) if v.fraction < 1]
    shown = wrong or range(len(verdicts))
    evidence: dict[str, Json] = {}
    for number in shown:
        evidence |= verdicts[number].evidence
    first = verdicts[shown[0]]
    told = [_name(verdicts[n].feedback, names[n] if names else "") for n in shown]
    return Verdict(
        fraction=min(earned, 1.0) if wrong else 1.0,
        feedback=" ".join(dict.fromkeys(filter(None, told))),
        hint=next((verdicts[n].hint for n in wrong if verdicts[n].hint), ""),
        evidence=evidence,
        trust=min((v.trust for v in verdicts), key=_TRUST.index),
        needs_review=any(v.needs_review for v in verdicts),
        code=first.code,
        facts=first.facts,
        at=first.at,
    )


def _try(part: Part) -> tuple[Verdict, Unmeasured | None]:
    """What the part concludes, and why it could not be measured, if so."""
    try:
        return part(), None
    except Unmeasured as gap:
        if gap.missing.needs_review or gap.missing.elsewhere:
            raise
        why = gap.missing.why
        code = name_stop(why) or "checks-not-measured"
        return Verdict.say(Message(code, {"why": f"{why.rstrip('.')}."})), gap


def _name(text: str, name: str) -> str:
    """A sentence after the name of the part that it is about."""
    return f"{name}: {text}" if name and text else text
