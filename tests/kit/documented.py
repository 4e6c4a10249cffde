"""Commands of the documents, and a place in which they can be run: a checkout of the course, a class
of three, and a home of its own.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kit.places import ROOT

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELLS = ("bash", "console", "sh")
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<-?'?(\w+)'?")
_LOSSES = ("check", "ci", "export", "grade", "mark")
"""Verbs that end with 1 where they have done what was asked, and points were lost or a person is needed."""


@dataclass(frozen=True)
class Command:
    """One command, and what the document says that it prints."""

    text: str
    printed: tuple[str, ...] = ()
    """Lines; `…` stands for anything."""


def read_commands(page: str) -> list[Command]:
    """Those of its fenced blocks, in order."""
    blocks = _BLOCK.findall(page)
    texts = [(kind, textwrap.dedent(text)) for _, kind, text in blocks if kind in SHELLS]
    return [c for kind, text in texts for c in (_console if kind == "console" else _plain)(text)]


def _console(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        yield Command(first, tuple(line for line in rest if line.strip()))


def _plain(text: str) -> Iterator[Command]:
    lines = iter(text.splitlines())
    for line in lines:
        whole = [line]
        end = _HEREDOC.search(line)
        while (end and whole[-1] != end[1]) or whole[-1].endswith("\\"):
            whole.append(next(lines))
        if not line.lstrip().startswith("#") and line.strip():
            yield Command("\n".join(whole))


# ---------------------------------------------------------------------- place


def make_place(folder: Path) -> Path:
    """A folder in which commands of a clone run: course, class of three, data set and home."""
    work = folder / "clone"
    for name in ("assignments", "reference", "reports/templates", "docs"):
        shutil.copytree(ROOT / name, work / name)
    students = work / "SUBMISSIONS"
    sources = {
        "STUDENT": [*(work / "reference/lenet5_mnist").glob("lenet.p[yt]")],
        "Ben": [*(work / "assignments/lenet5_mnist/mistakes/tanh").iterdir()],
        "Eve": [work / "assignments/lenet5_mnist/handout/lenet.py"],
    }
    for student, files in sources.items():
        (students / student).mkdir(parents=True)
        for path in files:
            shutil.copy2(path, students / student)
    (folder / "home").mkdir()
    write_digits(folder / "data")
    return work


def write_digits(root: Path) -> None:
    """MNIST's files, which hold scikit-learn's digits: so the set is there, and no stand-in is needed."""
    from grader.data.digits import digits

    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, name in (("train", "train"), ("test", "t10k")):
        pictures, labels = digits(split)
        count, _, *sides = pictures.shape
        head = struct.pack(">IIII", 2051, count, *sides)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + pictures.tobytes())
        head = struct.pack(">II", 2049, count)
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(head + labels.astype("u1").tobytes())


def describe_environment(folder: Path) -> dict[str, str]:
    """Nothing of this machine's user; the commands of this environment come first."""
    home = str(folder / "home")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GRADER_", "PYTHON"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": home,
        "XDG_CACHE_HOME": f"{home}/cache",
        "GRADER_DATA": str(folder / "data"),
        "COLUMNS": "200",
    }


def run_session(commands: list[Command], place: Path) -> list[str]:
    """What each of the commands printed, all of them in one shell in this place."""
    marker = "-- a command of the documents has ended --"
    lines = ["exec 2>&1", "cd clone"]
    for command in commands:
        lines.append(f"eval {shlex.quote(command.text)}")
        lines.append(f'code=$?; echo; echo "{marker} $code"')
        lines.append(f"[ $code = 0 ] || {{ [ $code = 1 ] && {_may_lose(command)}; }} || exit 99")
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=place,
        env=describe_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = re.split(rf"\n{marker} \d+\n", done.stdout)
    failed = commands[min(len(outputs) - 2, len(commands) - 1)] if done.returncode else None
    assert failed is None, f"{failed.text}\n{done.stdout[-3000:]}"
    return outputs[: len(commands)]


def _may_lose(command: Command) -> str:
    return "true" if re.search(rf"^grader ({'|'.join(_LOSSES)})\b", command.text) else "false"


def find_missing(command: Command, output: str) -> list[str]:
    """What the document says that it prints, and it does not, in this order."""
    rest, missing = output, []
    parts = (part.strip() for line in command.printed for part in line.split("…"))
    for part in filter(None, parts):
        _, found, after = rest.partition(part)
        if not found:
            missing.append(part)
        rest = after if found else rest
    return missing
