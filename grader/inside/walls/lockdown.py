"""What a process gives up: landlock (files, signals), seccomp (system calls), limits.

Landlock binds the calling thread and what it starts later, so it comes while a process has one
thread. Seccomp binds all threads at once and comes last. Both only ever add: a child can be
locked further, never less.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
from collections.abc import Iterable, Mapping

from grader.inside.walls import linux

# Rights of landlock on files
_EXECUTE, _WRITE, READ_FILE, READ_DIR = 1, 2, 4, 8
_SPECIAL = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 15  # char, socket, fifo, block, ioctl_dev
_MAKE_SOCKET = 1 << 9
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_SCOPE_ABSTRACT_SOCKET, _SCOPE_SIGNAL = 1, 2


def landlock_version() -> int:
    """The version of landlock that this kernel offers; 0 where it has none."""
    try:
        return linux.call("landlock_create_ruleset", None, 0, 1)
    except (OSError, KeyError):
        return 0


def confine(
    *,
    read: Iterable[str],
    write: Iterable[str] = (),
    devices: Iterable[str] = (),
    sockets: Iterable[str] = (),
    signals: bool = False,
) -> None:
    """From here on only what is listed can be opened; no TCP; nothing to run.

    Below `write` files and sockets may be made, below `sockets` only those. `signals` leaves the
    right to signal processes that are not confined like this one. Raises OSError where the kernel
    has no landlock.
    """
    version = landlock_version()
    if version < 1:
        raise OSError(errno.ENOSYS, "this kernel has no landlock")
    handled = _RIGHTS.get(version, (1 << 16) - 1)
    scope = _SCOPE_ABSTRACT_SOCKET | (0 if signals else _SCOPE_SIGNAL)
    record = struct.pack("=QQQ", handled, 3 if version >= 4 else 0, scope)
    size = 8 if version < 4 else 16 if version < 6 else 24
    buffer = ctypes.create_string_buffer(record[:size], size)
    ruleset = linux.call("landlock_create_ruleset", buffer, size, 0)
    try:
        for path in read:
            below = READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE
            _allow(ruleset, path, below & handled)
        for path in write:
            _allow(ruleset, path, handled & ~_EXECUTE & ~_SPECIAL | _MAKE_SOCKET)
        for path in devices:
            _allow(ruleset, path, (READ_FILE | _WRITE) & handled)
        for path in sockets:
            _allow(ruleset, path, (READ_FILE | READ_DIR | _MAKE_SOCKET) & handled)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        linux.call("landlock_add_rule", ruleset, 1, rule, 0)
    finally:
        os.close(descriptor)


# Classic BPF, as seccomp takes it
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_ANSWER_ALLOW = (_RETURN, 0, 0, _ALLOW)
Instruction = tuple[int, int, int, int]


def _answer(code: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _argument(number: int) -> Instruction:
    """Loads the lower half of an argument; both families are little endian."""
    return (_LOAD, 0, 0, 16 + 8 * number)


_SIGNALLING = {
    "tkill": 1, "tgkill": 2, "rt_sigqueueinfo": 1, "rt_tgsigqueueinfo": 2, "pidfd_send_signal": 1,
}  # fmt: skip
"""Calls that send a signal to one process, and which argument is the signal."""


class Filter:
    """A seccomp program. The first rule that names a call decides; unnamed calls are allowed."""

    def __init__(self) -> None:
        self._machine = linux.machine()
        self._code: list[Instruction] = [
            (_LOAD, 0, 0, 4),
            (_EQUAL, 1, 0, self._machine.audit),
            (_RETURN, 0, 0, _KILL),
            (_LOAD, 0, 0, 0),
            # newer than the table, or of the x32 family
            (_AT_LEAST, 0, 1, linux.FIRST_UNKNOWN_CALL),
            _answer(errno.ENOSYS),
        ]

    def _case(self, name: str, *body: Instruction) -> None:
        number = self._machine.calls.get(name)
        if number is not None:  # absent: this processor has no such call
            self._code += [(_EQUAL, 0, len(body), number), *body]

    def refuse(self, *names: str, code: int = errno.EPERM) -> None:
        """These calls fail with `code`; code 0 makes them do nothing and say success."""
        for name in names:
            self._case(name, _answer(code))

    def refuse_unless(self, name: str, argument: int, value: int) -> None:
        """The call fails with EPERM unless the 32-bit argument has this value."""
        test = (_EQUAL, 1, 0, value)
        self._case(name, _argument(argument), test, _answer(errno.EPERM), _ANSWER_ALLOW)

    def refuse_values(
        self, name: str, argument: int, answers: Mapping[int, int], families: str = ""
    ) -> None:
        """The call answers with a code where the 32-bit argument has one of these values.

        And with EPERM where it has one of the `families`, letters, as the second of its bytes: so
        ioctl's requests are numbered.
        """
        body = [_argument(argument)]
        for value, code in answers.items():
            body += [(_EQUAL, 0, 1, value), _answer(code)]
        body.append((_AND, 0, 0, 0xFF00))
        for letter in families:
            body += [(_EQUAL, 0, 1, ord(letter) << 8), _answer(errno.EPERM)]
        self._case(name, *body, _ANSWER_ALLOW)

    def refuse_address(self, name: str, argument: int) -> None:
        """The call fails unless the pointer is NULL; both halves are looked at."""
        upper = (_LOAD, 0, 0, 20 + 8 * argument)
        tests = [_argument(argument), (_EQUAL, 0, 2, 0), upper, (_EQUAL, 1, 0, 0)]
        self._case(name, *tests, _answer(errno.EPERM), _ANSWER_ALLOW)

    def refuse_death(self, own: int) -> None:
        """SIGKILL reaches neither the process `own` nor all at once; other processes it may."""
        no, yes = _answer(errno.EPERM), _ANSWER_ALLOW
        tests = [(_EQUAL, 3, 0, own), (_EQUAL, 2, 0, 0), (_ANY_BIT, 1, 0, 1 << 31)]
        self._case(
            "kill", _argument(1), (_EQUAL, 0, 4, signal.SIGKILL), _argument(0), *tests, yes, no
        )
        for name, place in _SIGNALLING.items():
            self.refuse_values(name, place, {signal.SIGKILL: errno.EPERM})

    def refuse_signals(self, own: int) -> None:
        """Signals reach only the process `own`, and SIGKILL not even that."""
        no, yes = _answer(errno.EPERM), _ANSWER_ALLOW
        for name, place in {"kill": 1, **_SIGNALLING}.items():
            whom, what = (_EQUAL, 0, 2, own), (_EQUAL, 0, 1, signal.SIGKILL)
            self._case(name, _argument(0), whom, _argument(place), what, no, yes)

    def limit_clone(self, *, processes: bool) -> None:
        """Clone makes no namespace, and without `processes` nothing but threads."""
        no = _answer(errno.EPERM)
        body = [_argument(0), (_ANY_BIT, 0, 1, linux.CLONE_NEW_ANY), no]
        if not processes:
            body += [(_ANY_BIT, 1, 0, linux.CLONE_THREAD), no]
        self._case("clone", *body, _ANSWER_ALLOW)
        self.refuse("clone3", code=errno.ENOSYS)  # its flags lie in memory; libc falls back

    def install(self) -> None:
        """Binds every thread of this process and all it will start."""
        program = b"".join(struct.pack("=HBBI", *i) for i in [*self._code, _ANSWER_ALLOW])
        buffer = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.call("seccomp", 1, 1, ctypes.create_string_buffer(header, len(header)))


_NEVER = (
    # other processes' memory and descriptors
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp "
    "pidfd_getfd perf_event_open "
    # mounts, namespaces and the machine
    "mount umount2 pivot_root chroot unshare setns open_tree move_mount fsopen fsconfig fsmount "
    "fspick mount_setattr statmount listmount swapon swapoff reboot sethostname setdomainname "
    "init_module finit_module delete_module kexec_load kexec_file_load quotactl quotactl_fd acct "
    "syslog uselib nfsservctl lookup_dcookie iopl ioperm modify_ldt settimeofday clock_settime "
    "clock_adjtime adjtimex mknod mknodat personality vhangup "
    # large surfaces of the kernel
    "bpf userfaultfd io_uring_setup io_uring_enter io_uring_register fanotify_init vmsplice "
    "move_pages migrate_pages name_to_handle_at open_by_handle_at "
    # what draws on one counter of the machine, or shows what others do with files that all see
    "io_setup inotify_init inotify_init1 "
    # shared objects that no namespace or limit bounds: none is made, none that others made is used
    "add_key request_key keyctl shmget semget msgget mq_open memfd_create memfd_secret "
    "shmat shmctl semop semtimedop semctl msgsnd msgrcv msgctl mq_unlink "
    # programs
    "execve execveat"
).split()
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
_GPUS = "FGKd"
"""Families of ioctl by which GPUs are driven: NVIDIA's, WSL's, AMD's, and those of all displays."""
_FCNTL = {
    **dict.fromkeys((8, 15), errno.EPERM),  # F_SETOWN, F_SETOWN_EX: signals by input and output
    **dict.fromkeys((1024, 1026, 1031), errno.EPERM),  # F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
    # Locks on files that every box sees would carry a bit from one to another. In a box nobody
    # else is there to lock against: F_SETLK, F_SETLKW and those of open files do nothing.
    **dict.fromkeys((6, 7, 37, 38), 0),
    **dict.fromkeys((5, 36), errno.EINVAL),  # F_GETLK, F_OFD_GETLK
}
"""Commands of fcntl, and what each answers."""
_BUFFERS = dict.fromkeys((7, 8, 32, 33), 0)
"""SO_SNDBUF and SO_RCVBUF, by themselves and by force, are wishes, and not granted: what waits in a
socket is memory of no process.
"""
_AF_UNIX = 1


def _basic(*, processes: bool) -> Filter:
    rules = Filter()
    rules.refuse(*_NEVER)
    requests = (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)
    rules.refuse_values("ioctl", 1, dict.fromkeys(requests, errno.EPERM), families=_GPUS)
    rules.refuse_values("fcntl", 1, _FCNTL)
    rules.refuse("flock", code=errno.ENOSYS)  # as of a system without: libraries have another way
    if not processes:
        rules.refuse("fork", "vfork")
    rules.limit_clone(processes=processes)
    return rules


def has_filters() -> bool:
    """True where the table knows this processor and the kernel takes seccomp programs."""
    try:
        linux.call("seccomp", 2, 0, ctypes.create_string_buffer(struct.pack("=I", _ERRNO)))
    except (OSError, KeyError):
        return False
    return True


def unfiltered_threads(pid: int) -> int:
    """How many threads of a process no seccomp program binds."""
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
            count += b"\nSeccomp:\t2\n" not in file.read()
    return count


def supervisor_filter() -> Filter:
    """The supervisor. What it is refused, the student's process it forks is refused too."""
    rules = _basic(processes=True)
    rules.refuse_unless("socket", 0, _AF_UNIX)
    return rules


def student_filter(*, namespaces: bool, accepts: bool = False) -> Filter:
    """The student's process. Without `namespaces` it can neither fork nor signal others.

    `accepts` lets the sockets that listen already, a kernel's, take connections.
    """
    rules = _basic(processes=namespaces)
    # Same uid as the supervisor: landlock stops signals and /proc, these stop the rest.
    rules.refuse_unless("prlimit64", 0, 0)
    rules.refuse_unless("sched_setaffinity", 0, 0)
    rules.refuse("setpriority", "ioprio_set", "sched_setattr", "sendmmsg", "pidfd_open")
    # An EPERM here makes libzmq abort the process.
    rules.refuse("sched_setparam", "sched_setscheduler", code=0)
    # Undumpable, the process would be hidden from the supervisor's memory watch.
    hidden = (linux.PR_SET_PDEATHSIG, linux.PR_SET_DUMPABLE, linux.PR_SET_CHILD_SUBREAPER)
    rules.refuse_values("prctl", 0, dict.fromkeys(hidden, 0))
    # A child that is waited for by nobody, as its parent ignores this signal, takes along what it
    # used of the CPU. DataLoader sets it too, and does without.
    rules.refuse_values("rt_sigaction", 0, {signal.SIGCHLD: 0})
    rules.refuse_address("sendto", 4)
    rules.refuse_values("setsockopt", 2, _BUFFERS)
    rules.refuse_unless("socketpair", 0, _AF_UNIX)
    # Killed, the student's process was killed by the machine, or by somebody on it.
    if namespaces:
        rules.refuse_death(os.getpid())
        # DataLoader's workers need them; root and network are the box's own.
        rules.refuse_unless("socket", 0, _AF_UNIX)
        return rules
    rules.refuse("tkill", "pidfd_send_signal")
    rules.refuse_signals(os.getpid())
    rules.refuse("socket", "connect", "bind", "listen", "sendmsg")
    if not accepts:
        rules.refuse("accept", "accept4")
    # What landlock leaves open
    rules.refuse("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown")
    rules.refuse("fchownat", "utime", "utimes", "futimesat", "utimensat")
    rules.refuse("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr")
    rules.refuse("fremovexattr")
    # As of a file system that has none: who copies a file asks for them.
    rules.refuse("getxattr", "lgetxattr", "fgetxattr", code=errno.ENOTSUP)
    rules.refuse("listxattr", "llistxattr", "flistxattr", code=errno.ENOTSUP)
    return rules


FIRST, NEVER = 1000, -1000
"""Ranks: the process that the machine ends first when it is short of memory, and one it never does.
"""


def rank_for_memory(rank: int) -> None:
    """When the machine, short of memory, ends this process and those it will start.

    Raises PermissionError where a lower rank is asked for without CAP_SYS_RESOURCE.
    """
    # Not by open(…, "w"): that empties the file first, for which landlock has another right.
    number = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(number, str(rank).encode())
    finally:
        os.close(number)


def _grown(mib: int) -> int:
    """RLIMIT_DATA of a process that may ask for so much private memory more than it has.

    Addresses that hold no memory of its own do not count: CUDA's libraries alone take gigabytes of
    them, so that RLIMIT_AS would end a process before its first line.
    """
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[5])
    return pages * resource.getpagesize() + (mib << 20)


def bound_growth(mib: int) -> None:
    """This process may take so much memory more than it has; children may choose otherwise."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _grown(mib)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def limit(*, memory_mib: int, cpu_seconds: float, processes: int | None, file_mib: int) -> None:
    """Limits of this process and its children, which cannot be raised again.

    Of memory, each process may ask for `memory_mib` more than there is now: what is too large at
    once is refused at the line that asks. What all of them use is watched from outside.
    """
    seconds = max(1, int(-(-cpu_seconds // 1)))
    grown = _grown(memory_mib)
    values = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_DATA: (grown, grown),
        resource.RLIMIT_FSIZE: (file_mib << 20, file_mib << 20),
        resource.RLIMIT_NOFILE: (256, 256),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    if processes is not None:
        values[resource.RLIMIT_NPROC] = (processes, processes)
    for which, (soft, hard) in values.items():
        ceiling = resource.getrlimit(which)[1]
        if ceiling == resource.RLIM_INFINITY:
            resource.setrlimit(which, (soft, hard))
        else:
            resource.setrlimit(which, (min(soft, ceiling), min(hard, ceiling)))
