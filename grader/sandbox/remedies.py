"""What a sandbox level needs that this machine lacks, and the command that would supply it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How a level comes to hold."""

    needs: str
    """A sentence."""
    command: str
    """To be typed by somebody who may; empty where no command helps."""


_SETTINGS = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu from 23.10 on
    ("kernel/unprivileged_userns_clone", "0", "1"),  # Debian up to 10, hardened kernels
    ("user/max_user_namespaces", "0", "15000"),  # RHEL 7, some clusters
)
"""Of the kernel, below /proc/sys: the value that forbids user namespaces, and one that allows."""
_DOCKER = (
    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined …"
)
_DELEGATED = "systemd-run --user --scope -p Delegate=yes grader …"
_DELEGATED_TO_ROOT = "systemd-run --scope -p Delegate=yes grader …"


def remedy(level: int, proc: Path = Path("/proc"), root: Path = Path("/")) -> Remedy:
    """What this level needs here, as far as it can be seen."""
    if level == 4:
        return _groups(root)
    if level == 3:
        return _namespaces(proc / "sys", root)
    if level == 2:
        return _landlock(root)
    return Remedy(needs="It needs Linux, with limits that may be lowered.", command="")


def _contained(root: Path) -> bool:
    return (root / ".dockerenv").exists() or (root / "run/.containerenv").exists()


def _groups(root: Path) -> Remedy:
    if _contained(root):
        needs = "It needs writable control groups for memory and pids, which containers often lack."
        return Remedy(
            needs=needs, command="docker run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup …"
        )
    needs = "It needs control groups for memory and pids that are delegated to the grader."
    return Remedy(needs=needs, command=_DELEGATED if os.geteuid() else _DELEGATED_TO_ROOT)


def _namespaces(settings: Path, root: Path) -> Remedy:
    for name, forbidding, allowing in _SETTINGS:
        if _text(settings / name) == forbidding:
            key = name.replace("/", ".")
            return Remedy(
                needs=f"It needs user namespaces, and {key} is {forbidding}.",
                command=f"sudo sysctl -w {key}={allowing}",
            )
    if _contained(root):
        needs = "It needs user namespaces and a /proc of its own, which this container refuses."
        return Remedy(needs=needs, command=_DOCKER)
    needs = "It needs user namespaces, or root on the machine itself; something refuses both."
    return Remedy(needs=needs, command="sudo grader doctor" if os.geteuid() else "")


def _landlock(root: Path) -> Remedy:
    modules = _text(root / "sys/kernel/security/lsm")
    if modules and "landlock" not in modules.split(","):
        return Remedy(
            needs=f"It needs landlock, and the kernel was started with {modules}.",
            command="sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&lsm=landlock,"
            f"{modules} /' /etc/default/grub && sudo update-grub && sudo reboot",
        )
    return Remedy(needs="It needs a kernel from 5.13 on with landlock and seccomp.", command="")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
