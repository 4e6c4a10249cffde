"""A notebook's file, read outside the sandbox: its cells in order, as they stand there.

Whoever wrote the file, nothing in it is trusted: its size is capped, and a part of another form
than nbformat says is None. (Inside the sandbox, before it runs, a notebook is read by
`inside.notebooks.notebook`, which mends what can be mended.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SUFFIX = ".ipynb"
MOST_BYTES = 16 << 20
"""Largest notebook that is read."""

CellKind: TypeAlias = Literal["code", "markdown", "raw"]
_KINDS: Mapping[object, CellKind] = {"code": "code", "markdown": "markdown", "raw": "raw"}


class Unreadable(ValueError):
    """What should be a notebook cannot be read as one; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookCell:
    """One cell, as it stands in the file."""

    number: int
    """From 1, among all cells from top to bottom, as a reader counts."""
    kind: CellKind | None
    """None where the file says something else; `raw` where it says nothing."""
    source: str | None = field(repr=False)
    """Code or text; None where it is neither text nor a list of texts."""
    fields: Mapping[str, object] = field(repr=False)
    """Everything that the cell holds, outputs too; empty where it is not an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookFile:
    """A notebook, as it stands in the file."""

    cells: tuple[NotebookCell, ...]
    fields: Mapping[str, object] = field(repr=False)
    """Everything that the notebook holds."""

    @property
    def sources(self) -> list[str]:
        """Code or text of each cell; raises Unreadable where one has none."""
        for cell in self.cells:
            if cell.source is None:
                raise Unreadable(f"Cell {cell.number} of the notebook has no text.")
        return [cell.source for cell in self.cells if cell.source is not None]

    def with_sources(self, sources: Sequence[str]) -> bytes:
        """The file with other code and text in its cells, one for each."""
        cells = [
            {**cell.fields, "source": source.splitlines(keepends=True)}
            for cell, source in zip(self.cells, sources, strict=True)
        ]
        book = {**self.fields, "cells": cells}
        return f"{json.dumps(book, indent=1, ensure_ascii=False)}\n".encode()


def read_notebook(content: bytes) -> NotebookFile:
    """The notebook in these bytes.

    Raises:
        Unreadable: too large, not JSON, or without a list of cells.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(
            f"The notebook has {len(content):,} bytes; at most {MOST_BYTES:,} are shown."
        )
    try:
        book = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("The notebook is not JSON.") from error
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("The notebook holds no list of cells.")
    return NotebookFile(
        cells=tuple(_read_cell(number, cell) for number, cell in enumerate(cells, 1)), fields=book
    )


def join_text(value: object) -> str | None:
    """Text, or a list of parts of it, as nbformat allows; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "".join(value)
    return None


def _read_cell(number: int, cell: object) -> NotebookCell:
    if not isinstance(cell, dict):
        return NotebookCell(number=number, kind=None, source=None, fields={})
    kind = cell.get("cell_type", "raw")
    return NotebookCell(
        number=number,
        kind=_KINDS.get(kind) if isinstance(kind, str) else None,
        source=join_text(cell.get("source")),
        fields=cell,
    )
