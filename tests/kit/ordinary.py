"""What an ordinary user runs, on a machine on which these tests run as root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.inside import libraries
from grader.inside.walls import cgroup

_ORDINARY = """
import os, sys
from grader.inside.walls import linux
uid, closed, kept, words = {uid!r}, {closed!r}, {kept!r}, {words!r}
# Folders closed to others are opened in a mount namespace of this process alone.
linux.unshare("mount")
linux.mount("", "/", "", linux.MS_PRIVATE | linux.MS_REC)
for folder in closed:
    inside = [p for p in kept if p.startswith(folder + "/")]
    held = [(p, os.open(p, os.O_PATH)) for p in inside]
    linux.mount("tmpfs", folder, "tmpfs", 0, "mode=755")
    for path, descriptor in held:
        os.makedirs(path, exist_ok=True)
        linux.mount(f"/proc/self/fd/{{descriptor}}", path, "", linux.MS_BIND | linux.MS_REC)
for folder in {groups!r}:  # as systemd delegates some to who logs in
    for name in ("", "tasks", "cgroup.procs", "cgroup.subtree_control"):
        if os.path.exists(os.path.join(folder, name)):
            os.chown(os.path.join(folder, name), uid, uid)
    with open(os.path.join(folder, "cgroup.procs"), "w") as members:
        members.write("0")
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
os.chdir("/")
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
os.execv(sys.executable, [sys.executable, *words])
"""


def run_as_ordinary(*words: str) -> str:
    """What Python prints when somebody without any rights runs it with these words."""
    done = subprocess.run(
        find_command(*words),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": "/tmp", "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def find_command(*words: str, uid: int = 23456, groups: Sequence[str] = ()) -> list[str]:
    """What root has to start, so that this user runs Python with these words, in control groups of
    its own where there are any.
    """
    closed, kept = _find_folders()
    program = _ORDINARY.format(
        uid=uid, closed=closed, kept=kept, groups=list(groups), words=list(words)
    )
    return [sys.executable, "-c", program]


@contextmanager
def made_groups() -> Iterator[list[str]]:
    """A control group in each hierarchy, empty; none where even root may make none here."""
    made: list[str] = []
    try:
        with suppress(OSError):
            made += [f"{place.path}/ordinary-{os.getpid()}" for place in cgroup.find_places()]
            for folder in made:
                Path(folder).mkdir()
        yield made
    finally:
        for folder in made:
            with suppress(FileNotFoundError):
                Path(folder).rmdir()


def _find_folders() -> tuple[list[str], list[str]]:
    """Folders closed to others on the way to what a grader needs, and what it needs."""
    package = str(Path(libraries.own_package()).parent)
    kept = [os.path.realpath(p) for p in (*libraries.list_installed(), package)]
    kept += [sys.prefix, package]
    closed: set[str] = set()
    for path in kept:
        closed |= {str(p) for p in Path(path).parents if not p.stat().st_mode & 0o001}
    outer = [c for c in closed if not any(c.startswith(o + "/") for o in closed)]
    return sorted(outer), sorted(set(kept))
