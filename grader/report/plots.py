"""Curves, scales and matrices, made ready for a page: places in percent, ticks, shades."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.records.json_values import Json
from grader.report.texts import number, percent, read_real, read_reals

MOST_CLASSES = 20
"""A confusion matrix with more rows than this is left out of the page."""
NORMAL = 1.959964
"""Of a standard normal variable, 95 % lie within so many deviations."""
MARKS = ("student", "own", "reference", "full", "zero")
"""What may stand on a scale of accuracy."""


# ----------------------------------------------------------------------------------------- loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A loss curve, ours beside it where it is known."""

    points: str
    """Its points in a picture of 100 × 100, as SVG writes them."""
    ours: str
    """The same of ours; empty where it is not known."""
    first: float
    last: float
    of: Json
    """Number of steps, as the check says."""
    spent: bool
    """True where the time budget ended the training."""
    heights: Sequence[str]
    """Ticks of the loss, greatest first, at equal distances."""
    steps: Sequence[str]
    """Ticks of the steps, first to last, at equal distances."""


def read_curve(value: Json) -> Curve | None:
    """The curve of a check's losses; None where fewer than two are numbers."""
    if not isinstance(value, dict):
        return None
    losses, ours = read_reals(value.get("losses")), read_reals(value.get("ours"))
    known = [v for v in losses if v is not None]
    if len(known) < 2:
        return None
    beside = [v for v in ours if v is not None]
    low, step, count = choose_ticks(min(known + beside), max(known + beside))
    top = low + step * count
    last = read_real(value.get("of")) or float(len(losses))
    return Curve(
        points=_trace(losses, low, top),
        ours=_trace(ours, low, top) if len(beside) > 1 else "",
        first=known[0],
        last=known[-1],
        of=value.get("of"),
        spent=value.get("spent") is True,
        heights=[number(round(low + step * i, 12)) for i in range(count, -1, -1)],
        steps=[number(max(1, round(last * part / 4))) for part in range(5)],
    )


def _trace(losses: Sequence[float | None], low: float, top: float) -> str:
    places = [
        f"{100 * i / max(1, len(losses) - 1):.1f},{100 * (top - v) / (top - low):.1f}"
        for i, v in enumerate(losses)
        if v is not None
    ]
    return " ".join(places)


def choose_ticks(low: float, high: float) -> tuple[float, float, int]:
    """Where a scale begins, the distance of its ticks and how many distances there are: round
    numbers, that take in both ends.
    """
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next((power * k for k in (1, 2, 2.5, 5, 10) if span / (power * k) <= 4), power * 10)
    begin = math.floor(low / step) * step
    return begin, step, max(1, math.ceil((high - begin) / step - 1e-9))


# ------------------------------------------------------------------------------------- accuracy


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
    """The one that was scored."""
    own: float | None
    """That of the student's own network, where another one was scored."""
    reference: float | None
    full: float | None
    """From here on all points are given."""
    zero: float | None
    """Below this none are."""
    at: Mapping[str, float]
    """Place of each that is known, and of the interval's ends, in percent of the scale's width."""
    interval: tuple[float, float] | None
    """95 % confidence interval of `student`; None where the number of pictures is unknown."""
    ticks: Sequence[str]
    """From the scale's beginning to its end, which is 1, at equal distances."""
    images: float | None
    """How many were looked at."""
    classes: Classes | None


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % confidence interval of a share of so many (Wilson 1927)."""
    spread = NORMAL * NORMAL / count
    middle = (share + spread / 2) / (1 + spread)
    half = NORMAL / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def read_accuracy(value: Json) -> Accuracy | None:
    """Positions on a scale, in percent of its width, and the confusion matrix with shades 0–9."""
    if not isinstance(value, dict) or (student := read_real(value.get("student"))) is None:
        return None
    marks = {key: mark for key in MARKS if (mark := read_real(value.get(key))) is not None}
    images = read_real(value.get("images"))
    interval = wilson(student, images) if images and images >= 1 and 0 <= student <= 1 else None
    low, ticks = _choose_scale(min([*marks.values(), *(interval or ())]))
    ends = dict(zip(("least", "most"), interval or (), strict=False))
    return Accuracy(
        student=student,
        own=marks.get("own"),
        reference=marks.get("reference"),
        full=marks.get("full"),
        zero=marks.get("zero"),
        at={key: _place(mark, low) for key, mark in {**marks, **ends}.items()},
        interval=interval,
        ticks=ticks,
        images=images,
        classes=_read_classes(value),
    )


def _choose_scale(least: float) -> tuple[float, list[str]]:
    """Where a scale to 1 begins that holds the least of its marks, and its ticks."""
    low = max(0.0, math.floor(10 * (min(least, 0.95) - 0.02)) / 10)
    parts = {0.5: 5, 0.4: 4, 0.3: 3, 0.2: 4, 0.1: 5}.get(round(1 - low, 1), 5)
    shown = [low + (1 - low) * i / parts for i in range(parts + 1)]
    whole = all(abs(100 * t - round(100 * t)) < 1e-6 for t in shown)
    return low, [percent(t, 0 if whole else 1) for t in shown]


def _place(mark: float, low: float) -> float:
    return round(100 * min(1.0, max(0.0, (mark - low) / (1 - low))), 2)


def _read_classes(value: Mapping[str, Json]) -> Classes | None:
    """Rows of a confusion matrix, each with its share of right answers; None where too large."""
    shares, names = read_reals(value.get("per_class")), value.get("classes")
    counts = _read_counts(value.get("confusion"))
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


def _read_counts(value: Json) -> list[list[int]]:
    """The rows of a square matrix of counts; none where it has another form."""
    rows = value if isinstance(value, list) else []
    counts = [[n for n in row if type(n) is int] for row in rows if isinstance(row, list)]
    whole = [len(row) for row in rows if isinstance(row, list)] == [len(rows)] * len(rows)
    return counts if whole and all(len(row) == len(rows) for row in counts) else []
