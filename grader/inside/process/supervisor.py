"""The supervisor: PID 1 of the box, no student code. Forks the student's process and watches it.

It forwards questions and answers, and enforces what the student's process cannot be trusted with:
time, memory of all processes together, output, one answer per question. It decodes frames but
evaluates nothing. It judges nothing either: what it saw goes out as facts, and the grader's side
finds the words.

Requests on the line are `files`, which gets no reply, and `load`, `ask` and `end`, each of which
gets exactly one.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.inside import cell, wire
from grader.inside.loading import namespace
from grader.inside.notebooks.host import Runner
from grader.inside.process.child import Child, Question
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


class Supervisor:
    """One box: at most one process of the student's, at most one open question."""

    def __init__(
        self,
        job: dict[str, Any],
        directory: str,
        channel: socket.socket,
        events: int = -1,
        arrived: int = -1,
    ) -> None:
        self.job, self.directory, self.channel = job, directory, channel
        limits = job["limits"]
        self.limits = limits
        self.events, self.kills = events, cgroup.kills(events)
        """What the box's control group tells, and how many it had ended for want of memory."""
        self.arrived = arrived
        self.child: Child | None = None
        self.question: Question | None = None
        self.death: dict[str, Any] | None = None
        self.requests = wire.Reader(body_cap=wire.INWARD_CAP)
        self.out = Capture(limits["output_kib"] << 10)
        self.err = Capture(limits["output_kib"] << 10)
        self.cells_printed = {n: Capture(limits["output_kib"] << 10) for n in ("stdout", "stderr")}
        self.notebook: Notebook | None = None
        self.driver: Runner | None = None
        """Drives the cells while they run."""
        self.base = process_usage.anonymous_kib(os.getpid())
        self.wall = self.cpu_done = self.cpu_seen = 0.0
        self.peak_kib = self.unasked = self.answered = self.starts = 0
        self.crowded = self.ended = False
        self.next_look = 0.0
        self.misplaced: list[str] = []

    def serve(self) -> None:
        """Handles requests until the end, or until the grader is gone."""
        while not self.ended:
            for descriptor, _ in self._poll():
                self._ready(descriptor)
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

    def _ready(self, descriptor: int) -> None:
        child = self.child
        if descriptor == self.channel.fileno():
            self._read_channel()
        elif child is None:
            return  # it died earlier in this round
        elif descriptor == child.asks.descriptor:
            child.asks.push()
        elif descriptor == child.handle:
            self.bury(child)
        else:
            self.hear(child, descriptor)

    # The grader's side

    def _read_channel(self) -> None:
        data = self.channel.recv(1 << 20)
        if not data:
            self.ended = True
            return
        for head, arrays in self.requests.feed(data):
            if head["do"] == "files":
                self.misplaced = namespace.place(self.directory, head["names"], arrays)
            elif head["do"] == "load":
                self._load(head)
            elif head["do"] == "ask":
                self._pose("ask", head, arrays)
            elif head["do"] == "end":
                self._end()

    def _reply(self, head: dict[str, Any], arrays: list[wire.Array] | None = None) -> None:
        wire.write(self.channel.send, head, arrays or [])

    def _load(self, head: dict[str, Any]) -> None:
        """The student's code runs; a notebook cell by cell, before the reply."""
        if cell.is_notebook(head["entry"]):
            from grader.inside.notebooks.cells import Notebook

            self.notebook = self.notebook or Notebook(self.directory, head["entry"])
            self._reply(*self.notebook.load(self))
            return
        if self.child is None:
            self.start().await_ready()
        self._pose("load", head, [])

    def start(self, notebook: str | None = None) -> Child:
        """A new process of the student's, not yet ready, with what is left of the CPU limit."""
        if not self.starts:
            cgroup.await_arrival(self.arrived)
        self.starts += 1
        left = self.limits["cpu_seconds"] - self.cpu_done
        self.death = None
        self.child = Child(self.job, self.directory, max(left, 0.1), notebook)
        return self.child

    def _pose(self, kind: str, head: dict[str, Any], arrays: list[wire.Array]) -> None:
        """The question is open, and on its way to the student's process."""
        child = self.child
        if child is None:
            self._reply({"died": {**(self.death or {}), "before": True}})
            return
        self.hear(child, child.answers)  # what was written before is unasked
        if kind == "load":
            self.hear(child, child.loaded)
        self.question = Question(kind, self.limits["wall_seconds"] - self.wall)
        child.asks.add(wire.encode({**head, "nonce": self.question.nonce}, arrays))
        child.asks.push()

    # The student's side

    def hear(self, child: Child, descriptor: int) -> None:
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
                if capture.total > 100 * capture.cap:
                    child.kill("output")
            else:
                self._result(child, descriptor, data)

    def _result(self, child: Child, descriptor: int, data: bytes) -> None:
        """Bytes on the result channel: the answer that is awaited, or something forged."""
        if child.why is not None:  # it is being killed: nothing counts any more
            self.unasked += len(data)
            return
        question = self.question
        wanted = {"load": child.loaded, "ask": child.answers}.get(question.kind if question else "")
        if question is None or descriptor != wanted:
            self._unasked(child, len(data))
            return
        try:
            for head, arrays in question.reader.feed(data):
                if self.question is None or head.get("nonce") != question.nonce:
                    raise wire.Malformed("a second answer, or one without the nonce")
                self._settle(child, head, arrays)
        # Malformed is a ValueError
        except (ValueError, OverflowError, MemoryError, RecursionError):
            self.unasked += len(data)
            child.kill("tampered")
            return
        if self.question is None and question.reader.pending:
            self._unasked(child, question.reader.pending)

    def _unasked(self, child: Child, count: int) -> None:
        self.unasked += count
        if self.unasked > UNASKED_CAP:
            child.kill("tampered")

    def _settle(self, child: Child, head: dict[str, Any], arrays: list[wire.Array]) -> None:
        """The open question is answered; raises Malformed and leaves it open where it cannot be."""
        self.answered += sum(a.nbytes for a in arrays)
        if self.answered > TOTAL_CAP:
            child.kill("answers")
            head, arrays = {"missing": {"why": "All answers together are too large."}}, []
        # What was read may grow when it is written anew, past what the grader takes.
        pieces = list(wire.encode({"answer": head}, arrays))
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

    def printed(self, name: str, text: str) -> None:
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
            self._reap()
        self.cpu_seen = self.cpu_done
        if child is None or self.child is None:
            return self.cpu_done
        if self.question is not None and now > self.question.deadline:
            child.kill("time")
        seen = process_usage.take(self._others(), self.base)
        own = cell.THREADS // 2 if child.connection else 0
        self.crowded = self.crowded or seen.tasks - own >= self.limits["processes"]
        used = self.cpu_seen = self.cpu_done + seen.cpu_seconds
        if used > self.limits["cpu_seconds"]:
            child.kill("cpu")
        if seen.memory_kib > self.limits["memory_mib"] << 10:
            child.kill("memory")
        return used

    def spent(self, share: float) -> str:
        """`cpu` or `time`, where more than this share of it was used at the last look; or empty."""
        now = time.monotonic() - self.question.start if self.question is not None else 0.0
        if self.cpu_seen > share * self.limits["cpu_seconds"]:
            return "cpu"
        return "time" if self.wall + now > share * self.limits["wall_seconds"] else ""

    def _others(self) -> list[int]:
        """Processes of the box but this one."""
        if self.job["level"] >= 3:
            return process_usage.everyone()
        return process_usage.descendants(os.getpid())

    def _reap(self) -> None:
        """Dead orphans of the student's are collected, the child itself is dealt with."""
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            if found.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED):
                os.kill(found.si_pid, signal.SIGKILL)  # it asked to be traced by us
            elif self.child is not None and found.si_pid == self.child.pid:
                self.bury(self.child)
            else:
                usage = os.wait4(found.si_pid, 0)[2]
                self.cpu_done += usage.ru_utime + usage.ru_stime

    def bury(self, child: Child) -> None:
        """The child and all it started are gone; an open question is answered with that."""
        _, status, usage = os.wait4(child.pid, 0)
        child.dead = True
        self.child = None
        if self.driver is not None:
            self.driver.gone()
        self._clear_others()
        for descriptor in (child.answers, child.loaded, child.stdout, child.stderr):
            self.hear(child, descriptor)
        child.close()
        self.cpu_done += usage.ru_utime + usage.ru_stime
        self.peak_kib = max(self.peak_kib, usage.ru_maxrss)
        code = os.waitstatus_to_exitcode(status)
        self.death = {
            "why": child.why or self._why(code),
            "code": code,
            "crowded": self.crowded,
            "said": bytes(self.err.tail(300)).decode("utf-8", "replace"),
        }
        if self.question is not None and self.driver is None:
            self.close_question()
            self._reply({"died": self.death})

    def _why(self, code: int) -> str | None:
        """The limit behind a death that the operating system brought about."""
        before, self.kills = self.kills, cgroup.kills(self.events)
        if code == -signal.SIGKILL and self.kills > before:
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
            self._reap()
            time.sleep(0.001)

    def _end(self) -> None:
        """The student's process is gone and the box's report is out."""
        if self.child is not None:
            self.hear(self.child, self.child.answers)
            if self.child.why is None:
                self.child.why = "end"
            os.kill(self.child.pid, signal.SIGKILL)
            os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT)
            self.bury(self.child)
        facts = {
            "seconds": self.wall,
            "cpu_seconds": self.cpu_done,
            "peak_mib": self.peak_kib / 1024,
            "unasked": self.unasked,
            "starts": self.starts,
            "death": self.death,
            "misplaced": self.misplaced[:100],
            "full": process_usage.full(self.directory),
        }
        printed = zip(self.cells_printed.values(), (self.out, self.err), strict=True)
        texts = [np.frombuffer(a.text() + b.text(), np.uint8) for a, b in printed]
        self._reply({"ended": facts}, texts)
        self.ended = True
