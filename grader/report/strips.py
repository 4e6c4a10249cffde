"""How far arrays are from ours, as heat strips; and pictures that were taken for others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.records.bounds import shorten
from grader.records.json_values import Json
from grader.report.texts import read_real, read_rows

MOST_CELLS = 60
"""Cells of a strip that are drawn."""
MOST_STRIPS = 48
"""Strips of one check that are drawn."""
COLDEST, SHADES = -8, 10
"""Powers of ten of a relative error: up to this one the first shade, then one for each."""
LONGEST = 80
"""Characters of a name."""
MOST_PICTURES = 20
_PICTURE = re.compile(r"\A[A-Za-z0-9+/]{1,4000}={0,2}\Z", re.ASCII)
"""The bytes of a small PNG in base 64."""
_SIGNATURE = "iVBORw0KGgo"
"""How every PNG begins, in base 64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One array: where its entries are far from ours."""

    name: str
    cells: Sequence[tuple[int, int, int]]
    """Beginning, width and shade, 0 to 9, of each run of equal cells; none where all are equal."""
    width: int
    """Of all cells together."""
    worst: float | None
    """The greatest relative error; None where there is no number."""
    equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """The arrays of a check."""

    rows: Sequence[Strip]
    left: int
    """How many more there are."""
    what: str
    """What they are, such as gradients."""


def read_strips(value: Json) -> Strips | None:
    """The strips of a check; None where it has none."""
    if not isinstance(value, dict) or not (rows := read_rows(value.get("rows"))):
        return None
    return Strips(
        rows=[_read_strip(row) for row in rows[:MOST_STRIPS]],
        left=max(0, len(rows) - MOST_STRIPS) + int(read_real(value.get("left")) or 0),
        what=shorten(str(value.get("what") or "arrays").strip(), LONGEST),
    )


def _read_strip(row: Mapping[str, Json]) -> Strip:
    bins = row.get("bins")
    powers = [read_real(b) for b in bins[:MOST_CELLS]] if isinstance(bins, list) else []
    cells: list[tuple[int, int, int]] = []
    for place, power in enumerate(powers):
        shade = _choose_shade(power)
        if cells and cells[-1][2] == shade:
            cells[-1] = (cells[-1][0], cells[-1][1] + 1, shade)
        else:
            cells.append((place, 1, shade))
    return Strip(
        name=shorten(str(row.get("name") or ""), LONGEST),
        cells=cells,
        width=len(powers),
        worst=read_real(row.get("worst")),
        equal=row.get("equal") is True,
    )


def _choose_shade(power: float | None) -> int:
    """Of a power of ten; the hottest for what is no number."""
    if power is None:
        return SHADES - 1
    return int(min(SHADES - 1, max(0.0, power - COLDEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPicture:
    """A picture that was taken for another class."""

    png: str
    """Base 64."""
    label: str
    answer: str
    share: float | None
    """How sure the network was."""


def read_errors(value: Json) -> list[WrongPicture]:
    """The pictures of a check; what is no small PNG is left out."""
    rows = read_rows(value.get("rows")) if isinstance(value, dict) else []
    pictures = []
    for row in rows[:MOST_PICTURES]:
        png = row.get("png")
        if isinstance(png, str) and png.startswith(_SIGNATURE) and _PICTURE.match(png):
            pictures.append(
                WrongPicture(
                    png=png,
                    label=str(row.get("label")),
                    answer=str(row.get("answer")),
                    share=read_real(row.get("share")),
                )
            )
    return pictures
