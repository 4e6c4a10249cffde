"""The box of level 3: namespaces, a root of its own, a uid that owns nothing.

Called in processes with one thread. Where the grader runs as root, root mounts everything and the
uid and user namespace come last, so that nothing inside can undo a mount. Otherwise the user
namespace comes first and gives the right to mount. Student code never runs as host uid 0: there
`/proc/sys` would be writable from inside.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from grader.inside.libraries import list_installed, own_package
from grader.inside.walls import linux

SUBMISSION, TEMPORARY, SHARED = "/sub", "/tmp", "/dev/shm"
DATASETS = "/datasets"
"""Where the data sets lie that are served, at levels with a root of their own."""
INODES = 4096
_SYSTEM = ("/usr", "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/alternatives")
_ALIASES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_NAMESPACES = ("mount", "pid", "net", "ipc", "uts")


def may_mount() -> bool:
    """True where this process may mount without a user namespace."""
    return os.geteuid() == 0 and linux.capable(linux.CAP_SYS_ADMIN)


def leave(uid: int) -> bool:
    """The next child is PID 1 of new namespaces; True where it still is the host's root."""
    if may_mount():
        linux.unshare(*_NAMESPACES)
        return True
    if os.geteuid() == 0:
        become(uid)
    uid, gid = os.geteuid(), os.getegid()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else /proc/self/uid_map is not ours
    linux.unshare("user", *_NAMESPACES)
    _map(uid, gid)
    return False


def become(uid: int, *, kept_capabilities: int = 0) -> None:
    """From host root to `uid`, in no group, with no capability but those of the mask."""
    os.setgroups([])
    if kept_capabilities:
        linux.prctl(linux.PR_SET_KEEPCAPS, 1)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if kept_capabilities:
        linux.set_capabilities(kept_capabilities)


def become_in_namespace(uid: int) -> None:
    """PID 1, still host root, becomes `uid`, with a user namespace and so a process budget."""
    become(uid)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    linux.unshare("user")
    _map(uid, uid)


def _map(uid: int, gid: int) -> None:
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def build_root(
    at: str,
    uid: int,
    sizes: Mapping[str, tuple[int, int]],
    datasets: Mapping[str, str],
) -> None:
    """`/` is a read-only tmpfs with the interpreter, the libraries and sized empty directories.

    `at` is an existing directory that serves as mount point; `sizes` are MiB and files;
    `datasets` are folders of the host. The grader's own package is covered where it lies below
    something that is shown.
    """
    os.umask(0o022)
    linux.mount("", "/", "", linux.MS_PRIVATE | linux.MS_REC)
    safe = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("tmpfs", at, "tmpfs", safe, "size=1m,nr_inodes=1024,mode=755")
    # Writable directories first: something that is shown may lie below one of them.
    for path, (mib, files) in sizes.items():
        os.makedirs(at + path, exist_ok=True)
        options = f"size={mib}m,nr_inodes={files},mode=700,uid={uid},gid={uid}"
        linux.mount("tmpfs", at + path, "tmpfs", safe | linux.MS_NOEXEC, options)
    for name in _ALIASES:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{at}/{name}")
        elif os.path.isdir(f"/{name}"):
            _show(f"/{name}", at)
    for path in find_outermost([*_SYSTEM, *list_installed()]):
        _show(path, at)
    for name, folder in datasets.items():
        _show(folder, at, f"{DATASETS}/{name}")
    for path in DEVICES:
        _show(path, at, device=True)
    os.symlink("/proc/self/fd", f"{at}/dev/fd")
    with open(f"{at}/etc/passwd", "w") as file:
        file.write(f"student:x:{uid}:{uid}::/tmp:/bin/false\n")
    _cover(at, own_package())
    os.makedirs(f"{at}/proc")
    linux.mount("proc", f"{at}/proc", "proc", safe | linux.MS_NOEXEC, "hidepid=2,subset=pid")
    linux.enter_root(at)
    linux.attributes("/", linux.MS_RDONLY | safe)


def _show(path: str, at: str, name: str = "", *, device: bool = False) -> None:
    """`path` of the host is there, read-only, under `name` if one is given."""
    source, target = os.path.realpath(path), at + (name or path)
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif os.path.exists(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    else:
        return
    linux.mount(source, target, "", linux.MS_BIND | linux.MS_REC)
    special = linux.MS_NOEXEC if device else linux.MS_NODEV
    linux.attributes(target, linux.MS_RDONLY | linux.MS_NOSUID | special, recursive=True)


def _cover(at: str, path: str) -> None:
    if os.path.isdir(at + path):
        options = "size=4k,nr_inodes=1,mode=755"
        linux.mount("tmpfs", at + path, "tmpfs", linux.MS_RDONLY | linux.MS_NOEXEC, options)


def find_outermost(paths: Iterable[str]) -> list[str]:
    """Each path once, without those that lie below another one."""
    kept: list[str] = []
    for path in sorted(set(paths), key=len):
        if not any(PurePosixPath(path).is_relative_to(k) for k in kept):
            kept.append(path)
    return kept


def list_readable() -> list[str]:
    """What landlock lets a student read at level 2: as `build_root` shows, package left out."""
    roots = find_outermost([*_SYSTEM, *list_installed(), *(f"/{a}" for a in _ALIASES)])
    hidden = own_package()
    shown: list[str] = []
    for root in map(os.path.realpath, roots):
        if os.path.exists(root):
            shown += _list_without(root, hidden)
    return find_outermost([*shown, *DEVICES])


def _list_without(directory: str, hidden: str) -> list[str]:
    """`directory`, or where `hidden` lies below it, everything in it but `hidden`."""
    if directory == hidden:
        return []
    if not PurePosixPath(hidden).is_relative_to(directory):
        return [directory]
    shown: list[str] = []
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if not os.path.islink(path):
            shown += _list_without(path, hidden)
    return shown


def are_closed_to_others(paths: Iterable[str]) -> bool:
    """True where an ordinary uid cannot reach one of these directories."""
    for path in map(os.path.realpath, paths):
        for step in (path, *map(str, PurePosixPath(path).parents)):
            if not os.stat(step).st_mode & 0o001:
                return True
    return False
