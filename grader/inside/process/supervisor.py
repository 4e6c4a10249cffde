"""The supervisor: PID 1 of the box, no student code. Forks the student's process and watches it.

It forwards questions and answers, and enforces what the student's process cannot be trusted with:
time, memory of all processes together, output, one answer per question (`conversation`).

Requests on the channel are `files`, which gets no reply, and `load`, `ask` and `end`, each of which
gets exactly one.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from asyncio import AbstractEventLoop
from contextlib import suppress
from typing import cast

from grader.inside import cell, wire
from grader.inside.process import worker
from grader.inside.process.child import Child
from grader.inside.process.conversation import TICK, Conversation
from grader.inside.schema.job import PlacedRequest
from grader.inside.schema.messages import (
    AnswerReply,
    DiedReply,
    EndedReply,
    FailedReply,
    Request,
    Why,
)
from grader.inside.streams import drain
from grader.inside.walls import cgroup, process_usage

CHUNKS = 32
"""Reads from one pipe before the others, and the limits, have their turn."""
STILL_SECONDS = 2.0
"""How long a process of the student's may stand still, stopped by a signal, before it is woken: who
has stopped it need not have been the student. Its limits hold meanwhile.
"""
_UNCOUNTED_MIB = 64
"""By so much the watch is late: the student's process is to be refused memory before, at its line.
It may have pages of the fork server's that nobody had touched.
"""


_KILLED = (
    "the student's process was killed from outside, as the machine does when its memory, or the "
    "container's, is used up: run fewer at once (`--jobs`), or allow less (`memory_mib`)"
)


class Supervisor(Conversation[Child]):
    """A conversation within the box, with what the kernel tells of processes."""

    def __init__(
        self,
        job: PlacedRequest,
        directory: str,
        channel: socket.socket,
        entrance: cgroup.Entrance,
    ) -> None:
        super().__init__(job["limits"], directory)
        self.job, self.channel = job, channel
        self.entrance, self.kills = entrance, 0
        """To the control group, and how many processes that had ended for want of memory when the
        student's last one started.
        """
        self.fault = ""
        """Why the box is of no use any more, through nobody's fault in it."""
        self.requests = wire.Reader(body_cap=wire.INWARD_CAP)
        limit_mib = job["limits"]["memory_mib"] + _UNCOUNTED_MIB
        own_network = job["level"] >= 3
        self.memory = process_usage.MemoryLimit(limit_mib << 10, own_network=own_network)
        self.ended = False
        self.next_look = 0.0
        self.still_since = 0.0
        """When processes were first seen to stand still; 0 where all run."""

    def serve(self) -> None:
        """Handles requests until the end, or until the grader is gone."""
        while not self.ended:
            for descriptor, _ in self._poll():
                self._handle(descriptor)
            if self.child is not None and time.monotonic() >= self.next_look:
                self.look()
                self.next_look = time.monotonic() + TICK

    def _poll(self) -> list[tuple[int, int]]:
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        child = self.child
        if child is None:
            return poll.poll()
        for descriptor in (child.handle, child.answers, child.loaded, child.stdout, child.stderr):
            if descriptor not in child.ended:
                poll.register(descriptor, select.POLLIN)
        if child.asks.waiting:
            poll.register(child.asks.descriptor, select.POLLOUT)
        return poll.poll(TICK * 1000)

    def _handle(self, descriptor: int) -> None:
        child = self.child
        if descriptor == self.channel.fileno():
            self._read_channel()
        elif child is None:
            return  # it died earlier in this round
        elif descriptor == child.asks.descriptor:
            child.asks.push()
        elif descriptor == child.handle:
            self.collect(child)
        else:
            self.read(child, descriptor)

    # The grader's side

    def _read_channel(self) -> None:
        data = self.channel.recv(1 << 20)
        if not data:
            self.ended = True
            return
        for head, arrays in self.requests.feed(data):
            self.take_request(cast("Request", head), arrays)  # the other end is the grader's

    def reply(
        self, reply: AnswerReply | DiedReply | EndedReply, arrays: list[wire.Array] | None = None
    ) -> None:
        """The grader gets this. Raises Malformed, before anything is sent, where it cannot be."""
        if self.fault:
            failed: FailedReply = {"failed": self.fault}
            wire.write(self.channel.send, failed)
        else:
            wire.write(self.channel.send, reply, arrays or [])

    def start(self, notebook: str | None = None) -> Child:
        """A new process of the student's, not yet ready, with what is left of the CPU limit."""
        if notebook is not None and (threads := len(os.listdir("/proc/self/task"))) != 1:
            raise RuntimeError(f"{threads} threads: no kernel can be forked")
        if self.starts:
            self.restore()
        self.memory.base_kib = process_usage.read_memory(os.getpid())  # with the submission's files
        self.starts += 1
        left = self.limits["cpu_seconds"] - self.cpu_done
        self.death = None
        self.kills = self.entrance.count_kills()
        self.child = Child(self.job, self.directory, self.entrance, max(left, 0.1), notebook)
        return self.child

    def pass_question(self, child: Child, pieces: list[memoryview]) -> None:
        """A question is on its way to the process."""
        child.asks.add(pieces)
        child.asks.push()

    def finish(self) -> bool:
        """No process of the student's is left; True where the room for files was used up."""
        if self.child is not None:
            self.read(self.child, self.child.answers)
            pids = self._others()  # of one that was quick, nobody has looked at the memory
            self._lacks_memory(pids, process_usage.measure(pids, self.memory.base_kib))
            if self.child.why is None:
                self.child.why = "end"
            os.kill(self.child.pid, signal.SIGKILL)
            os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT)
            self.collect(self.child)
        self.ended = True
        return process_usage.is_full(self.directory)

    # The student's side

    def read(self, child: Child, descriptor: int) -> None:
        """What has come by one of its pipes is dealt with; not for ever, if it never stops."""
        for _ in range(CHUNKS):
            data = drain(descriptor)
            if not data:
                if data is not None:
                    child.ended.add(descriptor)
                return
            if descriptor in (child.stdout, child.stderr):
                capture = self.out if descriptor == child.stdout else self.err
                self.take_printed(child, capture, data)
            elif descriptor == child.loaded:
                self._end_load(child)
                self.take_result(child, "load", data)
            else:
                self.take_result(child, "ask", data)

    def catch_up(self, child: Child) -> None:
        """What the process has done until now is dealt with."""
        self.read(child, child.answers)
        self.read(child, child.loaded)

    def listen(self, child: Child, loop: AbstractEventLoop) -> None:
        """While cells run, this loop hears what the process writes, and of its end."""
        loop.add_reader(child.handle, self.collect, child)
        for descriptor in (child.stdout, child.stderr, child.answers, child.loaded):
            loop.add_reader(descriptor, self._hear, child, descriptor, loop)

    def _hear(self, child: Child, descriptor: int, loop: AbstractEventLoop) -> None:
        self.read(child, descriptor)
        if descriptor in child.ended:
            loop.remove_reader(descriptor)

    def stop_listening(self, child: Child, loop: AbstractEventLoop) -> None:
        """The loop hears nothing of it any more."""
        for descriptor in (child.handle, child.stdout, child.stderr, child.answers, child.loaded):
            loop.remove_reader(descriptor)

    def look(self) -> float:
        """Time, CPU time and memory are within the limits, or the process is being killed.

        Returns the CPU seconds used until now.
        """
        child = self.child
        if child is not None:
            self._collect_others()
        self.cpu_seen = self.cpu_done
        if child is None or self.child is None:
            return self.cpu_done
        pids = self._others()
        self._wake(pids)
        usage = process_usage.measure(pids, self.memory.base_kib)
        own = cell.THREADS // 2 if child.connection else 0
        if not worker.has_budget(self.job):
            self._hold_tasks(child, usage.tasks)
        killed = self.entrance.count_kills() > self.kills  # one that it started, perhaps
        return self.hold(
            child,
            tasks=usage.tasks - own,
            cpu_seconds=usage.cpu_seconds,
            lacks_memory=self._lacks_memory(pids, usage) or killed,
        )

    def _hold_tasks(self, child: Child, tasks: int) -> None:
        """It is killed for too many tasks, as the kernel refuses it none."""
        most = cell.THREADS if child.connection else 0
        if tasks > self.limits["processes"] + most:
            child.kill("processes")

    def _end_load(self, child: Child) -> None:
        """A file that leaves too many tasks is stopped at its end, not at some question."""
        if not worker.has_budget(self.job):
            usage = process_usage.measure(self._others(), self.memory.base_kib)
            self._hold_tasks(child, usage.tasks)

    def _lacks_memory(self, pids: list[int], usage: process_usage.Usage) -> bool:
        """More memory is used than allowed; the most that was seen is known afterwards."""
        exceeded = self.memory.is_exceeded(pids, usage.memory_kib)
        self.peak_kib = max(self.peak_kib, self.memory.used_kib)
        return exceeded

    def _wake(self, pids: list[int]) -> None:
        """Those that have stood still for a while go on."""
        still = [pid for pid in pids if process_usage.read_stat(pid)[:1] == ["T"]]
        now = time.monotonic()
        self.still_since = (self.still_since or now) if still else 0.0
        if still and now - self.still_since > STILL_SECONDS:
            for pid in still:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self.still_since = 0.0

    def _others(self) -> list[int]:
        """Processes of the box but this one."""
        if self.job["level"] >= 3:
            return process_usage.list_others()
        return process_usage.list_descendants(os.getpid())

    def _collect_others(self) -> None:
        """Dead orphans of the student's are collected, the child itself is dealt with."""
        while True:
            try:
                event = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if event is None:
                return
            if event.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED):
                os.kill(event.si_pid, signal.SIGKILL)  # it asked to be traced by us
            elif self.child is not None and event.si_pid == self.child.pid:
                self.collect(self.child)
            else:
                usage = os.wait4(event.si_pid, 0)[2]
                self.cpu_done += usage.ru_utime + usage.ru_stime

    def collect(self, child: Child) -> None:
        """The child and all it started are gone; an open question is answered with that."""
        _, status, usage = os.wait4(child.pid, 0)
        child.dead = True
        self.child = None
        if self.driver is not None:
            self.driver.note_end()
        self._clear_others()
        for descriptor in (child.answers, child.loaded, child.stdout, child.stderr):
            self.read(child, descriptor)
        child.close()
        self.cpu_done += usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        why = child.why or self._find_why(code)
        if code == -signal.SIGKILL and why is None and self.job["level"] >= 2:
            self.fault = _KILLED  # which student code cannot do (`lockdown.student_filter`)
        self.note_death(code, why)

    def _find_why(self, code: int) -> Why | None:
        """The limit behind a death that the operating system brought about."""
        if code == -signal.SIGKILL and self.entrance.count_kills() > self.kills:
            return "memory"
        spent = self.cpu_done >= self.limits["cpu_seconds"] - 0.1
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and spent):
            return "cpu"
        return None

    def _clear_others(self) -> None:
        """No process of the student's is left; those that are forked meanwhile are found again."""
        while others := self._others():
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._collect_others()
            time.sleep(0.001)
