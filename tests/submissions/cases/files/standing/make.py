"""Several files that could be the one, and what decides."""

from __future__ import annotations

from pathlib import Path

from kit.archives import zipped
from kit.packed import NETWORK, WEIGHTS, lay

OTHER = NETWORK + b"\n\ndef more():\n    return 1\n"


def make(folder: Path) -> None:
    """Two that differ, twice; two that are the same."""
    lay(folder / "two_folders", {"a/lenet.py": NETWORK, "b/lenet.py": OTHER})
    lay(folder / "two_cases", {"LeNet.py": NETWORK, "LENET.py": OTHER})
    lay(folder / "the_same", {"a/lenet.py": NETWORK, "b/lenet.py": NETWORK, "b/lenet.pt": WEIGHTS})
    differing = {"v1.zip": zipped({"lenet.py": NETWORK}), "v2.zip": zipped({"lenet.py": OTHER})}
    lay(folder / "two_archives", differing)
    good = zipped({"lenet.py": NETWORK, "lenet.pt": WEIGHTS})
    lay(folder / "one_with_data", {"hw.zip": good, "data.zip": zipped({"table.csv": b"1"})})
    lay(folder / "downloaded_twice", {"hw.zip": good, "hw (1).zip": good})
    lay(folder / "empty", {"notes.txt": b"I could not do it.\n"})
