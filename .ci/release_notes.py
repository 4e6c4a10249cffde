"""Prints what a release says of itself: the section of CHANGELOG.md that its tag names.

Fails where tag, version of the program and change log do not agree.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_section(changelog: str, version: str) -> str:
    """The text below `## <version>`, up to the next section; empty where there is none."""
    heading = rf"^## {re.escape(version)}(?: [^\n]*)?\n"
    found = re.search(heading + r"(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def read_version(source: str) -> str:
    """The version that grader/__init__.py names."""
    found = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    return found[1] if found else ""


def main(tag: str, root: Path = ROOT) -> str:
    """The notes of the release with this tag."""
    version = read_version((root / "grader" / "__init__.py").read_text("utf-8"))
    if tag != f"v{version}":
        sys.exit(f"The tag is {tag}, but the program is version {version}.")
    notes = read_section((root / "CHANGELOG.md").read_text("utf-8"), version)
    if not notes:
        sys.exit(f"CHANGELOG.md has nothing below `## {version}`.")
    return notes


if __name__ == "__main__":
    print(main(sys.argv[1]))
