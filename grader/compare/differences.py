"""What a difference between student and reference means, in sentences. Pure arithmetic on
arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.records.json_values import Json
from grader.records.measurements import Array, Dropouts, NamedArray, NamedArrays, Returned

# ---------------------------------------------------------------------- one array


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """How two arrays of one shape differ."""

    index: tuple[int, ...]
    """Where the error is greatest."""
    seen: float
    expected: float
    error: float
    """The greatest error."""
    allowed: float
    """What would have been allowed there."""
    wrong: int
    total: int

    def sentence(self) -> str:
        """Greatest error, where, up to what was allowed."""
        place = f" at index {self.index}" if self.index else ""
        return (
            f"The greatest error is {self.error:.3g}{place}: yours {self.seen:.6g}, ours "
            f"{self.expected:.6g}, "
            f"allowed {self.allowed:.1e}; {self.wrong:,} of {self.total:,} values differ."
        )

    def to_json(self, where: str) -> Json:
        """For the report."""
        return {
            "where": where,
            "index": list(self.index),
            "seen": self.seen,
            "expected": self.expected,
            "error": self.error,
            "allowed": self.allowed,
            "wrong": self.wrong,
            "total": self.total,
        }


def mismatch(seen: Array, expected: Array, rtol: float) -> Mismatch | None:
    """None where every |seen − expected| ≤ rtol · (|expected| + max|expected|); NaN never is."""
    seen, expected = np.asarray(seen, np.float64), np.asarray(expected, np.float64)
    if not expected.size:
        return None
    allowed = rtol * (np.abs(expected) + np.max(np.abs(expected)))
    error = np.abs(seen - expected)
    error = np.where(np.isnan(error), np.inf, error)
    wrong = error > allowed
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(error - allowed)), error.shape))
    return Mismatch(
        index=index,
        seen=float(seen[index]),
        expected=float(expected[index]),
        error=float(error[index]),
        allowed=float(allowed[index]),
        wrong=int(wrong.sum()),
        total=int(wrong.size),
    )


def log_softmax(scores: Array) -> Array:
    """Rows of log-probabilities in float64; leaves log-probabilities as they are."""
    rows = np.asarray(scores, np.float64).reshape(scores.shape[0], -1)
    shifted = rows - np.max(rows, axis=1, keepdims=True)
    logs: Array = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return logs


def probabilities(scores: Array) -> str:
    """A hint where every row is a probability distribution, else an empty text."""
    rows = scores.reshape(scores.shape[0], -1)
    sums = np.abs(rows.sum(axis=1) - 1.0) < 1e-5
    if rows.size and bool(np.all(rows >= 0)) and bool(np.all(sums)):
        return (
            "Your network returns probabilities (rows that sum to 1): leave out the "
            "softmax at its end."
        )
    return ""


# ---------------------------------------------------------------------- many named arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Named arrays of the student beside the reference's, from the output back to the input."""

    wrong: tuple[tuple[NamedArray | None, NamedArray, str], ...]
    """(student's, reference's, what is wrong), nearest to the output first."""
    right: tuple[NamedArray, ...]
    """The student's that agree, nearest to the output first."""
    worst: Mismatch | None
    hint: str

    def sentence(self, what: str) -> str:
        """The first difference, and what is still right."""
        seen, expected, text = self.wrong[0]
        label = seen.label if seen else expected.label
        parts = [f"The {what} of {label} {text}." if what == "gradient" else f"{label} {text}."]
        if len(self.wrong) > 1:
            total = len(self.wrong) + len(self.right)
            parts.append(f"{len(self.wrong)} of {total} {what}s differ.")
            if self.right:
                named = ", ".join(n.label for n in self.right[:3])
                parts.append(f"Right are {named}{' …' if len(self.right) > 3 else ''}.")
        return " ".join(parts)

    def to_json(self, where: str) -> dict[str, Json]:
        """For the report: a table of all, and the greatest error."""
        rows: list[Json] = [[(s or e).label, "differs", t] for s, e, t in self.wrong]
        rows += [[n.label, "equal", ""] for n in self.right]
        found: dict[str, Json] = {"table": {"columns": [where, "", "how"], "rows": rows}}
        if self.worst is not None:
            found["mismatch"] = self.worst.to_json(where)
        return found


def groups(seen: NamedArrays, expected: NamedArrays, rtol: float) -> Comparison:
    """Compare arrays by key. The order of `expected` is the order of use, so it is read
    backwards.
    """
    own = {n.key: n for n in seen}
    wrong: list[tuple[NamedArray | None, NamedArray, str]] = []
    right: list[NamedArray] = []
    worst, hint = None, ""
    for other in reversed(expected):
        mine = own.get(other.key)
        if mine is None:
            wrong.append((None, other, "has no counterpart in your network"))
            continue
        text, found, advice = _differs(mine, other, rtol)
        if not text:
            right.append(mine)
            continue
        wrong.append((mine, other, text))
        worst, hint = worst or found, hint or advice
    return Comparison(wrong=tuple(wrong), right=tuple(right), worst=worst, hint=hint)


def _differs(mine: NamedArray, other: NamedArray, rtol: float) -> tuple[str, Mismatch | None, str]:
    """(what is wrong or an empty text, the numbers, what to try)."""
    cut = (
        "Look for .detach(), .data, .item(), numpy() or no_grad() between this layer and the next."
    )
    if other.values is None:
        return ("", None, "") if mine.values is None else ("exists, ours has none", None, "")
    if mine.values is None:
        return "does not exist: the loss does not depend on it", None, cut
    if mine.values.shape != other.values.shape:
        return f"has shape {mine.values.shape}, expected is {other.values.shape}", None, ""
    found = mismatch(mine.values, other.values, rtol)
    if found is None:
        return "", None, ""
    if not np.any(mine.values):
        return "is zero everywhere: no gradient reaches it", found, cut
    return (
        f"differs{_factor(mine.values, other.values, rtol)}. {found.sentence().rstrip('.')}",
        found,
        "",
    )


def _factor(seen: Array, expected: Array, rtol: float) -> str:
    """` by its sign` or ` by the factor 3` where that explains everything."""
    flat_seen, flat = seen.reshape(-1).astype(np.float64), expected.reshape(-1).astype(np.float64)
    square = float(flat @ flat)
    if square == 0.0:
        return ""
    factor = float(flat_seen @ flat) / square
    if factor == 0.0 or mismatch(flat_seen / factor, flat, max(rtol, 1e-9) * 10) is not None:
        return ""
    if abs(factor + 1.0) < 1e-6:
        return " by its sign"
    shown = f"{factor:.6g}" if abs(factor) >= 1 else f"1/{1 / factor:.6g}"
    return f" by the factor {shown}"


def dropouts(seen: Dropouts, expected: Dropouts) -> str:
    """Which dropout is too much, too little or of another share; empty where none is.

    Places are counted from the input or from the output, whichever fits better: one layer too many
    somewhere moves no dropout.
    """
    moved = min((_moved(seen, expected, from_end=end) for end in (False, True)), key=len)
    if not moved:
        return ""
    place, drops, right = moved[0]
    name = seen.layers[place - 1] if 0 < place <= len(seen.layers) else ""
    where = f"after {f'`{name}`' if name else f'layer {place}'}" if place > 0 else "of the input"
    return (
        f"In train mode your network drops {f'{drops:.0%}' if drops else 'nothing'} {where}, "
        f"ours drops {f'{right:.0%}' if right else 'nothing'} there."
    )


def _moved(seen: Dropouts, expected: Dropouts, *, from_end: bool) -> list[tuple[int, float, float]]:
    """(Layers of `seen` before it, share seen, share expected) wherever the shares differ."""
    last, other_last = (len(d.layers) if from_end else 0 for d in (seen, expected))
    own = {place - last: share for place, share in seen.places}
    other = {place - other_last: share for place, share in expected.places}
    pairs = ((k + last, own.get(k, 0.0), other.get(k, 0.0)) for k in sorted(own | other))
    return [(place, drops, right) for place, drops, right in pairs if drops != right]


# ---------------------------------------------------------------------- plain values


def value(seen: Returned, expected: Returned, rtol: float, path: str = "It") -> str | None:
    """What is wrong with a returned value, or None. Lists and tuples, arrays and tensors count
    alike.
    """
    if isinstance(expected.item, tuple) and expected.kind in ("list", "tuple"):
        if seen.kind not in ("list", "tuple"):
            return _numbers(seen, expected, rtol, path)
        if len(seen.item) != len(expected.item):
            return f"{path} has {len(seen.item)} entries, expected are {len(expected.item)}."
        pairs = enumerate(zip(seen.item, expected.item, strict=True))
        found = (value(s, e, rtol, f"Entry {i}") for i, (s, e) in pairs)
        return next((f for f in found if f), None)
    if expected.kind == "dict":
        if seen.kind != "dict":
            return f"{path} is a {seen.kind}, expected is a dict."
        own, other = dict(seen.item), dict(expected.item)
        if set(own) != set(other):
            return f"{path} has the keys {sorted(own)}, expected are {sorted(other)}."
        return next((f for k in other if (f := value(own[k], other[k], rtol, f"`{k}`"))), None)
    if expected.kind in ("str", "NoneType"):
        return (
            None
            if seen.item == expected.item
            else f"{path} is {_short(seen)}, expected is {_short(expected)}."
        )
    return _numbers(seen, expected, rtol, path)


def _numbers(seen: Returned, expected: Returned, rtol: float, path: str) -> str | None:
    own, other = _array(seen), _array(expected)
    if own is None or other is None:
        return f"{path} is a {seen.kind}, expected is a {expected.kind}."
    if own.shape != other.shape:
        return f"{path} has shape {own.shape}, expected is {other.shape}."
    if rtol == 0.0 and np.array_equal(own, other):
        return None
    found = mismatch(own, other, rtol)
    if found is None:
        return None
    return (
        f"{path} is {_short(seen)}, expected is {_short(expected)}."
        if not own.shape
        else f"{path} differs. {found.sentence()}"
    )


def _array(value: Returned) -> Array | None:
    if isinstance(value.item, (np.ndarray, bool, int, float)):
        return np.asarray(value.item)
    if isinstance(value.item, tuple) and value.kind in ("list", "tuple"):
        parts = [_array(v) for v in value.item]
        if (
            all(p is not None for p in parts)
            and len({p.shape for p in parts if p is not None}) <= 1
        ):
            return np.array(parts)
    return None


def _short(value: Returned) -> str:
    item: Any = value.item.tolist() if isinstance(value.item, np.ndarray) else value.item
    return repr(item)[:60]
