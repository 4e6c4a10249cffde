"""An honest student, last in the list: the reference's answers."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.places import ROOT


def make(folder: Path) -> None:
    """Their file."""
    (folder / "z_honest").mkdir()
    shutil.copy(ROOT / "reference/conv_arithmetic/convolutions.py", folder / "z_honest")
