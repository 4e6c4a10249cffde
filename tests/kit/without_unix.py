"""Starts the command line in an interpreter that finds none of what only Unix has."""

from __future__ import annotations

from pathlib import Path

from kit import elsewhere

HOOK = Path(elsewhere.__file__).read_text(encoding="utf-8") + "\ninstall()\n"
CALL = """
import sys
import sitecustomize
from grader.sandbox import environment
environment.FIXED["PYTHONPATH"] = sys.argv.pop(1)
from grader.cli.main import main
main(sys.argv[1:])
"""
"""A program for `python -c` that takes the hook's folder, then the words of the command line. The
folder has to stand in PYTHONPATH as well; boxes get it from here.
"""


def write_hook(folder: Path) -> Path:
    """A folder for PYTHONPATH: what starts with it is without Unix."""
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    return hook
