"""Answers in named variables, each worth an equal share, judged without telling the right one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from grader.compare.odd_numbers import is_huge, name_odd
from grader.diagnosis.tolerance import Tolerance
from grader.records import messages
from grader.records.execution import Missing
from grader.records.measurements import Returned
from grader.records.messages import Message
from grader.records.result import Verdict

QUOTIENT = Tolerance(rtol=1e-9, of="each")
"""Of a quotient that was computed in floating point; the other answers have nothing to do with it.
"""
Slips = Mapping[str, object]
"""What a usual slip is → the value that it leads to: the code of a message, or the rest of a
sentence after "is not right: ".
"""
_PLAIN = ("answer-wrong", "answer-entries", "answer-missing")
"""Messages that name no cause."""
Nested = float | int | str | list["Nested"]
"""An answer as plain numbers and texts; whole numbers are those that are too large for a float."""


def parts(
    student: Mapping[str, Returned | Missing],
    reference: Mapping[str, Returned],
    slips: Mapping[str, Slips] | None = None,
    *,
    unordered: Collection[str] = (),
) -> Verdict:
    """Every answer equals the reference's: whole numbers and floats, lists, tuples, arrays and
    sizes count alike, and a number like a list of that one number.

    Of an answer of several rows each right one earns its part. A dictionary counts as the list of
    its entries.
    The right answer is never told: students may check as often as they like. Where a wrong one is
    what a slip leads to, `slips` says so. Answers that are `unordered` are lists in any order.
    """
    wrong: list[Message] = []
    parts_of_wrong = 0.0
    for name, expected in reference.items():
        seen, loose = student[name], name in unordered
        if isinstance(seen, Missing):
            wrong.append(Message("answer-missing", {"why": seen.why.rstrip(".")}))
            continue
        own, right = (list_answers(a.plain, loose=loose) for a in (seen, expected))
        if not is_same(own, right):
            known = (slips or {}).get(name, {})
            wrong.append(_describe_wrong(f"`{name}`", seen, expected, known, loose=loose))
            parts_of_wrong += _measure_rows(own, right, loose=loose)
    count = len(reference)
    if not wrong:
        return Verdict.say(Message("answer-all-right", {"n": count}), fraction=1.0)
    whole = count - len(wrong)
    many = [Message("answer-some-right", {"right": whole, "n": count})] if count > 1 else []
    slip = next((m for m in wrong if m.code not in _PLAIN), wrong[0])
    share = (whole + parts_of_wrong) / count
    return Verdict.say(*many, *wrong, fraction=share, cause=_name_slip(slip))


def _name_slip(wrong: Message) -> Message:
    """The slip that the message is about, or itself."""
    slip = wrong.facts.get("slip")
    return slip if isinstance(slip, Message) else wrong


def _measure_rows(own: list[Nested], right: list[Nested], *, loose: bool) -> float:
    """Which share of an answer of several rows is right; 0 for one that is no list of rows.

    The numbers of one row belong together, as those of a shape do.
    """
    if len(right) < 2 or len(own) != len(right) or not all(isinstance(r, list) for r in right):
        return 0.0
    if not loose:
        return sum(map(is_same, own, right)) / len(right)
    left = list(right)
    for row in own:
        found = next((i for i, other in enumerate(left) if is_same(row, other)), None)
        if found is not None:
            del left[found]
    return 1 - len(left) / len(right)


def _describe_wrong(
    it: str, seen: Returned, expected: Returned, slips: Slips, *, loose: bool
) -> Message:
    """What is wrong with an answer, in a sentence that does not tell the right one."""
    name = {"it": it}
    if seen.plain is None:
        return Message("answer-none", name)
    if _holds_none(seen.plain):
        return Message("answer-blank", name)
    if odd := name_odd(seen, expected):
        return Message(odd, name)
    own = list_answers(seen.plain, loose=loose)
    fitting = [t for t, value in slips.items() if is_same(own, list_answers(value, loose=loose))]
    if len(fitting) == 1:  # of two slips that lead to the same value, neither is named
        slip = fitting[0]
        return Message("answer-slip", {**name, "slip": Message(slip) if _is_code(slip) else slip})
    right = list_answers(expected.plain, loose=loose)
    if _holds_text(own):
        return Message("answer-text", {**name, "seen": repr(str(seen.plain)[:40])})
    if _describe_form(own) != _describe_form(right):
        forms = {"seen": _describe_form(own), "expected": _describe_form(right)}
        return Message("answer-form", {**name, **forms})
    if len(right) == 1 or loose:
        return Message("answer-wrong", name)
    places = [i for i, (a, b) in enumerate(zip(own, right, strict=True)) if not is_same(a, b)]
    entries = "entry" if len(places) == 1 else "entries"
    facts = {"entries": entries, "places": ", ".join(map(str, places))}
    return Message("answer-entries", {**name, **facts})


def _is_code(slip: str) -> bool:
    """True for the code of a message."""
    return slip in messages.current()


def list_answers(value: object, *, loose: bool = False) -> list[Nested]:
    """The value as nested lists of plain numbers; one number as a list of it."""
    nested = _nest(value)
    answers: list[Nested] = nested if isinstance(nested, list) else [nested]
    return sorted(answers, key=repr) if loose else answers


def _nest(value: object) -> Nested:
    if isinstance(value, (np.ndarray, np.generic)):
        plain: Nested = value.astype(float).tolist() if value.dtype.kind in "biuf" else str(value)
        return plain
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [_nest(v) for v in value]
    if isinstance(value, (int, float)):
        return value if is_huge(value) else float(value)
    return str(value)


def is_same(one: Nested, other: Nested) -> bool:
    """True for two answers that count as equal; texts never do."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(is_same(a, b) for a, b in pairs)
    if isinstance(one, float) and isinstance(other, float):
        return QUOTIENT.allows(one, other)
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    return False


def _holds_none(value: object) -> bool:
    return any(map(_holds_none, value)) if isinstance(value, list) else value is None


def _holds_text(value: Nested) -> bool:
    return any(map(_holds_text, value)) if isinstance(value, list) else isinstance(value, str)


def _describe_form(value: Nested) -> str:
    """How an answer is built: "a number", "4 numbers", "3 rows of 3 numbers"."""
    if not isinstance(value, list) or value in ([], [[]]):
        return "a number" if isinstance(value, (int, float)) else "empty"
    if not any(isinstance(v, list) for v in value):
        return "a number" if len(value) == 1 else f"{len(value)} numbers"
    forms = {_describe_form(v) for v in value}
    return f"{len(value)} rows" + (f" of {forms.pop()}" if len(forms) == 1 else "")
