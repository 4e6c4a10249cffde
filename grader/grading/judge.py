"""Measurements and checks in, results and score out. Pure: nothing is run, read or written."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.assignment.assignment import Check, Measurements
from grader.assignment.probe import Probe
from grader.records import bounds, messages
from grader.records.causes import RUN, WAITS
from grader.records.errors import DataSetAbsent, is_interrupt, read_text
from grader.records.execution import Missing, Unmeasured
from grader.records.json_values import Json, escape_surrogates
from grader.records.measurements import Gradients, Parameters
from grader.records.messages import Message
from grader.records.place import Place
from grader.records.result import CheckResult, Outcome, Verdict
from grader.records.stops import name_stop

BLOCKING: Mapping[Outcome, Outcome] = {
    "failed": "skipped",
    "skipped": "skipped",
    "unmeasured": "skipped",
    "deferred": "deferred",
    "broken": "broken",
}
"""What a check becomes that comes after one with this outcome."""
UNSTEADY = "checks-unsteady"
"""Code of a check by which the reference differs from itself."""
RAISED = "run-raised"
"""Code of a check whose measurement the student's code stopped by an error."""
_NO_DEFINITION = (*RUN, "saved-")
"""How the codes begin of what has nothing to do with where a name is defined."""
_LONGEST = 400
"""Characters of an exception's text."""
_WAITS: Mapping[Outcome, str] = {
    "skipped": WAITS,
    "deferred": "checks-wait-deferred",
    "broken": "checks-wait-broken",
}


def judge(
    checks: Sequence[Check],
    student: Measurements,
    reference: Measurements,
    places: Mapping[str, Place] | None = None,
) -> tuple[CheckResult, ...]:
    """One result for each check, in order. Never raises: our faults become the outcome `broken`.

    `places` says where the student defines a name: there a result belongs that names no statement.
    """
    results: dict[str, CheckResult] = {}
    for check in checks:
        blocked = next(
            (results[n] for n in check.depends_on if results[n].outcome in BLOCKING), None
        )
        if blocked is not None:
            results[check.name] = _blocked(check, blocked)
        else:
            of_check = student.for_check(reference)
            decided = _decided(check, of_check, reference)
            defined = (places[n] for n in of_check.subjects if places and n in places)
            place = None if decided.code.startswith(_NO_DEFINITION) else next(defined, None)
            results[check.name] = replace(decided, at=decided.at or place)
    return tuple(results.values())


def open_unsteady(
    checks: Sequence[Check], results: Sequence[CheckResult], unsteady: Collection[str]
) -> tuple[CheckResult, ...]:
    """The results without those of checks by which the reference differs from itself, and of checks
    that depend on them: a person decides about these.
    """
    opened: dict[str, CheckResult] = {}
    for check, result in zip(checks, results, strict=True):
        broken = [opened[n] for n in check.depends_on if opened[n].outcome == "broken"]
        if check.name in unsteady:
            opened[check.name] = give_up(check, Message(UNSTEADY))
        elif broken and result.outcome != "broken":
            opened[check.name] = _blocked(check, broken[0])
        else:
            opened[check.name] = result
    return tuple(opened.values())


def leave_open(result: CheckResult, unread: str) -> CheckResult:
    """The result of a submission of which something could not be read on this machine: what it lost
    it may have lost for that, so a person decides.
    """
    if not result.lost or result.outcome == "broken":
        return result
    if result.outcome == "partial":
        return replace(result, needs_review=True)
    seen = f" What was seen without it: {result.feedback}" if result.feedback else ""
    message = Message("checks-unread", {"why": _end(unread), "seen": seen})
    opened = replace(result, outcome="broken", feedback=message.text(), needs_review=True)
    return replace(opened, code=message.code, facts=message.to_facts())


def score(results: Sequence[CheckResult]) -> float:
    """The sum of the points earned, bonus included, to a thousandth."""
    return round(sum(r.earned for r in results), 3)


def give_up(check: Check, why: Message) -> CheckResult:
    """What is recorded of a check that could not be judged, for a person to look at."""
    return _say(check, "broken", why, needs_review=True)


def _blocked(check: Check, by: CheckResult) -> CheckResult:
    outcome = BLOCKING[by.outcome]
    message = Message(_WAITS[outcome], {"check": by.name})
    return _say(check, outcome, message, needs_review=outcome == "broken")


def _decided(check: Check, student: Measurements, reference: Measurements) -> CheckResult:
    try:
        returned: object = check.function(student, reference)
    except Unmeasured as gap:
        return _explain_gap(check, gap.missing)
    except DataSetAbsent as absent:  # of its labels; where a class is graded they are there
        return _say(check, "deferred", Message("checks-decided-later", {"why": _end(str(absent))}))
    except BaseException as error:  # an instructor's check may raise anything, and call exit()
        if is_interrupt(error):
            raise
        return give_up(check, Message("checks-failed-itself", {"error": _describe(error)}))
    return _read(check, returned)


def _explain_gap(check: Check, missing: Missing) -> CheckResult:
    """The result of a check that reads what is missing."""
    facts: dict[str, Json] = {"why": _end(missing.why)}
    if missing.elsewhere:
        return _say(check, "deferred", Message("checks-elsewhere", facts))
    if missing.needs_review:
        return give_up(check, Message("checks-not-judged", facts))
    error = missing.error
    facts |= {"about": missing.about, "kind": error.kind if error else ""}
    known = missing.code if messages.current().says(missing.code, facts) else ""
    code = known or name_stop(missing.why) or (RAISED if error else "checks-not-measured")
    told = _say(check, "unmeasured", Message(code, facts), needs_review=missing.undecided)
    return replace(told, at=error.at if error else None)


def _read(check: Check, returned: object) -> CheckResult:
    """What the check returned, if that is a verdict with values that a record can hold."""
    if not isinstance(returned, Verdict):
        kind = type(returned).__name__
        facts = {"kind": kind, "where": _find_definition(check)}
        return give_up(check, Message("checks-no-verdict", facts))
    try:
        verdict = returned.copy()  # its evidence may have been changed since it was made
    except (TypeError, ValueError) as error:
        facts = {"error": escape_surrogates(str(error)), "where": _find_definition(check)}
        return give_up(check, Message("checks-bad-verdict", facts))
    if check.person:
        answer = {k: verdict.evidence[k] for k in ("answer",) if k in verdict.evidence}
        rest = {k: v for k, v in verdict.evidence.items() if k not in answer}
        asked = _result(check, "open", feedback=verdict.feedback, needs_review=True)
        return replace(asked, evidence={**bounds.cut_evidence(rest), **answer})
    outcome: Outcome = (
        "passed" if verdict.fraction >= 1 else "partial" if verdict.fraction > 0 else "failed"
    )
    return CheckResult(
        name=check.name,
        title=check.title,
        outcome=outcome,
        points=check.points,
        earned=round(check.points * verdict.fraction, 3),
        feedback=bounds.shorten(verdict.feedback, bounds.FEEDBACK),
        hint=bounds.shorten(verdict.hint, bounds.FEEDBACK),
        evidence=bounds.cut_evidence(verdict.evidence),
        trust=verdict.trust,
        extra=check.extra,
        hidden=check.hidden,
        person=check.person,
        needs_review=verdict.needs_review,
        code=verdict.code,
        facts=bounds.cut_evidence(verdict.facts),
        at=verdict.at,
    )


def _say(
    check: Check, outcome: Outcome, message: Message, *, needs_review: bool = False
) -> CheckResult:
    """The result that says this message."""
    result = _result(check, outcome, feedback=message.text(), needs_review=needs_review)
    facts = bounds.cut_evidence(message.to_facts())
    return replace(result, hint=message.hint(), code=message.code, facts=facts)


def _result(
    check: Check, outcome: Outcome, *, feedback: str, needs_review: bool = False
) -> CheckResult:
    return CheckResult(
        name=check.name,
        title=check.title,
        outcome=outcome,
        points=check.points,
        earned=0.0,
        feedback=bounds.shorten(feedback, bounds.FEEDBACK),
        extra=check.extra,
        hidden=check.hidden,
        person=check.person,
        needs_review=needs_review,
    )


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _describe(error: BaseException) -> str:
    """The error, the line of the course that led to it, and the one elsewhere that raised it."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without this module's own
    said = escape_surrogates(read_text(error)[:_LONGEST])
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if not frames:
        return text
    folder, last = Path(frames[0].filename).parent, frames[-1]
    own = [f for f in frames if Path(f.filename).parent == folder][-1]
    place = _place(own.filename, own.lineno)
    elsewhere = f" (raised in {Path(last.filename).name}, line {last.lineno})"
    return f"{text}, in {place}{'' if last is own else elsewhere}"


def _find_definition(check: Check) -> str:
    code = getattr(inspect.unwrap(check.function), "__code__", None)
    return _place(code.co_filename, code.co_firstlineno) if code else f"`{check.name}`"


def _place(file: str, line: int | None) -> str:
    """`lenet5_mnist/assignment.py, line 12`."""
    return f"{Path(file).parent.name}/{Path(file).name}, line {line}"


def contradictions(probes: Mapping[str, Probe[Any]], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Claims that evidence refutes, in sentences: fewer parameters said than gradients shown.

    `values` holds measurements or Missing by probe key. It is no proof of tampering: a network that
    is built by chance, or that grows, is another one for each question.
    """
    claimed: dict[str, Parameters] = {}
    shown: dict[str, Gradients] = {}
    for probe in probes.values():
        found = values.get(probe.key)
        if isinstance(found, Missing) or found is None:
            continue
        name = str(probe.args.get("module"))
        if isinstance(found, Parameters):
            claimed[name] = found
        elif isinstance(found, Gradients):
            shown[name] = found
    told = []
    for name in claimed.keys() & shown.keys():
        listed = (*claimed[name].trainable, *claimed[name].unregistered)
        used = sum(p.count for p in listed if p.used)
        sizes = sum(_size(g.shape) for g in shown[name].runs[0] if g.values is not None)
        if sizes > used and not any(p.used is None for p in claimed[name].rows):
            facts = {"about": name, "used": used, "seen": sizes}
            told.append(Message("checks-contradiction", facts).text())
    return tuple(told)


def _size(shape: Sequence[int]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total
