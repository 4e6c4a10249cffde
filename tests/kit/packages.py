"""Packages of other people's, as far as an installation of them can be seen: metadata and a module."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from grader.records import extensions


@dataclass(frozen=True)
class Packages:
    """Installed into a folder that stands on `sys.path`."""

    folder: Path

    def install(self, package: str, group: str, entries: dict[str, str], text: str = "") -> Path:
        """Version 1.2 of a package with one module, and what it registers; its metadata."""
        info = self.folder / f"{package}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
        (self.folder / f"{package}.py").write_text(text)
        self.look_again()
        return info / "METADATA"

    def look_again(self) -> None:
        """What is installed now will be found."""
        extensions._find.cache_clear()

    def forget(self) -> None:
        """Nothing of them is imported or found any more."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(str(self.folder)):
                del sys.modules[name]
        self.look_again()
