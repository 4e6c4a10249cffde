"""A copy of this process that does one kind of work for it under limits, and is kept for the next.

What it is given may be hostile data, and what it runs may be an author's check without end: neither
takes this process's time or memory. Nothing of a student's is executed in it, and what it says
comes back as JSON. Linux only, as it is forked: what it works with need not be loaded again.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from grader.records.errors import SandboxError, read_text
from grader.sandbox.waiting import WAKE_SECONDS, await_awake

CPU_SECONDS = 30.0
"""Computing time of one piece of work. Then a TimeoutError is raised in it; where that is not
heard, the child is ended at twice the time.
"""
PATIENCE = 4.0
"""Wall seconds allowed for each of these."""
MEMORY_MIB = 1024
"""What it may take beyond what it had when it was forked."""
_SIZE = struct.Struct("<Q")
_ANSWER_CAP = 64 << 20
"""Largest answer, bytes."""
_NO_MEMORY = 3
"""Exit code of a child that could not even take in its work."""

Work = Callable[[Any], Any]
"""Takes anything that can be pickled, and returns a plain JSON value."""


class ChildDied(Exception):
    """The child ended before it had answered; the text says how, as a predicate."""


class WorkFailed(ChildDied):
    """It lives, but the work raised something."""


def can_fork() -> bool:
    """True where there can be such a child."""
    return sys.platform.startswith("linux")


class LimitedChild:
    """Does `work` in a child, one piece after the other. `do` may be called from several threads.

    A child that dies is replaced, and what it died of is tried once more: something else may have
    killed it.
    """

    def __init__(
        self,
        work: Work,
        *,
        cpu_seconds: float = CPU_SECONDS,
        patience: float = PATIENCE,
        memory_mib: int = MEMORY_MIB,
    ) -> None:
        """The child is forked now, while this process is small and has one thread, as a rule."""
        self._work, self._cpu_seconds, self._memory_mib = work, cpu_seconds, memory_mib
        self._wall_seconds = patience * cpu_seconds
        self._lock = threading.Lock()
        self._child: _Child | None = self._fork()
        self.started = 1
        """Children until now: a new one knows nothing of what the earlier ones were given."""

    def do(self, task: Callable[[], object]) -> Any:
        """What the work makes of `task()`, which is called anew for each child that is tried.

        Raises ChildDied where that ended two of them, WorkFailed where the work raised something.
        """
        with self._lock:
            try:
                return self._try(task)
            except WorkFailed:
                raise
            except ChildDied:
                return self._try(task)

    def _try(self, task: Callable[[], object]) -> Any:
        if self._child is None:
            self._child = self._fork()
            self.started += 1
        try:
            return self._child.ask(task(), self._wall_seconds)
        except WorkFailed:
            raise
        except BaseException:  # an interrupt, too, leaves it in the middle of its work
            self._end()
            raise

    def _fork(self) -> _Child:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else both would write what waits there
        ours, theirs = socket.socketpair()
        parent = os.getpid() if threading.current_thread() is threading.main_thread() else None
        with warnings.catch_warnings():  # that other threads do not come along
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                pid = os.fork()
            except OSError as error:
                raise SandboxError(
                    f"no process could be started in which to judge ({error.strerror}). Allow more "
                    "processes or memory"
                ) from None
        if pid == 0:
            _serve(theirs, self._work, parent, self._cpu_seconds, self._memory_mib)
        theirs.close()
        return _Child(pid, ours)

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def close(self) -> None:
        """The child is gone."""
        with self._lock:
            self._end()


class _Child:
    """One child, as its parent holds it."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self._line = line
        self._pid = pid
        self.end = weakref.finalize(self, _kill, os.getpid(), pid, line)
        """It is gone, and nothing is left of it."""

    def ask(self, task: object, seconds: float) -> Any:
        """What it answers within so many seconds. Raises ChildDied."""
        self._line.settimeout(min(WAKE_SECONDS, seconds))
        deadline = time.monotonic() + seconds
        try:
            waiting = memoryview(pickle.dumps(task, protocol=5))
            while waiting:
                waiting = waiting[await_awake(self._line.send, waiting, deadline, self._wake) :]
            (size,) = _SIZE.unpack(self._read(_SIZE.size, deadline))
            answer = json.loads(self._read(size, deadline))
            if not isinstance(answer, dict) or not answer.keys() & {"done", "failed"}:
                raise ValueError
        except TimeoutError:
            raise ChildDied(f"did not end within {seconds:g} seconds") from None
        except ValueError:
            raise ChildDied("gave an answer that is none") from None
        except (OSError, EOFError):
            raise ChildDied(self._describe_end()) from None
        if "failed" in answer:
            raise WorkFailed(f"failed: {answer['failed']}")
        return answer["done"]

    def _read(self, size: int, deadline: float) -> bytearray:
        """So many bytes. Raises EOFError where there are fewer, ValueError where too many are
        announced.
        """
        if size > _ANSWER_CAP:
            raise ValueError
        data = bytearray()
        while len(data) < size:
            most = min(size - len(data), 1 << 20)
            more = await_awake(self._line.recv, most, deadline, self._wake)
            if not more:
                raise EOFError
            data += more
        return data

    def _wake(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def _describe_end(self) -> str:
        """How it ended, once its line is closed; it is ended if it goes on without one."""
        deadline = time.monotonic() + WAKE_SECONDS
        with suppress(ChildProcessError):
            while not _has_ended(self._pid) and time.monotonic() < deadline:
                time.sleep(0.01)
            _kill_group(self._pid)
            code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self.end.detach()
            self._line.close()
            if code == -signal.SIGPROF:
                return "took more computing time than allowed"
            if code == _NO_MEMORY:
                return "needed more memory than allowed"
            if code < 0:
                return f"was ended by signal {-code}"
        return "ended"


def _kill(owner: int, pid: int, line: socket.socket) -> None:
    line.close()
    if os.getpid() == owner:  # else a fork of the grader's ends, whose child this is not
        with suppress(ChildProcessError):
            _kill_group(pid)
            os.waitpid(pid, 0)


def _kill_group(pid: int) -> None:
    """End a child that has not been waited for, and what a check has started in it."""
    for end in (os.kill, os.killpg):  # it may not have a group of its own yet
        with suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


# ---------------------------------------------------------------------- in the child


def _serve(
    line: socket.socket, work: Work, parent: int | None, cpu_seconds: float, memory_mib: int
) -> NoReturn:
    """Work comes and answers go, until the line is closed."""
    try:
        own = os.getpid()
        gc.freeze()  # what the parent has is not this process's to finalise
        _settle(line, parent)
        _limit_memory(memory_mib)
        while True:
            with line.makefile("rb") as coming:
                task = pickle.load(coming)
            data = json.dumps(_do(work, task, cpu_seconds)).encode()
            if os.getpid() != own:  # what a check has forked comes back as well
                os._exit(0)
            line.sendall(_SIZE.pack(len(data)))
            line.sendall(data)
    except MemoryError:
        os._exit(_NO_MEMORY)
    finally:
        os._exit(0)


def _settle(line: socket.socket, parent: int | None) -> None:
    """Signals mean what they do elsewhere, but Ctrl-C is the parent's; it ends with its parent.

    Other descriptors, sockets of boxes among them, lead nowhere: their numbers stay taken, so that
    an object of the parent's that closes its own hits nothing of ours.
    """
    from grader.inside.walls import linux

    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGVTALRM, _interrupt)
    if parent is not None:  # of another thread than the first it would be that thread's end
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in (1, 2, nowhere, line.fileno()):
            with suppress(OSError):  # the folder itself is closed by now
                os.fstat(descriptor)
                os.dup2(nowhere, descriptor)


def _limit_memory(more_mib: int) -> None:
    import resource

    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = taken + (more_mib << 20)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    signal.setitimer(signal.ITIMER_VIRTUAL, 1.0)  # where the first is not heard, or another starts
    raise TimeoutError("it took more computing time than allowed")


def _do(work: Work, task: object, cpu_seconds: float) -> dict[str, Any]:
    """What the work makes of the task, or how it failed."""
    signal.setitimer(signal.ITIMER_PROF, 2 * cpu_seconds)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
    try:
        return {"done": work(task)}
    except BaseException as error:  # an exit, too, is that of the work alone
        return {"failed": f"{type(error).__name__}: {read_text(error)[:500]}"}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
