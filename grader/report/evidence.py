"""What a check measured, made ready for a page: numbers as text, tables, places on a scale.

Evidence comes from checks and is of any form. What a page has no form for stays in the JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grader.records import bounds
from grader.records.json_values import Json

MOST_CLASSES = 20
"""A confusion matrix with more rows than this is left out of the page."""


# -------------------------------------------------------------------------------- records


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A layer of the student's beside the one that was expected."""

    sides: tuple[Mapping[str, Json] | None, Mapping[str, Json] | None]
    """Facts of the layer seen and of the one expected; None where there is none."""
    same: bool
    first: bool
    """True for the first row that differs."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A loss curve."""

    points: str
    """Its points in a picture of 100 × 40, as SVG writes them."""
    first: float
    last: float
    of: Json
    """Number of steps, as the check says."""
    spent: bool
    """True where the time budget ended the training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """One true class of a confusion matrix."""

    cells: Sequence[tuple[int, int]]
    """Number of answers and shade, 0 to 9, for each class."""
    total: int
    share: float | None
    """Share of right answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Right and wrong answers by class."""

    labels: Sequence[str]
    rows: Sequence[ClassRow]
    matrix: bool
    """False where only each class's share is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """An accuracy on its scale."""

    student: float
    reference: float | None
    full: float | None
    """From here on all points are given."""
    zero: float | None
    """Below this none are."""
    low: float
    """Where the scale begins; it ends at 1."""
    at: Mapping[str, float]
    """Place of each of the four that is known, in percent of the scale's width."""
    images: float | None
    """How many were looked at."""
    classes: Classes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a network."""

    rows: Sequence[Mapping[str, Json]]
    total: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a check's own."""

    columns: Sequence[Json]
    rows: Sequence[Sequence[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a student wrote."""

    text: str
    cut: bool
    """True where there was more."""


View = (
    Sequence[LayerRow]
    | Sequence[tuple[str, str]]
    | Accuracy
    | Curve
    | Parameters
    | Table
    | Answer
    | None
)
"""What a page shows of one key of a check's evidence; nothing where it has another form."""


# -------------------------------------------------------------------------------- numbers


def points(value: float) -> str:
    """Write points with at most two decimals: 100, 73.5, 33.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as percent, rounded to 100 or to 0 only where it is that: 99.9 %."""
    if value is None:
        return "–"
    shown, step = round(100 * value, digits), 10.0**-digits
    if shown >= 100 > 100 * value:
        shown = 100 - step
    elif shown == 0 and value > 0:
        shown = step
    return f"{shown:.{digits}f} %"


def shape(value: Json) -> str:
    """Write a shape as people do: 3 × 6 × 28 × 28."""
    if isinstance(value, list):
        return " × ".join(str(side) for side in value) if value else "one number"
    return "" if value is None else str(value)


def number(value: Json) -> str:
    """Write a number with thousands apart or six digits that matter; lists of them in brackets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return "[" + ", ".join(number(part) for part in value) + "]"
    return "" if value is None else str(value)


# ---------------------------------------------------------------------------------- views


def views(evidence: Mapping[str, Json]) -> dict[str, View]:
    """Pick from a check's evidence what a page can show; unknown or odd parts stay in the JSON."""
    makers: Mapping[str, Callable[[Json], View]] = {
        "answer": _answer,
        "layers": _layers,
        "mismatch": _mismatch,
        "accuracy": _accuracy,
        "curve": _curve,
        "parameters": _parameters,
        "table": _table,
        bounds.LEFT_OUT: _left_out,
    }
    every = {key: make(evidence[key]) for key, make in makers.items() if key in evidence}
    return {key: view for key, view in every.items() if view}


def _answer(value: Json) -> Answer | None:
    if not isinstance(value, dict) or not isinstance(text := value.get("text"), str):
        return None
    return Answer(text=text, cut=value.get("cut") is True)


def _records(value: Json) -> list[dict[str, Json]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _real(value: Json) -> float | None:
    """A finite number, or None: a record holds NaN as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _curve(value: Json) -> Curve | None:
    given = value.get("losses") if isinstance(value, dict) else None
    losses = [_real(v) for v in given] if isinstance(given, list) else []
    known = [v for v in losses if v is not None]
    if not isinstance(value, dict) or len(known) < 2:
        return None
    low, high = min(known), max(known)
    height = (high - low) or 1.0
    places = [
        f"{100 * i / (len(losses) - 1):.2f},{40 - 40 * (v - low) / height:.2f}"
        for i, v in enumerate(losses)
        if v is not None
    ]
    return Curve(
        points=" ".join(places),
        first=known[0],
        last=known[-1],
        of=value.get("of"),
        spent=value.get("spent") is True,
    )


def _layers(value: Json) -> list[LayerRow]:
    """Pairs of layers in order, the first that differs marked."""
    rows: list[LayerRow] = []
    for row in _records(value):
        same = row.get("same") is True
        seen, expected = row.get("seen"), row.get("expected")
        rows.append(
            LayerRow(
                sides=(
                    seen if isinstance(seen, dict) else None,
                    expected if isinstance(expected, dict) else None,
                ),
                same=same,
                first=not same and all(before.same for before in rows),
                note=str(row.get("note") or ""),
            )
        )
    return rows


def _mismatch(value: Json) -> list[tuple[str, str]]:
    """What differs, where and by how much, in the order in which one reads it."""
    if not isinstance(value, dict):
        return []
    terms = [("where", "In"), ("index", "At index"), ("seen", "Yours"), ("expected", "Expected"),
             ("error", "Difference"), ("allowed", "Allowed")]  # fmt: skip
    rows = [(term, number(value[key])) for key, term in terms if value.get(key) is not None]
    wrong, total = _real(value.get("wrong")), _real(value.get("total"))
    if wrong is not None and total:
        rows.append(
            ("Values that differ", f"{wrong:,.0f} of {total:,.0f} ({percent(wrong / total)})")
        )
    return rows


def _accuracy(value: Json) -> Accuracy | None:
    """Positions on a scale, in percent of its width, and the confusion matrix with shades 0–9."""
    if not isinstance(value, dict) or (student := _real(value.get("student"))) is None:
        return None
    reference, full, zero = (_real(value.get(key)) for key in ("reference", "full", "zero"))
    marks = {"student": student, "reference": reference, "full": full, "zero": zero}
    known = {key: mark for key, mark in marks.items() if mark is not None}
    low = max(0.0, math.floor(10 * (min(known.values()) - 0.02)) / 10)
    return Accuracy(
        student=student,
        reference=reference,
        full=full,
        zero=zero,
        low=low,
        at={
            key: round(100 * min(1.0, max(0.0, (mark - low) / (1 - low))), 2)
            for key, mark in known.items()
        },
        images=_real(value.get("images")),
        classes=_classes(value),
    )


def _classes(value: Mapping[str, Json]) -> Classes | None:
    """Rows of a confusion matrix, each with its share of right answers; None where too large."""
    per_class, names = value.get("per_class"), value.get("classes")
    shares = [_real(part) for part in per_class] if isinstance(per_class, list) else []
    counts = _counts(value.get("confusion"))
    size = len(counts) or len(shares)
    if not 0 < size <= MOST_CLASSES:
        return None
    labels = [str(name) for name in names] if isinstance(names, list) else []
    rows = []
    for index in range(size):
        row = counts[index] if counts else []
        total = sum(row)
        share = shares[index] if len(shares) == size else row[index] / total if total else None
        cells = [(n, min(9, math.ceil(9 * n / total)) if total else 0) for n in row]
        rows.append(ClassRow(cells=cells, total=total, share=share))
    return Classes(
        labels=labels if len(labels) == size else [str(i) for i in range(size)],
        rows=rows,
        matrix=bool(counts),
    )


def _counts(value: Json) -> list[list[int]]:
    """The rows of a square matrix of counts; none where it has another form."""
    rows = value if isinstance(value, list) else []
    counts = [[n for n in row if type(n) is int] for row in rows if isinstance(row, list)]
    whole = [len(row) for row in rows if isinstance(row, list)] == [len(rows)] * len(rows)
    return counts if whole and all(len(row) == len(rows) for row in counts) else []


def _parameters(value: Json) -> Parameters | None:
    if not isinstance(value, dict) or not (rows := _records(value.get("rows"))):
        return None
    return Parameters(rows=rows, total=value.get("total"))


def _left_out(value: Json) -> list[tuple[str, str]]:
    """What there is more of than is kept, and how much."""
    counts = value.items() if isinstance(value, dict) else ()
    return [(key, number(count)) for key, count in counts]


def _table(value: Json) -> Table | None:
    if not isinstance(value, dict) or not isinstance(rows := value.get("rows"), list):
        return None
    columns = value.get("columns")
    return Table(
        columns=columns if isinstance(columns, list) else [],
        rows=[row for row in rows if isinstance(row, list)],
    )
