"""Sessions in which cells have run: in this process, and on a kernel of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import v4

from grader.sandbox.live import LiveBox, Session

ENTRY = "tiny.ipynb"


def make_session(folder: Path, *sources: str) -> Session:
    """What these cells leave behind, each compiled under a name as kernels give them."""
    names: dict[str, Any] = {"__name__": "__main__"}
    files = {}
    for number, source in enumerate(sources, 1):
        file = f"/tmp/ipykernel_1/{number}{abs(hash(source))}.py"
        files[file] = number
        exec(compile(source, file, "exec"), names)
    return Session(names=names, sources=sources, files=files, folder=str(folder))


def open_box(session: Session) -> LiveBox:
    """The session as the box of its own notebook."""
    return LiveBox(session, ENTRY)


def run_cells(
    folder: Path, cells: Sequence[str], *, name: str = ENTRY, saved: Sequence[str] | None = None
) -> list[list[Mapping[str, Any]]]:
    """The outputs of cells of a notebook that run on an ordinary kernel in `folder`.

    The file on the disk holds the cells `saved` instead, where they are given.
    """
    book = v4.new_notebook(cells=[v4.new_code_cell(source) for source in cells])
    on_disk = v4.new_notebook(cells=[v4.new_code_cell(c) for c in (saved or cells)])
    nbformat.write(on_disk, folder / name)
    before = os.environ.get("JPY_SESSION_NAME")
    os.environ["JPY_SESSION_NAME"] = str(folder / name)  # as a Jupyter server has it
    try:
        NotebookClient(
            book,
            timeout=180,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            allow_errors=True,
        ).execute()
    finally:
        os.environ.pop("JPY_SESSION_NAME")
        if before is not None:
            os.environ["JPY_SESSION_NAME"] = before
    return [list(cell.outputs) for cell in book.cells]


def plain(outputs: Sequence[Mapping[str, Any]]) -> str:
    """What is to be read below a cell, in a program that shows text only."""
    return "\n".join(
        "\n".join(o["traceback"])
        if o["output_type"] == "error"
        else o["text"]
        if o["output_type"] == "stream"
        else o["data"].get("text/plain", "")
        for o in outputs
    )


def html(outputs: Sequence[Mapping[str, Any]]) -> str:
    """The same as HTML; of one output."""
    assert [o["output_type"] for o in outputs] == ["display_data"], outputs
    text: str = outputs[0]["data"]["text/html"]
    return text
