"""Others who hand in what the first did, and an honest student, last in the list."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.places import ROOT


def make(folder: Path) -> None:
    """Their files."""
    first = (folder / "a_mallory/convolutions.py").read_text()
    for name in ("b_mallory", "c_mallory"):
        (folder / name).mkdir()
        (folder / name / "convolutions.py").write_text(f"{first}# {name}\n")
    (folder / "z_honest").mkdir()
    shutil.copy(ROOT / "reference/conv_arithmetic/convolutions.py", folder / "z_honest")
