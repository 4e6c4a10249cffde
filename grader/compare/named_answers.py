"""Answers in named variables, each worth an equal share, judged without telling the right one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from grader.diagnosis.tolerance import Tolerance
from grader.records.execution import Missing
from grader.records.measurements import Returned
from grader.records.result import Verdict

QUOTIENT = Tolerance(rtol=1e-9, of="each")
"""Of a quotient that was computed in floating point; the other answers have nothing to do with it.
"""
Slips = Mapping[str, object]
"""Sentence about a usual slip → the value that it leads to."""
Nested = float | str | list["Nested"]
"""An answer as plain numbers and texts."""


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
    wrong = []
    parts_of_wrong = 0.0
    for name, expected in reference.items():
        seen, loose = student[name], name in unordered
        if isinstance(seen, Missing):
            wrong.append(f"{seen.why.rstrip('.')}.")
            continue
        own, right = (list_answers(a.plain, loose=loose) for a in (seen, expected))
        if not is_same(own, right):
            known = (slips or {}).get(name, {})
            wrong.append(f"`{name}` {_describe_wrong(seen, expected, known, loose=loose)}.")
            parts_of_wrong += _measure_rows(own, right, loose=loose)
    count = len(reference)
    if not wrong:
        return Verdict(fraction=1.0, feedback=f"All {count} right.")
    whole = count - len(wrong)
    many = f"{whole} of {count} right. " if count > 1 else ""
    share = (whole + parts_of_wrong) / count
    return Verdict(fraction=share, feedback=many + " ".join(wrong))


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


def _describe_wrong(seen: Returned, expected: Returned, slips: Slips, *, loose: bool) -> str:
    """What is wrong with an answer, as a predicate that does not tell the right one."""
    if seen.plain is None:
        return "is still None: put your answer there"
    if _holds_none(seen.plain):
        return "still has a blank in it: put your answer there"
    own = list_answers(seen.plain, loose=loose)
    fitting = [t for t, value in slips.items() if is_same(own, list_answers(value, loose=loose))]
    if len(fitting) == 1:  # of two slips that lead to the same value, neither is named
        return f"is not right: {fitting[0]}"
    right = list_answers(expected.plain, loose=loose)
    if _holds_text(own):
        return f"holds text, {str(seen.plain)[:40]!r}: write numbers, without quotes"
    if _describe_form(own) != _describe_form(right):
        return f"is {_describe_form(own)}, expected is {_describe_form(right)}"
    if len(right) == 1 or loose:
        return "is not right"
    places = [i for i, (a, b) in enumerate(zip(own, right, strict=True)) if not is_same(a, b)]
    entries = "entry" if len(places) == 1 else "entries"
    return f"is not right in {entries} {', '.join(map(str, places))}, counted from 0"


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
    return float(value) if isinstance(value, (int, float)) else str(value)


def is_same(one: Nested, other: Nested) -> bool:
    """True for two answers that count as equal; texts never do."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(is_same(a, b) for a, b in pairs)
    if isinstance(one, float) and isinstance(other, float):
        return QUOTIENT.allows(one, other)
    return False


def _holds_none(value: object) -> bool:
    return any(map(_holds_none, value)) if isinstance(value, list) else value is None


def _holds_text(value: Nested) -> bool:
    return any(map(_holds_text, value)) if isinstance(value, list) else isinstance(value, str)


def _describe_form(value: Nested) -> str:
    """How an answer is built: "a number", "4 numbers", "3 rows of 3 numbers"."""
    if not isinstance(value, list) or value in ([], [[]]):
        return "a number" if isinstance(value, float) else "empty"
    if not any(isinstance(v, list) for v in value):
        return "a number" if len(value) == 1 else f"{len(value)} numbers"
    forms = {_describe_form(v) for v in value}
    return f"{len(value)} rows" + (f" of {forms.pop()}" if len(forms) == 1 else "")
