"""System calls that Python does not offer, and their numbers. x86-64 tried; aarch64 *not tried*.

Every function raises OSError with the errno of the call. Nothing here decides anything.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from dataclasses import dataclass

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_NAME = 1, 4, 8, 15
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 24, 36, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN = 2, 21

NEW_FLAGS = {
    "mount": 0x0002_0000,
    "uts": 0x0400_0000,
    "ipc": 0x0800_0000,
    "user": 0x1000_0000,
    "pid": 0x2000_0000,
    "net": 0x4000_0000,
}
"""Flags of unshare(2) by the namespace they make."""
CLONE_NEW_ANY, CLONE_THREAD = 0x7E02_0080, 0x0001_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 1, 2, 4, 8, 4096
MS_REC, MS_PRIVATE, MNT_DETACH = 16384, 1 << 18, 2
AT_FDCWD, AT_RECURSIVE, MADV_COLLAPSE = -100, 0x8000, 25

FIRST_UNKNOWN_CALL = 463
"""Calls from this number on are newer than the tables and answer ENOSYS in a box."""

_COMMON = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "clone3": 435,
    "close_range": 436, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "quotactl_fd": 443, "landlock_create_ruleset": 444, "landlock_add_rule": 445,
    "landlock_restrict_self": 446, "memfd_secret": 447, "process_mrelease": 448,
    "fchmodat2": 452, "statmount": 457, "listmount": 458,
}  # fmt: skip
_X86_64 = {
    "rt_sigaction": 13, "ioctl": 16, "shmget": 29, "shmat": 30, "shmctl": 31, "socket": 41,
    "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50,
    "socketpair": 53, "setsockopt": 54, "clone": 56, "fork": 57, "vfork": 58, "execve": 59,
    "kill": 62, "semget": 64, "semop": 65, "semctl": 66, "msgget": 68, "msgsnd": 69, "msgrcv": 70,
    "msgctl": 71, "fcntl": 72, "flock": 73, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93,
    "lchown": 94, "ptrace": 101, "syslog": 103, "capset": 126, "rt_sigqueueinfo": 129, "utime": 132,
    "mknod": 133, "uselib": 134, "personality": 135, "setpriority": 141, "sched_setparam": 142,
    "sched_setscheduler": 144, "vhangup": 153, "modify_ldt": 154, "pivot_root": 155, "prctl": 157,
    "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166,
    "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171,
    "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
    "nfsservctl": 180, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "getxattr": 191,
    "lgetxattr": 192, "fgetxattr": 193, "listxattr": 194, "llistxattr": 195, "flistxattr": 196,
    "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "tkill": 200,
    "sched_setaffinity": 203, "io_setup": 206, "lookup_dcookie": 212, "semtimedop": 220,
    "clock_settime": 227, "tgkill": 234, "utimes": 235, "mq_open": 240, "mq_unlink": 241,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "ioprio_set": 251,
    "inotify_init": 253, "migrate_pages": 256, "mknodat": 259, "fchownat": 260, "futimesat": 261,
    "fchmodat": 268, "unshare": 272, "vmsplice": 278, "move_pages": 279, "utimensat": 280,
    "accept4": 288, "inotify_init1": 294, "rt_tgsigqueueinfo": 297, "perf_event_open": 298,
    "fanotify_init": 300, "prlimit64": 302, "name_to_handle_at": 303, "open_by_handle_at": 304,
    "clock_adjtime": 305, "sendmmsg": 307, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "sched_setattr": 314,
    "seccomp": 317, "memfd_create": 319, "kexec_file_load": 320, "bpf": 321, "execveat": 322,
    "userfaultfd": 323,
}  # fmt: skip
_AARCH64 = {
    "io_setup": 0, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "getxattr": 8, "lgetxattr": 9,
    "fgetxattr": 10, "listxattr": 11, "llistxattr": 12, "flistxattr": 13, "removexattr": 14,
    "lremovexattr": 15, "fremovexattr": 16, "lookup_dcookie": 18, "fcntl": 25, "inotify_init1": 26,
    "ioctl": 29, "ioprio_set": 30, "flock": 32, "mknodat": 33, "umount2": 39, "mount": 40,
    "pivot_root": 41, "nfsservctl": 42, "chroot": 51, "fchmod": 52, "fchmodat": 53, "fchownat": 54,
    "fchown": 55, "vhangup": 58, "quotactl": 60, "vmsplice": 75, "utimensat": 88, "acct": 89,
    "capset": 91, "personality": 92, "unshare": 97, "kexec_load": 104, "init_module": 105,
    "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117, "sched_setparam": 118,
    "sched_setscheduler": 119, "sched_setaffinity": 122, "kill": 129, "tkill": 130, "tgkill": 131,
    "rt_sigaction": 134, "rt_sigqueueinfo": 138, "setpriority": 140, "reboot": 142,
    "sethostname": 161, "setdomainname": 162, "prctl": 167, "settimeofday": 170, "adjtimex": 171,
    "mq_open": 180, "mq_unlink": 181, "msgget": 186, "msgctl": 187, "msgrcv": 188, "msgsnd": 189,
    "semget": 190, "semctl": 191, "semtimedop": 192, "semop": 193, "shmget": 194, "shmctl": 195,
    "shmat": 196, "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202,
    "connect": 203, "sendto": 206, "setsockopt": 208, "sendmsg": 211, "add_key": 217,
    "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221, "swapon": 224, "swapoff": 225,
    "migrate_pages": 238, "move_pages": 239, "rt_tgsigqueueinfo": 240, "perf_event_open": 241,
    "accept4": 242, "prlimit64": 261, "fanotify_init": 262, "name_to_handle_at": 264,
    "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "sendmmsg": 269,
    "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "finit_module": 273,
    "sched_setattr": 274, "seccomp": 277, "memfd_create": 279, "bpf": 280, "execveat": 281,
    "userfaultfd": 282, "kexec_file_load": 294,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Machine:
    """What differs between processor families."""

    audit: int
    """The AUDIT_ARCH_ value that seccomp sees."""
    calls: dict[str, int]
    """Number of each system call that exists here."""


_MACHINES = {
    "x86_64": Machine(0xC000_003E, _X86_64 | _COMMON),
    "aarch64": Machine(0xC000_00B7, _AARCH64 | _COMMON),
}


def machine() -> Machine:
    """The table for this processor; OSError where there is none."""
    table = _MACHINES.get(platform.machine())
    if table is None or struct.calcsize("P") != 8:
        raise OSError(38, f"no table of system calls for {platform.machine()}")
    return table


_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
Argument = int | bytes | ctypes.Array[ctypes.c_char] | None


def call(name: str, *arguments: Argument) -> int:
    """The result of a system call; bytes are passed as C strings."""
    return _check(name, _libc.syscall(ctypes.c_long(machine().calls[name]), *map(_c, arguments)))


def _c(argument: Argument) -> object:
    if isinstance(argument, int):
        return ctypes.c_long(argument)
    return ctypes.c_char_p(argument) if isinstance(argument, bytes) else argument


def _check(name: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, *values: int) -> int:
    """Result of the call of that name; arguments left out are zero."""
    padded = [*values, 0, 0, 0, 0][:4]
    return _check("prctl", _libc.prctl(option, *[ctypes.c_ulong(v) for v in padded]))


def continue_without_parent() -> None:
    """The kernel wakes this process when its parent ends, in case a signal has stopped it.

    Nobody else would, and what is stopped cannot end. To be called again after a change of the user
    (prctl(2)).
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGCONT)


def unshare(*names: str) -> None:
    """This process (for "pid": its next child) is in new namespaces."""
    flags = 0
    for name in names:
        flags |= NEW_FLAGS[name]
    _check(f"unshare {' '.join(names)}", _libc.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """`target` shows `source`."""
    texts = [ctypes.c_char_p(t.encode() or None) for t in (source, target, kind)]
    arguments = (*texts, ctypes.c_ulong(flags), ctypes.c_char_p(data.encode() or None))
    _check(f"mount {target}", _libc.mount(*arguments))


def attributes(path: str, flags: int, *, recursive: bool = False) -> None:
    """The mount at `path` (and those below) has these MS_ attributes too."""
    record = ctypes.create_string_buffer(struct.pack("=QQQQ", flags, 0, 0, 0), 32)
    call("mount_setattr", AT_FDCWD, path.encode(), AT_RECURSIVE if recursive else 0, record, 32)


def enter_root(path: str) -> None:
    """`path`, a mount point, is `/`; the old root is gone from this namespace."""
    os.chdir(path)
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def set_capabilities(kept: int = 0) -> None:
    """Effective and permitted capabilities are those of the bit mask `kept`; none is inherited."""
    for number in range(64):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:
            break  # past the last capability, or the right to drop is gone already
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("=II", 0x2008_0522, 0))
    low, high = kept & 0xFFFF_FFFF, kept >> 32
    data = ctypes.create_string_buffer(struct.pack("=6I", low, low, 0, high, high, 0))
    call("capset", header, data)


def capable(number: int) -> bool:
    """True where this process has the capability in effect."""
    with open("/proc/self/status") as file:
        mask = next(line.split()[1] for line in file if line.startswith("CapEff"))
    return bool(int(mask, 16) >> number & 1)


def close_all_but(kept: set[int]) -> None:
    """Of all descriptors only `kept` are open."""
    low = 0
    for number in sorted(kept):
        if number > low:
            os.closerange(low, number)
        low = number + 1
    call("close_range", low, 0xFFFF_FFFF, 0)


def make_pages_large(at_least: int = 1 << 20) -> None:
    """Anonymous memory of this process lies in large pages where the kernel agrees (6.1 and later).

    A fork copies one entry for 2 MiB instead of 512: from 5.5 ms to 1.3 ms for 226 MiB of torch.
    """
    with open("/proc/self/maps") as file:
        lines = [line.split() for line in file]
    for line in lines:
        start, end = (int(n, 16) for n in line[0].split("-"))
        if (line[1].startswith("rw-p") and end - start >= at_least and len(line) != 6) or line[
            -1
        ] == "[heap]":
            _collapse(start, end)


def _collapse(start: int, end: int) -> None:
    unit = 2 << 20
    start, end = -(-start // unit) * unit, end // unit * unit
    if end > start:
        _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)
