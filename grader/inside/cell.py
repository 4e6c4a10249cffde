"""What a cell is called in tracebacks and reports; the sockets of the kernel that runs it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import TypedDict

SUFFIX = ".ipynb"
SHUT_DOWN = 70
"""Exit code of a kernel that was told to end, as only the student's own code can do."""
THREADS = 12
"""Threads of a kernel and of the supervisor's client, which are not the student's."""
START_SECONDS = 10.0
"""CPU seconds that the kernel's own start may take: far more than it does."""
SHARE = 2 / 3
"""What all cells together may use of a box's time; the rest is for measuring."""
_PATH_CAP = 100
"""Longest path of a unix socket that every kernel takes, bytes."""


class Connection(TypedDict):
    """Where a kernel listens, as Jupyter's connection files have it, and what it runs."""

    shell_port: int
    iopub_port: int
    stdin_port: int
    control_port: int
    hb_port: int
    entry: str
    """The notebook's name."""
    transport: str
    ip: str
    """Beginning of the sockets' paths, or an address."""
    key: str
    """Signs the messages."""
    signature_scheme: str


def is_notebook(entry: object) -> bool:
    """True where the submission is loaded cell by cell."""
    return isinstance(entry, str) and entry.endswith(SUFFIX)


def name_cell(file: str, number: int) -> str:
    """The file name of cell `number`, counted from 1 among all cells from top to bottom."""
    return f"{file}, cell {number}"


def make_local_connection(entry: str, key: str, ports: Sequence[int] = (0, 0, 0, 0)) -> Connection:
    """Where a new kernel listens on a system without sockets in folders; port 0 is any free one."""
    shell, iopub, stdin, control = ports
    return {
        "shell_port": shell,
        "iopub_port": iopub,
        "stdin_port": stdin,
        "control_port": control,
        "hb_port": 0,
        "entry": entry,
        "transport": "tcp",
        "ip": "127.0.0.1",
        "key": key,
        "signature_scheme": "hmac-sha256",
    }


def make_connection(directory: str, entry: str) -> Connection:
    """Where a new kernel binds: a fresh folder in `directory`, with a key for its messages."""
    folder = os.path.join(directory, f".kernel-{secrets.token_hex(4)}")
    if len(folder) > _PATH_CAP:
        raise OSError(f"the path {folder} is too long for sockets; set TMPDIR to a shorter one")
    os.mkdir(folder, 0o700)
    return {
        "shell_port": 1,
        "iopub_port": 2,
        "stdin_port": 3,
        "control_port": 4,
        "hb_port": 5,
        "entry": entry,
        "transport": "ipc",
        "ip": f"{folder}/k",
        "key": secrets.token_hex(16),
        "signature_scheme": "hmac-sha256",
    }
