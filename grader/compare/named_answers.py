"""Answers in named variables, each worth an equal share, judged without telling the right one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from grader.records.execution import Missing
from grader.records.measurements import Returned
from grader.records.result import Verdict

RTOL = 1e-9
"""Room for a quotient that was computed in floating point."""
Slips = Mapping[str, Any]
"""Sentence about a usual slip → the value that it leads to."""


def parts(
    student: Mapping[str, Returned | Missing],
    reference: Mapping[str, Returned],
    slips: Mapping[str, Slips] | None = None,
    *,
    unordered: Collection[str] = (),
) -> Verdict:
    """Every answer equals the reference's: whole numbers and floats, lists, tuples, arrays and
    sizes count alike, and a number like a list of that one number.

    The right answer is never told: students may check as often as they like. Where a wrong one is
    what a slip leads to, `slips` says so. Answers that are `unordered` are lists in any order, or
    dictionaries of their entries.
    """
    told = []
    for name, expected in reference.items():
        seen, loose = student[name], name in unordered
        if isinstance(seen, Missing):
            told.append(f"{seen.why.rstrip('.')}.")
        elif not _same(_listed(seen.plain, loose=loose), _listed(expected.plain, loose=loose)):
            known = (slips or {}).get(name, {})
            told.append(f"`{name}` {_told(seen, expected, known, loose=loose)}.")
    count = len(reference)
    right = count - len(told)
    if not told:
        return Verdict(fraction=1.0, feedback=f"All {count} right.")
    many = f"{right} of {count} right. " if count > 1 else ""
    return Verdict(fraction=right / count, feedback=many + " ".join(told))


def _told(seen: Returned, expected: Returned, slips: Slips, *, loose: bool) -> str:
    if _blank(seen.plain):
        return "is still None: put your answer there"
    own = _listed(seen.plain, loose=loose)
    made = [text for text, value in slips.items() if _same(own, _listed(value, loose=loose))]
    if len(made) == 1:  # of two slips that lead to the same value, neither is named
        return f"is not right: {made[0]}"
    right = _listed(expected.plain, loose=loose)
    if _texts(own):
        return f"holds text, {str(seen.plain)[:40]!r}: write numbers, without quotes"
    if _form(own) != _form(right):
        return f"is {_form(own)}, expected is {_form(right)}"
    if len(right) == 1:
        return "is not right"
    wrong = [i for i, (a, b) in enumerate(zip(own, right, strict=True)) if not _same(a, b)]
    if loose:
        return "is not right"
    entries = ", ".join(str(i) for i in wrong)
    return f"is not right in {'entry' if len(wrong) == 1 else 'entries'} {entries}, counted from 0"


def _listed(value: Any, *, loose: bool = False) -> list[Any]:
    """The value as nested lists of plain numbers; one number as a list of it."""
    if loose and isinstance(value, Mapping):
        value = list(value.values())
    made = _nested(value)
    made = made if isinstance(made, list) else [made]
    return sorted(made, key=repr) if loose else made


def _nested(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.astype(float).tolist() if value.dtype.kind in "biuf" else str(value)
    if isinstance(value, (list, tuple)):
        return [_nested(v) for v in value]
    return float(value) if isinstance(value, (int, float)) else str(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_same(a, b) for a, b in pairs)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= RTOL * abs(other)
    return False


def _blank(value: Any) -> bool:
    return any(map(_blank, value)) if isinstance(value, list) else value is None


def _texts(value: Any) -> bool:
    return any(map(_texts, value)) if isinstance(value, list) else isinstance(value, str)


def _form(value: Any) -> str:
    """How an answer is built: "a number", "4 numbers", "3 rows of 3 numbers"."""
    if not isinstance(value, list) or value in ([], [[]]):
        return "a number" if isinstance(value, float) else "empty"
    if not any(isinstance(v, list) for v in value):
        return "a number" if len(value) == 1 else f"{len(value)} numbers"
    forms = {_form(v) for v in value}
    return f"{len(value)} rows" + (f" of {forms.pop()}" if len(forms) == 1 else "")
