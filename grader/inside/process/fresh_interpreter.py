"""The student's process where nothing is forked: an interpreter, started for one submission.

It gives up no rights but those of root. Questions come by standard input and answers leave by
standard output, which become descriptors of its own before anything else; what is printed goes to
two files. A thread reads the questions, so that the process ends with the grader even in the midst
of an endless loop.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, NoReturn, cast

from grader.inside import cell, wire
from grader.inside.loading import namespace, own_modules, reading
from grader.inside.loading.namespace import Names
from grader.inside.process import answering, preload
from grader.inside.process.answering import Question
from grader.inside.schema.job import FreshRequest, FreshState
from grader.inside.schema.messages import Answer, Posed

if TYPE_CHECKING:
    from grader.inside.notebooks.kernel import App

_BINARY = getattr(os, "O_BINARY", 0)


def main() -> NoReturn:
    """Imports everything, loads what it is told to, answers until the questions end."""
    caches, notebooks = sys.argv[1], "notebooks" in sys.argv[2:]
    questions, answers = _take_streams()
    inbox = Inbox(questions)
    state: FreshState
    try:
        preload.import_all(caches, notebooks=notebooks)
        request = cast("FreshRequest", inbox.await_next()[0])  # the other end is the grader's
        if request["notebook"] and not notebooks:
            from grader.inside.notebooks import jupyter

            jupyter.preload(caches)
        app = _begin(request)
        state = {"ready": [] if app is None else _list_ports(app)}
    except BaseException as error:
        app, state = None, {"failed": f"{type(error).__name__}: {error}"[:2000]}
    try:
        _write(answers, list(wire.encode(state)))
        names: Names = {}
        if app is not None:
            from grader.inside.notebooks import kernel

            names = kernel.run(app)

        def send(_posed: Posed, answer: Answer, arrays: list[wire.Array]) -> None:
            answering.send(answers, answer, arrays)

        from grader.inside.measuring import measure

        answering.serve(inbox.list_questions(), measure.answer, names, request["directory"], send)
    finally:
        os._exit(0)


def _take_streams() -> tuple[int, int]:
    """Descriptors of questions and answers; 0, 1 and 2 are nobody's from now on."""
    questions, answers = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (questions, answers):
            msvcrt.setmode(descriptor, os.O_BINARY)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)  # the log of the start, until the submission's own files take its place
    os.close(null)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return questions, answers


class Inbox:
    """Frames of the grader's, read by a thread as they come."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._frames: SimpleQueue[Question] = SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> NoReturn:
        try:
            for head, arrays in answering.read_questions(self._descriptor):
                order = cast("wire.Head", head)["do"]
                if order == "interrupt":
                    _interrupt()
                elif order == "refuse":
                    _refuse_memory()
                else:
                    self._frames.put((head, arrays))
        finally:
            os._exit(0)  # the grader is gone, or is done with this process

    def await_next(self) -> Question:
        """The next frame."""
        return self._frames.get()

    def list_questions(self) -> Iterator[Question]:
        """Every frame that comes, for ever."""
        while True:
            try:
                question = self.await_next()
            except MemoryError:  # it was refused too late: the answer is out
                continue
            yield question


def _interrupt() -> None:
    """The main thread raises KeyboardInterrupt; where it can be, it is woken as well."""
    main_thread = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main_thread is not None:
        signal.pthread_kill(main_thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _refuse_memory() -> None:
    """The main thread raises MemoryError, as it does where the kernel grants no more."""
    main_thread = ctypes.c_ulong(threading.main_thread().ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(main_thread, ctypes.py_object(MemoryError))


def _begin(request: FreshRequest) -> App | None:
    """Everything is as student code finds it; with a notebook there is a kernel for its cells."""
    directory = request["directory"]
    reading.begin(request["run"])
    _print_to(request["printed"])
    if request["uid"] is not None:
        _become(request["uid"])
    answering.set_surroundings(directory, request["home"], request["environment"])
    app = None
    if request["notebook"] is not None:
        from grader.inside.notebooks import kernel

        path = namespace.find_path(directory, request["notebook"])
        profile = kernel.prepare(path)
        connection = cell.make_local_connection(request["notebook"], request["key"])
        app = kernel.bind(path, connection, own_modules.search_path(path, directory), profile)
    answering.load_data_alone()
    served = request["datasets"].values()
    answering.begin(request["seed"], directory, served, in_kernel=app is not None)
    return app


def _become(uid: int) -> None:
    """From root to somebody who owns nothing but the submission, in no group. There is no wall, so
    without this a stray `os.kill(-1, 9)` would end everybody's processes.
    """
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def _print_to(folder: str) -> None:
    """Standard output and error are files that lie in this folder already; nothing is asked of
    standard input.
    """
    flags = os.O_WRONLY | os.O_APPEND | _BINARY
    for target, name in ((1, "stdout"), (2, "stderr")):
        descriptor = os.open(os.path.join(folder, name), flags)
        os.dup2(descriptor, target)
        os.close(descriptor)


def _list_ports(app: App) -> list[int]:
    return [app.shell_port, app.iopub_port, app.stdin_port, app.control_port]


def _write(descriptor: int, pieces: list[memoryview]) -> None:
    wire.transmit(lambda piece: os.write(descriptor, piece), pieces)
