"""Hand-ins that a case's `make.py` writes, so that the right network stands once in the repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import v4

from kit.places import ROOT

NET = (ROOT / "reference/lenet5_mnist/lenet.py").read_text(encoding="utf-8")
"""The reference's LeNet-5, which earns full marks."""
Content = str | bytes | Sequence[str]
"""A file's text, its bytes, or the cells of a notebook."""


def write(hand_ins: Path, students: Mapping[str, Mapping[str, Content]]) -> None:
    """Each student's folder holds these files."""
    for student, files in students.items():
        for name, content in files.items():
            path = hand_ins / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(content))


def encode(content: Content) -> bytes:
    """The bytes of a file; a list of texts is a notebook's cells."""
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    cells = [v4.new_code_cell(text, id=f"c{n}") for n, text in enumerate(content)]
    return nbformat.writes(v4.new_notebook(cells=cells)).encode()
