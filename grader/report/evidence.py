"""What a check measured, made ready for a page: drawings, curves, tables, places on a scale.

Evidence comes from checks and is of any form. What a page has no form for stays in the JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grader.records import bounds
from grader.records.json_values import Json
from grader.report.drawing import Drawing, draw
from grader.report.plots import Accuracy, Curve, read_accuracy, read_curve
from grader.report.strips import Strips, WrongPicture, read_errors, read_strips
from grader.report.texts import number, percent, read_real, read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a network."""

    rows: Sequence[Mapping[str, Json]]
    odd: Sequence[Mapping[str, Json]]
    """Those that have no effect, or that no optimiser finds."""
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
    Drawing
    | Sequence[tuple[str, str]]
    | Sequence[WrongPicture]
    | Strips
    | Accuracy
    | Curve
    | Parameters
    | Table
    | Answer
    | None
)
"""What a page shows of one key of a check's evidence; nothing where it has another form."""


def views(evidence: Mapping[str, Json]) -> dict[str, View]:
    """Pick from a check's evidence what a page can show; unknown or odd parts stay in the JSON."""
    makers: Mapping[str, Callable[[Json], View]] = {
        "answer": _answer,
        "layers": draw,
        "accuracy": read_accuracy,
        "errors": read_errors,
        "curve": read_curve,
        "strips": read_strips,
        "mismatch": _mismatch,
        "parameters": _parameters,
        "table": _table,
        bounds.LEFT_OUT: _left_out,
    }
    every = {key: make(evidence[key]) for key, make in makers.items() if key in evidence}
    shown: dict[str, View] = {key: view for key, view in every.items() if view}
    if "strips" in shown and "table" in shown:  # which says the same in words and numbers
        shown["folded"] = shown.pop("table")
    return shown


def _answer(value: Json) -> Answer | None:
    if not isinstance(value, dict) or not isinstance(text := value.get("text"), str):
        return None
    return Answer(text=text, cut=value.get("cut") is True)


def _mismatch(value: Json) -> list[tuple[str, str]]:
    """What differs, where and by how much, in the order in which one reads it."""
    if not isinstance(value, dict):
        return []
    terms = [("where", "In"), ("index", "At index"), ("seen", "Yours"), ("expected", "Expected"),
             ("error", "Difference"), ("allowed", "Allowed")]  # fmt: skip
    rows = [(term, number(value[key])) for key, term in terms if value.get(key) is not None]
    wrong, total = read_real(value.get("wrong")), read_real(value.get("total"))
    if wrong is not None and total:
        rows.append(
            ("Values that differ", f"{wrong:,.0f} of {total:,.0f} ({percent(wrong / total)})")
        )
    return rows


def _parameters(value: Json) -> Parameters | None:
    if not isinstance(value, dict) or not (rows := read_rows(value.get("rows"))):
        return None
    odd = [r for r in rows if r.get("used") is False or r.get("registered") is False]
    return Parameters(rows=rows, odd=odd, total=value.get("total"))


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
