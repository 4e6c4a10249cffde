"""Questions to a student's process: at most one is open, and the limits hold meanwhile.

What supervises decodes frames but evaluates nothing. It judges nothing either: what it saw goes out
as facts, and the grader's side finds the words. How a process is started, read, measured and ended
is the system's business: `supervisor` does it on Linux, within the box.
"""

from __future__ import annotations

import secrets
import time
from asyncio import AbstractEventLoop
from typing import TYPE_CHECKING, Generic, Literal

import numpy as np

from grader.inside import cell, wire
from grader.inside.allowance import Allowance
from grader.inside.cell import SHARE
from grader.inside.loading import namespace
from grader.inside.notebooks.host import P, Runner
from grader.inside.schema.job import Limits
from grader.inside.schema.limits import PRINTED_SHARE
from grader.inside.schema.messages import (
    AnswerReply,
    AskRequest,
    Death,
    DiedReply,
    End,
    EndedReply,
    LoadRequest,
    Request,
    SharedLimit,
    Why,
)
from grader.inside.streams import Capture

if TYPE_CHECKING:
    from grader.inside.notebooks.cells import Notebook

TICK = 0.05
"""Seconds between two looks at memory, CPU time and clock."""
UNASKED_CAP = 1 << 20
"""Bytes on the result channel that nobody asked for, after which the process is killed."""
TOTAL_CAP = 512 << 20
"""Bytes of all answers of a box."""
UNKNOWN: Death = {"why": None, "code": 0, "crowded": False, "said": ""}
"""Stands for the end of a process that never was."""
Kind = Literal["load", "ask", "cells"]
"""What the student's process is busy with: its module, a question, or the cells of a notebook."""


class Question:
    """What the student's process is busy with."""

    def __init__(self, kind: Kind, remaining: float) -> None:
        self.kind = kind
        self.nonce = secrets.token_hex(16)
        self.start = time.monotonic()
        self.deadline = self.start + remaining
        cap = wire.BODY_CAP if kind == "ask" else 0
        self.reader = wire.Reader(body_cap=cap)


class Conversation(Generic[P]):
    """One submission: at most one process of the student's, at most one open question."""

    def __init__(self, limits: Limits, directory: str) -> None:
        self.limits, self.directory = limits, directory
        self._files: tuple[list[str], list[wire.Array]] = [], []
        self.allowance = Allowance(limits)
        """Of a module's top level, while that runs."""
        self.child: P | None = None
        self.question: Question | None = None
        self.death: Death | None = None
        self.out, self.err = (
            Capture(limits["output_kib"] << 10),
            Capture(limits["output_kib"] << 10),
        )
        self.cells_printed = {n: Capture(limits["output_kib"] << 10) for n in ("stdout", "stderr")}
        self.notebook: Notebook | None = None
        self.driver: Runner | None = None
        """Drives the cells while they run."""
        self.wall = self.cpu_done = self.cpu_seen = 0.0
        self.peak_kib = self.unasked = self.answered = self.starts = 0
        self.crowded = self.starting = False
        """Whether tasks were seen up to the limit; whether a kernel is starting."""
        self.misplaced: list[str] = []

    # What the system does

    def start(self, notebook: str | None = None) -> P:
        """A new process of the student's, with what is left of the CPU limit."""
        raise NotImplementedError

    def pass_question(self, child: P, pieces: list[memoryview]) -> None:
        """A question is on its way to the process."""
        raise NotImplementedError

    def catch_up(self, child: P) -> None:
        """What the process has done until now is dealt with."""
        raise NotImplementedError

    def look(self) -> float:
        """The limits are enforced; CPU seconds used until now."""
        raise NotImplementedError

    def listen(self, child: P, loop: AbstractEventLoop) -> None:
        """While cells run, this loop hears what the process writes, and of its end."""
        raise NotImplementedError

    def stop_listening(self, child: P, loop: AbstractEventLoop) -> None:
        """The loop hears nothing of it any more."""
        raise NotImplementedError

    def reply(
        self, reply: AnswerReply | DiedReply | EndedReply, arrays: list[wire.Array] | None = None
    ) -> None:
        """The grader gets this. Raises Malformed, before anything is sent, where it cannot be."""
        raise NotImplementedError

    def finish(self) -> bool:
        """No process of the student's is left; True where the room for files was used up."""
        raise NotImplementedError

    # The grader's side

    def take_request(self, request: Request, arrays: list[wire.Array]) -> None:
        """Files are placed; everything else gets one reply, now or later."""
        if request["do"] == "files":
            self._files = request["names"], arrays
            self.misplaced = namespace.place_files(self.directory, *self._files)
        elif request["do"] == "load":
            self._load(request)
        elif request["do"] == "ask":
            self._pose("ask", request, arrays)
        elif request["do"] == "end":
            self._end()

    def restore(self) -> bool:
        """The folder holds what was handed in, and nothing else, before a process is started again.

        False where a folder of the student's cannot be removed; then all stays as it is.
        """
        whole = namespace.clear_folder(self.directory)
        if whole:
            namespace.place_files(self.directory, *self._files)
        return whole

    def _load(self, request: LoadRequest) -> None:
        """The student's code runs; a notebook cell by cell, before the reply."""
        if request["entry"] is not None and cell.is_notebook(request["entry"]):
            from grader.inside.notebooks.cells import Notebook

            self.notebook = self.notebook or Notebook(self.directory, request["entry"])
            self.reply(*self.notebook.load(self))
            return
        if self.child is None:
            self.start().await_ready()
        self._pose("load", request, [])

    def _pose(
        self,
        kind: Literal["load", "ask"],
        request: LoadRequest | AskRequest,
        arrays: list[wire.Array],
    ) -> None:
        """The question is open, and on its way to the student's process."""
        if self.child is not None:
            self.catch_up(self.child)  # what was written before is unasked
        child = self.child
        if child is None:
            self.reply({"died": {**(self.death or UNKNOWN), "before": True}})
            return
        self.question = Question(kind, self.limits["wall_seconds"] - self.wall)
        if kind == "load":
            self.allowance.begin()
        posed = {**request, "nonce": self.question.nonce}
        self.pass_question(child, list(wire.encode(posed, arrays)))

    def _end(self) -> None:
        """The student's process is gone and the box's report is out."""
        full = self.finish()
        end: End = {
            "seconds": self.wall,
            "cpu_seconds": self.cpu_done,
            "peak_mib": self.peak_kib / 1024,
            "unasked": self.unasked,
            "starts": self.starts,
            "death": self.death,
            "misplaced": self.misplaced[:100],
            "full": full,
        }
        printed = zip(self.cells_printed.values(), (self.out, self.err), strict=True)
        texts = [np.frombuffer(a.text() + b.text(), np.uint8) for a, b in printed]
        self.reply({"ended": end}, texts)

    # The student's side

    def take_printed(self, child: P, capture: Capture, data: bytes) -> None:
        """The process has printed this."""
        capture.take(data)
        if capture.total > PRINTED_SHARE * capture.cap:
            child.kill("output")

    def take_result(self, child: P, kind: Literal["load", "ask"] | None, data: bytes) -> None:
        """Bytes on the result channel: the answer that is awaited, or something forged.

        By the way they came they can only belong to a question of this kind; None for any.
        """
        if child.why is not None:  # it is being killed, perhaps within an answer: nothing counts
            self.unasked += len(data) if child.why == "tampered" else 0
            return
        question = self.question
        if question is None or question.kind == "cells" or kind not in (None, question.kind):
            self._count_unasked(child, len(data))
            return
        try:
            for head, arrays in question.reader.feed(data):
                if self.question is None or head.get("nonce") != question.nonce:
                    raise wire.Malformed("a second answer, or one without the nonce")
                self._pass_on(child, head, arrays)
        except MemoryError:  # ours; what was written may be right
            child.kill("answers")
            return
        except (ValueError, OverflowError, RecursionError):  # Malformed is a ValueError
            self.unasked += len(data)
            child.kill("tampered")
            return
        if self.question is None and question.reader.pending:
            self._count_unasked(child, question.reader.pending)

    def _count_unasked(self, child: P, count: int) -> None:
        self.unasked += count
        if self.unasked > UNASKED_CAP:
            child.kill("tampered")

    def _pass_on(self, child: P, head: wire.Head, arrays: list[wire.Array]) -> None:
        """The open question is answered; raises Malformed and leaves it open where it cannot be."""
        self.answered += sum(a.nbytes for a in arrays)
        if self.answered > TOTAL_CAP:
            child.kill("answers")
            head, arrays = {"missing": {"why": "All answers together are too large."}}, []
        if self.question is not None and self.question.kind == "load":
            head = {**head, "stopped": self.allowance.passed, "crowded": self.crowded}
        # What was read may grow when it is written anew, past what the grader takes.
        self.reply({"answer": head}, arrays)
        self.close_question()

    def drive(self, runner: Runner) -> None:
        """The cells of a notebook run, as a question of their own; the watch goes on meanwhile."""
        self.question = Question("cells", self.limits["wall_seconds"] - self.wall)
        self.driver, self.starting = runner, True
        try:
            runner.run()
        finally:
            self.driver, self.starting = None, False
            self.close_question()

    def forgive_start(self) -> None:
        """The kernel is there; what its start took of the CPU is not the student's."""
        done = self.cpu_done
        self.cpu_done, self.cpu_seen = done - (self.look() - done), done
        self.starting = False

    def keep_printed(self, name: str, text: str) -> None:
        """A cell printed this on `stdout` or `stderr`."""
        self.cells_printed[name].take(text.encode("utf-8", "replace"))

    def close_question(self) -> None:
        """Nothing is asked any more; the time it took counts."""
        if self.question is not None:
            self.wall += time.monotonic() - self.question.start
        self.question = None
        self.allowance.end()

    def hold(self, child: P, *, tasks: int, cpu_seconds: float, lacks_memory: bool) -> float:
        """What the student's code uses is within the limits, or it is being killed.

        Returns the CPU seconds used until now.
        """
        if self.question is not None and time.monotonic() > self.question.deadline:
            child.kill("time")
        self.crowded = self.crowded or tasks >= self.limits["processes"]
        used = self.cpu_seen = self.cpu_done + cpu_seconds
        if used > self.limits["cpu_seconds"] and not self.starting:
            child.kill("cpu")
        if lacks_memory:
            child.kill("memory")
        step = self.allowance.check(used, self.find_spent(SHARE))
        if step == "interrupt":
            child.interrupt()
        elif step == "kill":
            child.kill(self.allowance.passed or "cell")
        return used

    def find_spent(self, share: float) -> SharedLimit | Literal[""]:
        """The limit of which more than this share was used at the last look; or an empty text."""
        now = time.monotonic() - self.question.start if self.question is not None else 0.0
        if self.cpu_seen > share * self.limits["cpu_seconds"]:
            return "cpu"
        return "time" if self.wall + now > share * self.limits["wall_seconds"] else ""

    def note_death(self, code: int, why: Why | None) -> None:
        """The process has ended so; an open question is answered with that."""
        self.death = {
            "why": why,
            "code": code,
            "crowded": self.crowded,
            "said": bytes(self.err.tail(300)).decode("utf-8", "replace"),
        }
        if self.question is not None and self.driver is None:
            self.close_question()
            self.reply({"died": self.death})
