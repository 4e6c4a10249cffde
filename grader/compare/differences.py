"""How arrays of the student differ from those of the reference, in sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.diagnosis.numerics import fit_factor
from grader.diagnosis.tolerance import Tolerance
from grader.records.json_values import Json
from grader.records.measurements import Array, NamedArray, NamedArrays
from grader.records.messages import Message

FACTOR = 1e-8
"""Up to this, at least, one factor has to explain an array: it is fitted to the array itself."""
NEGATIVE = Tolerance(rtol=1e-6, of="one")
"""Of the factor −1, as least squares find it."""

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

    def message(self) -> Message:
        """Greatest error, where, up to what was allowed."""
        place = f" at index {self.index}" if self.index else ""
        names = ("seen", "expected", "error", "allowed", "wrong", "total")
        facts = {name: getattr(self, name) for name in names}
        return Message("numbers-mismatch", {**facts, "place": place})

    def sentence(self) -> str:
        """The same as text."""
        return self.message().text()

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
    return find_mismatch(seen, expected, Tolerance(rtol=rtol))


def find_mismatch(seen: Array, expected: Array, tolerance: Tolerance) -> Mismatch | None:
    """None where no number differs by more than is allowed, see `grader.diagnosis.tolerance`."""
    seen, expected = np.asarray(seen, np.float64), np.asarray(expected, np.float64)
    if not expected.size:
        return None
    wrong = tolerance.find_wrong(seen, expected)
    if not wrong.any():
        return None
    with np.errstate(invalid="ignore"):
        error = np.abs(seen - expected)
    error = np.where(np.isnan(error), np.inf, error)
    allowed = np.broadcast_to(tolerance.limits(expected), error.shape)
    excess = np.where(wrong, error - allowed, -np.inf)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), error.shape))
    return Mismatch(
        index=index,
        seen=float(seen[index]),
        expected=float(expected[index]),
        error=float(error[index]),
        allowed=float(allowed[index]),
        wrong=int(wrong.sum()),
        total=int(wrong.size),
    )


# ---------------------------------------------------------------------- many named arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One named array of the student's that is not the reference's."""

    seen: NamedArray | None
    """None where the student has none of this key."""
    expected: NamedArray
    what: Message
    """What is wrong, as the predicate of a sentence."""
    mismatch: Mismatch | None = None
    """The numbers, where there are some on both sides."""

    @property
    def text(self) -> str:
        """What is wrong, as the predicate of a sentence."""
        return self.what.text()

    @property
    def label(self) -> str:
        """The student's name for it, or the reference's."""
        return (self.seen or self.expected).label


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Named arrays of the student beside the reference's, from the output back to the input."""

    wrong: tuple[Difference, ...]
    """Nearest to the output first."""
    right: tuple[NamedArray, ...]
    """The student's that agree, nearest to the output first."""

    @property
    def hint(self) -> str:
        """What to try, of the first difference that has a hint."""
        return next((h for d in self.wrong if (h := d.what.hint())), "")

    @property
    def fault(self) -> Message | None:
        """The first difference that has a cause; None where none has."""
        return next((d.what for d in self.wrong if d.what.title()), None)

    def messages(self, what: str) -> list[Message]:
        """The first difference, and what is still right; `what` is gradients or weights."""
        first = self.wrong[0]
        said = [Message(f"{what}-one", {"name": first.label, "what": first.what})]
        if len(self.wrong) > 1:
            total = len(self.wrong) + len(self.right)
            said.append(Message(f"{what}-several", {"wrong": len(self.wrong), "total": total}))
            if self.right:
                more = " …" if len(self.right) > 3 else ""
                names = ", ".join(n.label for n in self.right[:3])
                said.append(Message("numbers-right", {"names": names + more}))
        return said

    def to_json(self, where: str) -> dict[str, Json]:
        """For the report: a table of all, and the greatest error of the first with numbers."""
        rows: list[Json] = [[d.label, "differs", d.text] for d in self.wrong]
        rows += [[n.label, "equal", ""] for n in self.right]
        evidence: dict[str, Json] = {"table": {"columns": [where, "", "how"], "rows": rows}}
        worst = next((d.mismatch for d in self.wrong if d.mismatch), None)
        if worst is not None:
            evidence["mismatch"] = worst.to_json(where)
        return evidence


def compare_groups(seen: NamedArrays, expected: NamedArrays, tolerance: Tolerance) -> Comparison:
    """Compare arrays by key. The order of `expected` is the order of use, so it is read
    backwards.
    """
    own = {n.key: n for n in seen}
    pairs = [(own.get(n.key), n) for n in reversed(expected)]
    differences = [_compare(mine, ours, tolerance) for mine, ours in pairs]
    return Comparison(
        wrong=tuple(d for d in differences if d is not None),
        right=tuple(
            mine
            for (mine, _), difference in zip(pairs, differences, strict=True)
            if mine is not None and difference is None
        ),
    )


def _compare(
    seen: NamedArray | None, expected: NamedArray, tolerance: Tolerance
) -> Difference | None:
    """How the two differ; None where they do not."""

    def differ(code: str, worst: Mismatch | None = None, **facts: object) -> Difference:
        what = Message(code, facts)
        return Difference(seen=seen, expected=expected, what=what, mismatch=worst)

    if seen is None:
        return differ("numbers-no-counterpart")
    own, ours = seen.values, expected.values
    if ours is None:
        none = own is None or tolerance.allows(own, np.zeros_like(own))
        return None if none else differ("numbers-added")
    if own is None and tolerance.allows(np.zeros_like(ours), ours):
        return None
    if own is None:
        return differ("gradients-cut")
    if own.ndim != ours.ndim:  # a convolution in place of a linear layer, or the other way round
        own, ours = _make_matrix(own), _make_matrix(ours)
    if own.shape != ours.shape:
        return differ("numbers-shape", seen=str(own.shape), expected=str(ours.shape))
    worst = find_mismatch(own, ours, tolerance)
    if worst is None:
        return None
    if not np.any(own):
        return differ("gradients-zero", worst)
    how, said = _format_factor(own, ours, tolerance), worst.sentence().rstrip(".")
    return differ("numbers-differ", worst, how=how, numbers=said)


def _make_matrix(values: Array) -> Array:
    """(in, out), from (out, in, height, width) as well."""
    matrix: Array = values.reshape(len(values), -1).T if values.ndim > 2 else values
    return matrix


def _format_factor(seen: Array, expected: Array, tolerance: Tolerance) -> str:
    """` by its sign` or ` by the factor 3` where that explains everything."""
    own, ours = (a.astype(np.float64) for a in (seen, expected))
    factor = fit_factor(own, ours)
    if factor == 0.0:
        return ""
    loose = Tolerance(rtol=max(10 * tolerance.rtol, FACTOR))
    if not loose.allows(own / factor, ours):
        return ""
    if NEGATIVE.allows(factor, -1.0):
        return " by its sign"
    shown = f"{factor:.6g}" if abs(factor) >= 1 else f"1/{1 / factor:.6g}"
    return f" by the factor {shown}"
