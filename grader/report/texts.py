"""Numbers as text, and values of any form read for a page: what has another form is left out."""

from __future__ import annotations

from grader.records.json_values import Json


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


def read_real(value: Json) -> float | None:
    """A finite number, or None: a record holds NaN as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e300 < value < 1e300:
        return None
    return float(value)


def read_reals(value: Json) -> list[float | None]:
    """Those of a list, in their places; none where it is no list."""
    return [read_real(v) for v in value] if isinstance(value, list) else []


def read_rows(value: Json) -> list[dict[str, Json]]:
    """The records of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
