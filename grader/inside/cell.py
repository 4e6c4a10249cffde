"""What a cell is called in tracebacks and reports; the sockets of the kernel that runs it."""

from __future__ import annotations

import os
import secrets
from typing import Any

SUFFIX = ".ipynb"
SHUT_DOWN = 70
"""Exit code of a kernel that was told to end, as only the student's own code can do."""
THREADS = 12
"""Threads of a kernel and of the supervisor's client, which are not the student's."""
SHARE = 2 / 3
"""What all cells together may use of a box's time; the rest is for measuring."""
_CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
_PATH_CAP = 100
"""Longest path of a unix socket that every kernel takes, bytes."""


def is_notebook(entry: object) -> bool:
    """True where the submission is loaded cell by cell."""
    return isinstance(entry, str) and entry.endswith(SUFFIX)


def place(file: str, number: int) -> str:
    """The file name of cell `number`, counted from 1 among all cells from top to bottom."""
    return f"{file}, cell {number}"


def connection(directory: str, entry: str) -> dict[str, Any]:
    """Where a new kernel binds: a fresh folder in `directory`, with a key for its messages."""
    folder = os.path.join(directory, f".kernel-{secrets.token_hex(4)}")
    if len(folder) > _PATH_CAP:
        raise OSError(f"the path {folder} is too long for sockets; set TMPDIR to a shorter one")
    os.mkdir(folder, 0o700)
    ports = {f"{name}_port": number for number, name in enumerate(_CHANNELS, 1)}
    return {
        **ports,
        "entry": entry,
        "transport": "ipc",
        "ip": f"{folder}/k",
        "key": secrets.token_hex(16),
        "signature_scheme": "hmac-sha256",
    }
