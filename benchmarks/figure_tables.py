"""A section of the page of figures, and what its rows are read from."""

from __future__ import annotations

import json
import runpy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.inside.shims import vision

ROOT = Path(__file__).resolve().parents[1]
NONE = "—"
"""In place of a figure: the document states none, or we measured none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One assignment: a table of what its document states and of what is ours."""

    title: str
    """Begins with the name of the assignment."""
    rows: Sequence[tuple[str, ...]]
    head: tuple[str, ...] = ("figure", "document", "ours")
    notes: tuple[str, ...] = ()
    """Paragraphs below the table."""

    @property
    def lines(self) -> list[str]:
        """Markdown, one blank line at the end."""
        first, *rest = (f"| {' | '.join(cells)} |" for cells in (self.head, *self.rows))
        table = [first, f"|{'---|' * len(self.head)}", *rest]
        below = [line for note in self.notes for line in (note, "")]
        return [f"## {self.title}", "", *table, "", *below]


def reference(slug: str, name: str) -> dict[str, Any]:
    """The names of a file of the reference, once it has run."""
    vision.install()
    return runpy.run_path(str(ROOT / "reference" / slug / name))


def record(slug: str) -> Any:
    """What `train.py` of the reference wrote down."""
    return json.loads((ROOT / "reference" / slug / "record.json").read_text(encoding="utf-8"))


def origin(slug: str, seeds: str, seconds: float, unit: str = "s") -> str:
    """Which record the accuracies are from, and what it says of their making."""
    found = record(slug)
    names = {"python": "Python"}
    versions = ", ".join(f"{names.get(n, n)} {v}" for n, v in found["versions"].items())
    machine = found.get("machine", "a machine that the record does not name")
    if isinstance(machine, dict):
        machine = f"{machine['processor']}, {machine['threads']} thread"
    return (
        f"Accuracies are those of `reference/{slug}/record.json`: {seeds}, {seconds:.1f} {unit}, "
        f"{versions}, {machine}."
    )


def epochs(
    what: str, documents: Sequence[float | None], ours: Sequence[float]
) -> list[tuple[str, str, str]]:
    """A row for each epoch; shares of 1 or losses, to four digits."""
    return [
        (f"{what} after epoch {n}", NONE if said is None else f"{said:.4f}", f"{own:.4f}")
        for n, (said, own) in enumerate(zip(documents, ours, strict=True), start=1)
    ]
