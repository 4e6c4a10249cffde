"""Supervises one submission from outside: a conversation whose other end is this process.

It takes what a box's supervisor takes by a socket. While a request is answered, the thread that
asks watches the student's process; between requests nobody does.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from grader.inside import cell, wire
from grader.inside.notebooks.host import Runner
from grader.inside.process.conversation import TICK, Conversation
from grader.inside.schema.job import BoxRequest
from grader.inside.schema.messages import AnswerReply, DiedReply, EndedReply, Request
from grader.records.errors import SandboxError
from grader.sandbox import environment
from grader.sandbox.channel import Reply
from grader.sandbox.interpreter import Interpreter

NOTE = (
    "This ran in a fresh process whose limits were watched from outside, behind no wall: sandbox "
    "level 0, for checking oneself."
)
_UIDS = (60_600, 100)
"""First and count of the users that student code runs as where the grader is root."""
_WEIGH_SECONDS = 1.0
"""Seconds between two looks at the size of files."""
_MOST_FILES = 20_000
"""More files than that are too much, whatever they hold."""
_GIVE_BACK_SECONDS, _BEYOND_KIB = 0.5, 512 << 10
"""How long, and how far, a process may be past its memory limit that was told so."""
_LAST_SECONDS = 1.0
"""How long what a dead process had said is waited for."""


class PlainSupervisor(Conversation[Interpreter]):
    """One submission in its folder. Has the form of `channel.Requests`."""

    note = NOTE

    def __init__(
        self, request: BoxRequest, folder: str, take: Callable[[bool], Interpreter]
    ) -> None:
        """`take` gives an interpreter, ready for notebooks where it is asked so."""
        directory = os.path.join(folder, "submission")
        super().__init__(request["limits"], directory)
        self._request, self._folder, self._take = request, folder, take
        self._home = os.path.join(folder, "home")
        os.mkdir(folder, 0o711)
        self._uid = _find_uid()
        for path in (directory, self._home):
            os.mkdir(path, 0o700)
        self._answer: Reply | None = None
        self._waiting = self.cut = False
        """True where the backend was closed: nothing is waited for any more."""
        self._fault: SandboxError | None = None
        self._next_look = self._next_weighing = 0.0
        self._refused: float | None = None
        """When the process was told that it has too much memory, while it has."""
        self._full = False

    # What a box asks

    def request(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> Reply:
        """The reply. Raises SandboxError where there is none, now and from then on."""
        if self._fault is None and self._waiting:  # left by an interrupt
            self._fault = SandboxError("A box broke: a request was interrupted.")
        if self._fault is not None:
            raise self._fault
        self._waiting, self._answer = True, None
        try:
            self.take_request(cast("Request", head), list(arrays))
            while self._answer is None:
                self._turn(TICK)
        except Exception as error:
            self._fault = (
                error
                if isinstance(error, SandboxError)
                else SandboxError(f"A box broke: {type(error).__name__}: {error}")
            )
            self.drop()
            raise self._fault from error
        self._waiting = False
        return self._answer

    def send(self, head: dict[str, Any], arrays: Sequence[wire.Array] = ()) -> None:
        """A request without a reply. Raises SandboxError where it cannot be done."""
        try:
            self.take_request(cast("Request", head), list(arrays))
        except OSError as error:
            self._fault = SandboxError(f"A box broke: {type(error).__name__}: {error}")
            self.drop()
            raise self._fault from error

    def drop(self) -> dict[str, Any]:
        """No process and no file of it is left."""
        self._fault = self._fault or SandboxError("This box is closed.")
        child, self.child = self.child, None
        if child is not None:
            child.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return {}

    def _check(self) -> None:
        if self.cut:
            raise SandboxError("The sandbox is closed.")

    def _turn(self, seconds: float) -> None:
        """Something has come, or the time is over; the limits are looked at in time."""
        self._check()
        child = self.child
        if child is None:
            raise SandboxError("A box broke: nobody is there to answer.")
        data = child.receive(seconds)
        if data:
            self.take_result(child, None, data)
        if time.monotonic() >= self._next_look:
            self.look()
            self._next_look = time.monotonic() + TICK

    # What a conversation takes of a system

    def start(self, notebook: str | None = None) -> Interpreter:
        """A new process of the student's, ready."""
        self.starts += 1
        self.death = None
        child = self.child = self._take(notebook is not None)
        if self.starts == 1:
            self._uid = _give(self._uid, self.directory, self._home)
        elif self.restore():  # else, what lies there is the student's doing
            _give(self._uid, self.directory)
        child.begin(
            {
                "do": "begin",
                "seed": self._request["seed"],
                "run": self._request["run"],
                "datasets": self._request["datasets"],
                "directory": self.directory,
                "home": self._home,
                "uid": self._uid,
                "printed": "",
                "environment": environment.make_for_students(self._home),
                "notebook": notebook,
                "key": secrets.token_hex(16),
            },
            self._check,
        )
        return child

    def pass_question(self, child: Interpreter, pieces: list[memoryview]) -> None:
        """A question is on its way to the process."""
        child.send(pieces)

    def catch_up(self, child: Interpreter) -> None:
        """What the process has done until now is dealt with."""
        while data := child.receive(0):
            self.take_result(child, None, data)
        self._take_printed(child)
        if child.ended:
            self._collect(child)

    def _take_printed(self, child: Interpreter) -> None:
        for name, data in child.list_printed():
            self.take_printed(child, self.out if name == "stdout" else self.err, data)
            if child.why is not None:
                return

    def look(self) -> float:
        """The limits are enforced; CPU seconds used until now."""
        self._check()
        child = self.child
        self.cpu_seen = self.cpu_done
        if child is None:
            return self.cpu_done
        self.catch_up(child)
        if self.child is None:
            return self.cpu_done
        used = child.measure()
        self.peak_kib = max(self.peak_kib, used.memory_kib)
        tasks = used.tasks - (cell.THREADS // 2 if child.connection else 0)
        if tasks > self.limits["processes"]:
            child.kill("processes")
        if time.monotonic() >= self._next_weighing:
            self._weigh()
            self._next_weighing = time.monotonic() + _WEIGH_SECONDS
            if self._full:
                child.kill("disk")
        lacks = self._refuse_memory(child, used.memory_kib)
        return self.hold(child, tasks=tasks, cpu_seconds=used.cpu_seconds, lacks_memory=lacks)

    def _refuse_memory(self, child: Interpreter, used: int) -> bool:
        """True where more is used than allowed, KiB, and whoever was told so gave nothing back.

        The kernel would have refused it, and the code would have gone on without it.
        """
        most = self.limits["memory_mib"] << 10
        if used <= most:
            self._refused = None
            return False
        now = time.monotonic()
        if self._refused is None and self.question is not None:
            self._refused = now
            child.refuse_memory()
        is_late = self._refused is None or now - self._refused > _GIVE_BACK_SECONDS
        return is_late or used > most + _BEYOND_KIB

    def _weigh(self) -> None:
        """Whether the files take more room than they may."""
        room = (self.limits["disk_mib"] + self._request["submission_mib"]) << 20
        size, count = 0, 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                count += 1
                try:
                    size += os.lstat(os.path.join(folder, name)).st_size
                except OSError:  # it was removed meanwhile
                    continue
            if size > room or count > _MOST_FILES:
                self._full = True
                return

    def drive(self, runner: Runner) -> None:
        """The cells run, beside the loop of a kernel in which a student checks a notebook."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            super().drive(runner)
            return
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(super().drive, runner)
            try:
                running.result()
            except BaseException:
                self.cut = True
                raise

    def listen(self, child: Interpreter, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing: `look`, which the loop calls twenty times a second, hears everything."""

    def stop_listening(self, child: Interpreter, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing was listened to."""

    def _collect(self, child: Interpreter) -> None:
        """The process and all that it started are gone; an open question is answered with that."""
        used = child.measure()
        code = child.end()
        self.child = None
        if self.driver is not None:
            self.driver.note_end()
        self._take_last(child)
        child.close()
        self.cpu_done += used.cpu_seconds
        self.note_death(code, child.why)

    def _take_last(self, child: Interpreter) -> None:
        """What it had said and printed before it ended."""
        deadline = time.monotonic() + _LAST_SECONDS
        while (data := child.receive(TICK)) != b"" and time.monotonic() < deadline:
            if data:
                self.take_result(child, None, data)
        self._take_printed(child)

    def reply(
        self, reply: AnswerReply | DiedReply | EndedReply, arrays: list[wire.Array] | None = None
    ) -> None:
        """Whoever asked gets this."""
        (kind, facts), *_ = reply.items()
        self._answer = kind, cast("dict[str, Any]", facts), arrays or []

    def finish(self) -> bool:
        """No process of the student's is left; True where the room for files was used up."""
        if self.child is not None:
            self.catch_up(self.child)
        if self.child is not None:
            self.child.why = self.child.why or "end"
            self._collect(self.child)
        self._weigh()
        return self._full


def _find_uid() -> int | None:
    """A user with no rights, where this process is root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    return _UIDS[0] + secrets.randbelow(_UIDS[1])


def _give(uid: int | None, *folders: str) -> int | None:
    """The folders, and what lies in them, are the user's; None where there is no such user.

    A container may know no user but one, who is called root and is nobody special.
    """
    if uid is None or sys.platform == "win32":
        return None
    try:
        for top in folders:
            os.chown(top, uid, uid)
            for folder, folders_within, names in os.walk(top):
                for name in (*folders_within, *names):
                    os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)
    except OSError:
        return None
    return uid
