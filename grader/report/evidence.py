"""What a check measured, made ready for a page: numbers as text, tables, places on a scale.

Evidence comes from checks and is of any form. What a page has no form for stays in the JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from grader.records.json_values import Json

MOST_CLASSES = 20
"""A confusion matrix with more rows than this is left out of the page."""


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


def views(evidence: Mapping[str, Json]) -> dict[str, Any]:
    """Pick from a check's evidence what a page can show; unknown or odd parts stay in the JSON."""
    makers = {
        "layers": _layers,
        "mismatch": _mismatch,
        "accuracy": _accuracy,
        "curve": _curve,
        "parameters": _parameters,
        "table": _table,
    }
    made = {key: make(evidence[key]) for key, make in makers.items() if key in evidence}
    return {key: view for key, view in made.items() if view}


def _records(value: Json) -> list[dict[str, Json]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _real(value: Json) -> float | None:
    """A finite number, or None: a record holds NaN as text."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if real and math.isfinite(value) else None  # type: ignore[arg-type]


def _curve(value: Json) -> dict[str, Any] | None:
    """A loss curve as points of a picture of 100 × 40, with its ends in numbers."""
    if not isinstance(value, dict):
        return None
    given = value.get("losses")
    losses = [_real(v) for v in given] if isinstance(given, list) else []
    known = [v for v in losses if v is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    height = (high - low) or 1.0
    places = [
        f"{100 * i / (len(losses) - 1):.2f},{40 - 40 * (v - low) / height:.2f}"
        for i, v in enumerate(losses)
        if v is not None
    ]
    return {
        "points": " ".join(places),
        "first": known[0],
        "last": known[-1],
        "of": value.get("of"),
        "spent": value.get("spent") is True,
    }


def _layers(value: Json) -> list[dict[str, Any]]:
    """Pairs of layers in order, the first that differs marked."""
    rows, found = [], False
    for row in _records(value):
        same = row.get("same") is True
        rows.append(
            {
                "sides": [
                    side if isinstance(side := row.get(key), dict) else None
                    for key in ("seen", "expected")
                ],
                "same": same,
                "first": not same and not found,
                "note": str(row.get("note") or ""),
            }
        )
        found = found or not same
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


def _accuracy(value: Json) -> dict[str, Any] | None:
    """Positions on a scale, in percent of its width, and the confusion matrix with shades 0–9."""
    if not isinstance(value, dict) or (student := _real(value.get("student"))) is None:
        return None
    marks = {key: _real(value.get(key)) for key in ("reference", "full", "zero")}
    known = [mark for mark in (student, *marks.values()) if mark is not None]
    low = max(0.0, math.floor(10 * (min(known) - 0.02)) / 10)
    place = {
        key: round(100 * min(1.0, max(0.0, (mark - low) / (1 - low))), 2)
        for key, mark in {"student": student, **marks}.items()
        if mark is not None
    }
    return {
        "student": student,
        **marks,
        "low": low,
        "at": place,
        "images": _real(value.get("images")),
        "classes": _classes(value),
    }


def _classes(value: Mapping[str, Json]) -> dict[str, Any] | None:
    """Rows of a confusion matrix, each with its share of right answers; None where too large."""
    share, matrix, names = (value.get(key) for key in ("per_class", "confusion", "classes"))
    shares = [_real(part) for part in share] if isinstance(share, list) else []
    square = isinstance(matrix, list) and all(
        isinstance(row, list) and len(row) == len(matrix) and all(type(n) is int for n in row)
        for row in matrix
    )
    counts: list[list[int]] = matrix if square and matrix else []  # type: ignore[assignment]
    size = len(counts) or len(shares)
    if not 0 < size <= MOST_CLASSES:
        return None
    labels = [str(name) for name in names] if isinstance(names, list) else []
    rows = []
    for index in range(size):
        row = counts[index] if counts else []
        total = sum(row)
        mine = shares[index] if len(shares) == size else row[index] / total if total else None
        cells = [(n, min(9, math.ceil(9 * n / total)) if total else 0) for n in row]
        rows.append({"cells": cells, "total": total, "share": mine})
    return {
        "labels": labels if len(labels) == size else [str(i) for i in range(size)],
        "rows": rows,
        "matrix": bool(counts),
    }


def _parameters(value: Json) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not (rows := _records(value.get("rows"))):
        return None
    return {"rows": rows, "total": value.get("total")}


def _table(value: Json) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not isinstance(rows := value.get("rows"), list):
        return None
    columns = value.get("columns")
    return {
        "columns": columns if isinstance(columns, list) else [],
        "rows": [row for row in rows if isinstance(row, list)],
    }
