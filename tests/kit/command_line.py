"""The command line, called in this process or started as one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.ordinary import find_command


@dataclass(frozen=True)
class Result:
    """What a call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr of a command that was refused."""
        assert self.code == 2, f"exit {self.code}: {self.err or self.out}"
        assert "Traceback" not in self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("grader: "), self.err
        assert lines[0].endswith((".", "?")), self.err
        return lines[0]


CommandLine = Callable[..., Result]


def start(
    *words: object,
    temporary: Path,
    user: int | None = None,
    groups: Sequence[str] = (),
    **more: str,
) -> subprocess.Popen[str]:
    """The command line as a process of its own; every process of its boxes names `temporary`. Root
    may start it as another user, to whom these control groups are given.
    """
    temporary.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADER_")}
    python = ("-m", "grader", *map(str, words))
    command = [sys.executable, *python]
    if user is not None:
        command = find_command(*python, uid=user, groups=groups)
    return subprocess.Popen(
        command,
        env={**environment, "TMPDIR": str(temporary), "HOME": str(temporary), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
