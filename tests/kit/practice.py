"""Notebooks as students really write them: the specimens, and what is handed in of each."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from kit.places import ROOT, SUBMISSIONS

PRACTICE = SUBMISSIONS / "notebooks"
EXPECTED: Mapping[str, Mapping[str, Any]] = tomllib.loads((PRACTICE / "expected.toml").read_text())
NETWORK = (PRACTICE / "network.py").read_text()
_CELL = re.compile(r"^# %%[ ]?(\w*)\n", re.MULTILINE)


def cells(text: str) -> list[Any]:
    """The notebook's cells out of a `cells.txt`."""
    first, *parts = _CELL.split(text)
    assert not first.strip(), "cells.txt begins with a line `# %%`"
    made = []
    for kind, source in zip(parts[::2], parts[1::2], strict=True):
        make = v4.new_markdown_cell if kind == "markdown" else v4.new_code_cell
        made.append(make((NETWORK if kind == "network" else source).removesuffix("\n")))
    return made


def handed_in(name: str, folder: Path) -> Path:
    """The specimen's files, in a folder of its own; `lenet.pt` is ours unless it is left out."""
    source, wanted, made = PRACTICE / name, EXPECTED[name], folder / name
    made.mkdir()
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        relative = path.relative_to(source)
        (made / relative).parent.mkdir(parents=True, exist_ok=True)
        if path.name == "make.py":
            for file, content in runpy.run_path(str(path))["files"]().items():
                (made / file).parent.mkdir(parents=True, exist_ok=True)
                (made / file).write_bytes(content)
        elif path.name == "cells.txt":
            book = nbformat.writes(v4.new_notebook(cells=cells(path.read_text())))
            (made / relative).with_name(wanted.get("file", "lenet.ipynb")).write_text(book)
        else:
            (made / relative).write_bytes(path.read_bytes())
    if wanted.get("weights", True) and not list(made.rglob("*.pt")):
        weights = (ROOT / "reference/lenet5_mnist/lenet.pt").read_bytes()
        (made / "lenet.pt").write_bytes(weights)
    return made
