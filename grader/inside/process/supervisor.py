"""The supervisor: PID 1 of the box, no student code. Forks the student's process and watches it.

It forwards questions and answers, and enforces what the student's process cannot be trusted with:
time, memory of all processes together, output, one answer per question. It decodes frames but
evaluates nothing. It judges nothing either: what it saw goes out as facts, and the grader's side
finds the words.

Requests on the channel are `files`, which gets no reply, and `load`, `ask` and `end`, each of which
gets exactly one.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from grader.inside import cell, wire
from grader.inside.loading import namespace
from grader.inside.notebooks.host import Runner
from grader.inside.process.child import Child, Question
from grader.inside.schema.job import PlacedRequest
from grader.inside.schema.limits import PRINTED_SHARE
from grader.inside.schema.messages import (
    AnswerReply,
    Death,
    DiedReply,
    End,
    EndedReply,
    LoadRequest,
    Request,
    SharedLimit,
    Why,
)
from grader.inside.streams import Capture, drain
from grader.inside.walls import cgroup, process_usage

if TYPE_CHECKING:
    from grader.inside.notebooks.cells import Notebook

TICK = 0.05
"""Seconds between two looks at memory, CPU time and clock."""
CHUNKS = 32
"""Reads from one pipe before the others, and the limits, have their turn."""
UNASKED_CAP = 1 << 20
"""Bytes on the result channel that nobody asked for, after which the process is killed."""
TOTAL_CAP = 512 << 20
"""Bytes of all answers of a box."""
_UNCOUNTED_MIB = 64
"""By so much the watch is late: the student's process is to be refused memory before, at its line.
It may have pages of the fork server's that nobody had touched.
"""
UNKNOWN: Death = {"why": None, "code": 0, "crowded": False, "said": ""}
"""Stands for the end of a process that never was."""


class Supervisor:
    """One box: at most one process of the student's, at most one open question."""

    def __init__(
        self,
        job: PlacedRequest,
        directory: str,
        channel: socket.socket,
        events: int = -1,
        arrived: int = -1,
    ) -> None:
        self.job, self.directory, self.channel = job, directory, channel
        self.limits = limits = job["limits"]
        self.events, self.kills = events, 0
        """The control group's events, and how many processes it had ended for want of memory when
        the student's last one started.
        """
        self.arrived = arrived
        self.child: Child | None = None
        self.question: Question | None = None
        self.death: Death | None = None
        self.requests = wire.Reader(body_cap=wire.INWARD_CAP)
        self.out = Capture(limits["output_kib"] << 10)
        self.err = Capture(limits["output_kib"] << 10)
        self.cells_printed = {n: Capture(limits["output_kib"] << 10) for n in ("stdout", "stderr")}
        self.notebook: Notebook | None = None
        self.driver: Runner | None = None
        """Drives the cells while they run."""
        self.memory = process_usage.MemoryLimit(limits["memory_mib"] + _UNCOUNTED_MIB << 10)
        self.wall = self.cpu_done = self.cpu_seen = 0.0
        self.peak_kib = self.unasked = self.answered = self.starts = 0
        self.crowded = self.ended = False
        self.next_look = 0.0
        self.misplaced: list[str] = []

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
            request = cast("Request", head)  # the other end is the grader's
            if request["do"] == "files":
                self.misplaced = namespace.place_files(self.directory, request["names"], arrays)
            elif request["do"] == "load":
                self._load(request)
            elif request["do"] == "ask":
                self._pose("ask", request, arrays)
            elif request["do"] == "end":
                self._end()

    def _reply(
        self, reply: AnswerReply | DiedReply | EndedReply, arrays: list[wire.Array] | None = None
    ) -> None:
        wire.write(self.channel.send, reply, arrays or [])

    def _load(self, request: LoadRequest) -> None:
        """The student's code runs; a notebook cell by cell, before the reply."""
        if request["entry"] is not None and cell.is_notebook(request["entry"]):
            from grader.inside.notebooks.cells import Notebook

            self.notebook = self.notebook or Notebook(self.directory, request["entry"])
            self._reply(*self.notebook.load(self))
            return
        if self.child is None:
            self.start().await_ready()
        self._pose("load", request, [])

    def start(self, notebook: str | None = None) -> Child:
        """A new process of the student's, not yet ready, with what is left of the CPU limit."""
        if not self.starts:
            cgroup.await_arrival(self.arrived)
        self.starts += 1
        left = self.limits["cpu_seconds"] - self.cpu_done
        self.death = None
        self.kills = cgroup.count_kills(self.events)
        self.child = Child(self.job, self.directory, max(left, 0.1), notebook)
        return self.child

    def _pose(
        self, kind: Literal["load", "ask"], request: Request, arrays: list[wire.Array]
    ) -> None:
        """The question is open, and on its way to the student's process."""
        child = self.child
        if child is None:
            self._reply({"died": {**(self.death or UNKNOWN), "before": True}})
            return
        self.read(child, child.answers)  # what was written before is unasked
        if kind == "load":
            self.read(child, child.loaded)
        self.question = Question(kind, self.limits["wall_seconds"] - self.wall)
        child.asks.add(wire.encode({**request, "nonce": self.question.nonce}, arrays))
        child.asks.push()

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
                capture.take(data)
                if capture.total > PRINTED_SHARE * capture.cap:
                    child.kill("output")
            else:
                self._take_result(child, descriptor, data)

    def _take_result(self, child: Child, descriptor: int, data: bytes) -> None:
        """Bytes on the result channel: the answer that is awaited, or something forged."""
        if child.why is not None:  # it is being killed: nothing counts any more
            self.unasked += len(data)
            return
        question = self.question
        wanted = {"load": child.loaded, "ask": child.answers}.get(question.kind if question else "")
        if question is None or descriptor != wanted:
            self._count_unasked(child, len(data))
            return
        try:
            for head, arrays in question.reader.feed(data):
                if self.question is None or head.get("nonce") != question.nonce:
                    raise wire.Malformed("a second answer, or one without the nonce")
                self._pass_on(child, head, arrays)
        # Malformed is a ValueError
        except (ValueError, OverflowError, MemoryError, RecursionError):
            self.unasked += len(data)
            child.kill("tampered")
            return
        if self.question is None and question.reader.pending:
            self._count_unasked(child, question.reader.pending)

    def _count_unasked(self, child: Child, count: int) -> None:
        self.unasked += count
        if self.unasked > UNASKED_CAP:
            child.kill("tampered")

    def _pass_on(self, child: Child, head: wire.Head, arrays: list[wire.Array]) -> None:
        """The open question is answered; raises Malformed and leaves it open where it cannot be."""
        self.answered += sum(a.nbytes for a in arrays)
        if self.answered > TOTAL_CAP:
            child.kill("answers")
            head, arrays = {"missing": {"why": "All answers together are too large."}}, []
        # What was read may grow when it is written anew, past what the grader takes.
        reply: AnswerReply = {"answer": head}
        pieces = list(wire.encode(reply, arrays))
        self.close_question()
        wire.transmit(self.channel.send, pieces)

    def drive(self, runner: Runner) -> None:
        """The cells of a notebook run, as a question of their own; the watch goes on meanwhile."""
        self.question = Question("cells", self.limits["wall_seconds"] - self.wall)
        self.driver = runner
        try:
            runner.run()
        finally:
            self.driver = None
            self.close_question()

    def keep_printed(self, name: str, text: str) -> None:
        """A cell printed this on `stdout` or `stderr`."""
        self.cells_printed[name].take(text.encode("utf-8", "replace"))

    def close_question(self) -> None:
        """Nothing is asked any more; the time it took counts."""
        if self.question is not None:
            self.wall += time.monotonic() - self.question.start
        self.question = None

    def look(self) -> float:
        """Time, CPU time and memory are within the limits, or the process is being killed.

        Returns the CPU seconds used until now.
        """
        child, now = self.child, time.monotonic()
        if child is not None:
            self._collect_others()
        self.cpu_seen = self.cpu_done
        if child is None or self.child is None:
            return self.cpu_done
        if self.question is not None and now > self.question.deadline:
            child.kill("time")
        pids = self._others()
        usage = process_usage.measure(pids, self.memory.base_kib)
        own = cell.THREADS // 2 if child.connection else 0
        self.crowded = self.crowded or usage.tasks - own >= self.limits["processes"]
        used = self.cpu_seen = self.cpu_done + usage.cpu_seconds
        if used > self.limits["cpu_seconds"]:
            child.kill("cpu")
        killed = cgroup.count_kills(self.events) > self.kills  # one that it started, perhaps
        if killed or self.memory.is_exceeded(pids, usage.memory_kib):
            child.kill("memory")
        return used

    def find_spent(self, share: float) -> SharedLimit | Literal[""]:
        """The limit of which more than this share was used at the last look; or an empty text."""
        now = time.monotonic() - self.question.start if self.question is not None else 0.0
        if self.cpu_seen > share * self.limits["cpu_seconds"]:
            return "cpu"
        return "time" if self.wall + now > share * self.limits["wall_seconds"] else ""

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
        self.peak_kib = max(self.peak_kib, usage.ru_maxrss)
        code = os.waitstatus_to_exitcode(status)
        self.death = {
            "why": child.why or self._find_why(code),
            "code": code,
            "crowded": self.crowded,
            "said": bytes(self.err.tail(300)).decode("utf-8", "replace"),
        }
        if self.question is not None and self.driver is None:
            self.close_question()
            self._reply({"died": self.death})

    def _find_why(self, code: int) -> Why | None:
        """The limit behind a death that the operating system brought about."""
        if code == -signal.SIGKILL and cgroup.count_kills(self.events) > self.kills:
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

    def _end(self) -> None:
        """The student's process is gone and the box's report is out."""
        if self.child is not None:
            self.read(self.child, self.child.answers)
            if self.child.why is None:
                self.child.why = "end"
            os.kill(self.child.pid, signal.SIGKILL)
            os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT)
            self.collect(self.child)
        end: End = {
            "seconds": self.wall,
            "cpu_seconds": self.cpu_done,
            "peak_mib": self.peak_kib / 1024,
            "unasked": self.unasked,
            "starts": self.starts,
            "death": self.death,
            "misplaced": self.misplaced[:100],
            "full": process_usage.is_full(self.directory),
        }
        printed = zip(self.cells_printed.values(), (self.out, self.err), strict=True)
        texts = [np.frombuffer(a.text() + b.text(), np.uint8) for a, b in printed]
        self._reply({"ended": end}, texts)
        self.ended = True
