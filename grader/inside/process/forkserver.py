"""The fork server: imports everything once, holds no secret, forks a guard per submission.

It has exactly one thread, since a fork copies only the thread that forks. A guard stands outside
the box it makes. It waits until the box ends or its lifeline is cut; then nothing is left.
"""

from __future__ import annotations

import array
import contextlib
import errno
import gc
import json
import os
import select
import shutil
import signal
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, cast

from grader.inside import wire
from grader.inside.libraries import list_installed
from grader.inside.process import preload, supervisor
from grader.inside.schema.job import GuardReport, PlacedRequest, ServerState
from grader.inside.schema.messages import FailedReply
from grader.inside.walls import cgroup, linux, lockdown, process_usage, root

_SUPERVISOR_MIB = 2048
"""What reading a submission, its answers and its outputs may take, at worst."""
_WAKE_MS = 1000
"""So often a process is woken that this one has started, in case a signal has stopped it."""
_LOOK_SECONDS = 0.2
"""So often it is seen, while everything is imported, whether the grader is still there."""


def serve(control: socket.socket, run: str, *, notebooks: bool) -> None:
    """Forks a guard for each request on `control`, until that is closed; then nothing is left."""
    try:
        with _ending_with(control, run):
            preload.import_all(run, notebooks=notebooks)
        _serve(control, run)
    finally:
        shutil.rmtree(run, ignore_errors=True)


@contextmanager
def _ending_with(control: socket.socket, run: str) -> Iterator[None]:
    """Within, which takes seconds, this process ends as soon as the grader has."""
    poll = select.poll()
    poll.register(control, 0)  # of a hang-up one is always told

    def look(_number: int, _frame: object) -> None:
        if poll.poll(0):
            shutil.rmtree(run, ignore_errors=True)
            os._exit(0)

    signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _serve(control: socket.socket, run: str) -> None:
    require_one_thread()
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    gc.collect()
    gc.freeze()
    linux.make_pages_large()
    own = os.pidfd_open(os.getpid())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards that have ended leave no zombies
    readable = root.list_readable()
    groups, guards = Groups(), Guards()
    state: ServerState = {
        "versions": preload.list_versions(),
        "landlock": lockdown.landlock_version(),
    }
    control.send(json.dumps(state).encode())
    while True:
        guards.await_request(control)
        message, ancillary, _, _ = control.recvmsg(1 << 16, socket.CMSG_SPACE(8))
        if not message:
            break
        channel, lifeline = _descriptors(ancillary)
        job = cast("PlacedRequest", {**json.loads(message), "readable": readable})
        if job["level"] >= 4:
            groups.find()
        if (pid := os.fork()) == 0:
            control.close()
            Guard(job, run, channel, lifeline, own, groups).run()
        guards.add(pid)
        channel.close()
        lifeline.close()
    control.close()
    guards.await_end()
    cgroup.sweep(groups.places)


def require_one_thread() -> None:
    """Raises RuntimeError, with the names of all threads, where there are more."""
    folder, names = "/proc/self/task", []
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/comm") as file:
            names.append(file.read().strip())
    if len(names) > 1:
        raise RuntimeError(
            f"The fork server has {len(names)} threads where it may have one: {', '.join(names)}. "
            "A fork would copy only one of them. A library has started the others while it was "
            "imported, a GPU's driver perhaps. Install the CPU build of torch."
        )


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> tuple[socket.socket, socket.socket]:
    numbers = array.array("i")
    for _, _, data in ancillary:
        numbers.frombytes(data)
    channel, lifeline = numbers
    return socket.socket(fileno=channel), socket.socket(fileno=lifeline)


def _collect(flags: int) -> None:
    """Children that have ended are waited for; with flags 0 all of them are."""
    try:
        while os.waitpid(-1, flags)[0]:
            pass
    except ChildProcessError:
        pass


class Guards:
    """The guards that live. None of them stands still for long, whoever has stopped it."""

    def __init__(self) -> None:
        self._handles: set[int] = set()

    def add(self, pid: int) -> None:
        """This one was forked just now; it may have ended already."""
        with suppress(ProcessLookupError):
            self._handles.add(os.pidfd_open(pid))

    def await_request(self, control: socket.socket) -> None:
        """Returns when something has come by `control`, or its end."""
        while control.fileno() not in self._await(control.fileno()):
            pass

    def await_end(self) -> None:
        """Returns when all have ended."""
        while self._handles:
            self._await()

    def _await(self, *more: int) -> set[int]:
        """Which descriptors have something to say; those of guards that have ended are closed."""
        poll = select.poll()
        for descriptor in (*self._handles, *more):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(_WAKE_MS)}
        for handle in self._handles & ready:
            os.close(handle)
        self._handles -= ready
        if not ready:
            for handle in self._handles:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGCONT)
        return ready


class Groups:
    """Where the control groups of level 4 are made, looked for when the first one is wanted."""

    def __init__(self) -> None:
        self.places: list[cgroup.Place] = []
        self._why = ""
        self._maker = os.getpid()

    def find(self) -> None:
        """The places are known, or why there are none. Leftovers of the dead are gone."""
        if not self.places and not self._why:
            try:
                self.places = cgroup.find_places()
            except OSError as error:
                self._why = str(error.strerror or error)
            cgroup.sweep(self.places)

    def make(self, job: PlacedRequest) -> cgroup.Group:
        """The group of one box. Raises OSError where none can be made."""
        if not self.places:
            raise OSError(errno.ENOENT, self._why)
        name = f"{self._maker}-{job['name']}"
        limits = job["group"]
        # What a process has from the fork server becomes its own as it writes to it.
        own_mib = process_usage.read_memory(os.getpid()) >> 10
        memory_mib = limits["memory_mib"] + own_mib
        return cgroup.Group(self.places, name, memory_mib=memory_mib, tasks=limits["tasks"])


class Guard:
    """Stands outside one box. The grader holds the lifeline; when it is cut, the box ends."""

    def __init__(
        self,
        job: PlacedRequest,
        run: str,
        channel: socket.socket,
        lifeline: socket.socket,
        server: int,
        groups: Groups,
    ) -> None:
        self.job, self.folder, self.channel, self.lifeline = job, run, channel, lifeline
        self.server, self.groups = server, groups
        self.group: cgroup.Group | None = None
        self.level: int = job["level"]
        self.directory = os.path.join(run, job["name"])

    def run(self) -> NoReturn:
        """Makes the box, waits for its end, reports on the lifeline."""
        report: GuardReport = {}
        try:
            linux.continue_without_parent()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            if self.level >= 4:
                self.group = self.groups.make(self.job)
            inside = self.level >= 3
            pid = self._start_with_namespaces() if inside else self._start_without()
            self.channel.close()
            report = self._wait(pid)
        except BaseException as error:
            report = {"failed": _describe(error)}
        finally:
            if self.level < 3:
                self._clear()
            if self.group is not None:
                try:
                    self.group.remove()
                except OSError as error:
                    report.setdefault("failed", _describe(error))
            try:
                self.lifeline.send(json.dumps(report).encode())
            except OSError:
                pass
            os._exit(0)

    def _start_with_namespaces(self) -> int:
        still_root = root.leave(self.job["uid"])
        uid = self.job["uid"] if still_root else os.geteuid()
        pid = os.fork()
        if pid:
            return pid
        with _Life(self.channel):
            entrance = self.group.entrance if self.group else cgroup.Entrance()
            self._close_others(*entrance.doors, entrance.events)
            _spare_for_memory()
            root.build_root(
                os.path.join(self.folder, "root"), uid, self._sizes(), self.job["datasets"]
            )
            if still_root:
                root.become_in_namespace(uid)
            linux.set_capabilities()
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # PID 1: from inside this means ignored
            writable = (root.SUBMISSION, root.TEMPORARY, root.SHARED)
            devices = (*root.DEVICES, "/proc")  # to write the child's oom_score_adj
            lockdown.confine(read=["/"], write=writable, devices=devices, signals=True)
            self._supervise(root.SUBMISSION, entrance)
        return 0

    def _sizes(self) -> dict[str, tuple[int, int]]:
        """MiB and number of files of each writable directory."""
        mib, files = self.job["limits"]["disk_mib"], self.job["submission_files"]
        return {
            root.SUBMISSION: (mib + self.job["submission_mib"], root.INODES + 8 * files),
            root.TEMPORARY: (mib, root.INODES),
            root.SHARED: (max(64, mib), root.INODES),
        }

    def _start_without(self) -> int:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        os.mkdir(self.directory, 0o700)
        as_root = os.geteuid() == 0
        if as_root:
            os.chown(self.directory, self.job["uid"], self.job["uid"])
        pid = os.fork()
        if pid:
            return pid
        with _Life(self.channel):
            self._close_others()
            if self.level >= 2:  # below, nothing would keep student code from ranking so as well
                _spare_for_memory()
            if as_root:
                root.become(self.job["uid"], kept_capabilities=self._kept_capabilities())
            linux.set_capabilities(self._kept_capabilities() if as_root else 0)
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
            self._supervise(self.directory, cgroup.Entrance())
        return 0

    def _close_others(self, *kept: int) -> None:
        """Of all descriptors those that the supervisor needs are open."""
        own = (0, 1, 2, self.channel.fileno())
        linux.close_all_but({n for n in (*own, *kept) if n >= 0})

    def _kept_capabilities(self) -> int:
        """The right to read whatever its mode, where the interpreter lies in a closed folder.

        Root's interpreter in a home of mode 0700 could not be imported from by another uid. Only
        level 2 keeps the right: there landlock's list, which binds whatever the capabilities, holds
        nothing but the interpreter and the libraries, and seccomp refuses open_by_handle_at.
        """
        if self.level == 2 and root.are_closed_to_others(list_installed()):
            return 1 << linux.CAP_DAC_READ_SEARCH
        return 0

    def _supervise(self, directory: str, entrance: cgroup.Entrance) -> None:
        if self.level >= 2:
            lockdown.supervisor_filter().install()
        if self.level >= 1:
            lockdown.bound_growth(_SUPERVISOR_MIB)
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        supervisor.Supervisor(self.job, directory, self.channel, entrance).serve()

    def _wait(self, pid: int) -> GuardReport:
        """The supervisor has ended, by itself or by force."""
        linux.continue_without_parent()  # once more: who gives up rights loses it
        handle = os.pidfd_open(pid)
        poll = select.poll()
        for descriptor in (handle, self.lifeline.fileno(), self.server):
            poll.register(descriptor, select.POLLIN)
        while not (ready := {descriptor for descriptor, _ in poll.poll(_WAKE_MS)}):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGCONT)
        if handle not in ready:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)  # of a PID 1: returns when its namespace is empty
        return {"exit": os.waitstatus_to_exitcode(status), "cut": handle not in ready}

    def _clear(self) -> None:
        """No process and no file of the box is left, at levels without namespaces."""
        while others := process_usage.list_descendants(os.getpid()):
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            _collect(os.WNOHANG)
            time.sleep(0.001)
        shutil.rmtree(self.directory, ignore_errors=True)


def _spare_for_memory() -> None:
    """Short of memory, the machine does not end this process, where it may ask for that."""
    with contextlib.suppress(PermissionError):
        lockdown.rank_for_memory(lockdown.NEVER)


class _Life:
    """The supervisor's whole life: leaves by os._exit, having told the grader what went wrong."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel

    def __enter__(self) -> None:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # until it gives up rights, then anew

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> NoReturn:
        try:
            if error is not None:
                reply: FailedReply = {"failed": _describe(error)}
                wire.write(self.channel.send, reply)
        finally:
            os._exit(0 if error is None else 1)


def _describe(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-2:]
    where = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(frames))
    name = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
    return f"{type(error).__name__} {name} {error} ({where})"[:2000]
