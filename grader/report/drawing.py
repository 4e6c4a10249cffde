"""Two networks as a drawing: a row of boxes for the student's, one for ours, pairs above another.

The places of the boxes are the template's; here stands what is in them, and what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.records.json_values import Json
from grader.report.texts import read_rows, shape

COLUMNS = 7
"""Boxes side by side; what is more stands in a further pair of rows."""
MOST = 42
"""Pairs that are drawn; of the rest it is said how many they are."""
BEFORE = 10
"""Of them, those before the first difference, where that comes late."""
WIDTH = 17
"""Characters in a box."""
State = Literal["same", "first", "differs"]
_SHORT = {
    "convolution": "conv",
    "batch_norm": "batch norm",
    "layer_norm": "layer norm",
    "max_pool2d": "max pool",
    "avg_pool2d": "average pool",
    "adaptive_avg_pool2d": "average pool",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One layer."""

    kind: str
    """Short, as it fits into the box."""
    size: str
    """Its output's shape, or nothing."""
    steps: str
    """Activations that follow, or nothing."""
    name: str
    """The student's or our name for it, in full."""
    line: str
    """Number of the line, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A layer of the student's and the one that was expected in its place."""

    number: int
    """From 1, among all pairs."""
    sides: tuple[Box | None, Box | None]
    """The student's and ours; None where there is none."""
    state: State
    note: str
    """What is wrong, in a sentence; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The pairs of two networks, in rows."""

    bands: Sequence[Sequence[Pair]]
    first: Pair | None
    """Where they part first."""
    before: int
    """Pairs left out at the beginning."""
    after: int
    """Pairs left out at the end."""

    @property
    def shown(self) -> list[Pair]:
        """All pairs that are drawn."""
        return [pair for band in self.bands for pair in band]


def draw(value: Json) -> Drawing | None:
    """The drawing of a check's rows of layers; None where there are none."""
    rows = read_rows(value)
    if not rows:
        return None
    parts = next((n for n, row in enumerate(rows) if row.get("same") is not True), None)
    start = max(0, parts - BEFORE) if parts is not None and parts >= MOST else 0
    shown = [
        _read_pair(number, row, parts)
        for number, row in enumerate(rows[start : start + MOST], start + 1)
    ]
    return Drawing(
        bands=[shown[i : i + COLUMNS] for i in range(0, len(shown), COLUMNS)],
        first=next((p for p in shown if p.state == "first"), None),
        before=start,
        after=len(rows) - start - len(shown),
    )


def _read_pair(number: int, row: Mapping[str, Json], parts: int | None) -> Pair:
    """`parts` is the place of the first row that differs."""
    same = row.get("same") is True
    return Pair(
        number=number,
        sides=(_read_box(row.get("seen")), _read_box(row.get("expected"))),
        state="same" if same else "first" if number - 1 == parts else "differs",
        note=str(row.get("note") or ""),
    )


def _read_box(value: Json) -> Box | None:
    if not isinstance(value, dict):
        return None
    steps = value.get("steps")
    return Box(
        kind=_cut(_name_kind(value)),
        size=_cut(shape(value.get("shape")).replace(" × ", "×")),
        steps=_cut(", ".join(map(str, steps)) if isinstance(steps, list) else ""),
        name=str(value.get("name") or ""),
        line=str(value.get("line") or ""),
    )


def _name_kind(layer: Mapping[str, Json]) -> str:
    """`conv 5×5`, `max pool`, `linear`."""
    kind = str(layer.get("kind") or "layer")
    window = layer.get("window")
    sides = f" {shape(window).replace(' ', '')}" if isinstance(window, list) and window else ""
    plain = re.sub(r"_?[123]d\Z", "", kind).replace("_", " ")
    return f"{_SHORT.get(kind, plain)}{sides}"


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
