"""The student's process where the submission is a notebook: an ipykernel that measures at the end.

The order in which it gives up its rights is that of `worker.run`: landlock, which binds one thread,
comes before `bind` starts several; seccomp, which can bind all threads, comes after it.
"""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import zmq
from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from IPython.core.interactiveshell import ExecutionResult
from IPython.core.profiledir import ProfileDir
from jupyter_client.session import Session, json_packer
from traitlets import Type
from traitlets.config import Config

from grader.inside import streams
from grader.inside.cell import SHUT_DOWN, Connection, name_cell
from grader.inside.loading import definitions, handed_in, namespace, own_modules, reading
from grader.inside.loading.namespace import MESSAGE_CAP, Names, clean
from grader.inside.notebooks.host import Message
from grader.inside.notebooks.outputs import FLOOD
from grader.inside.notebooks.shell import Compiler, Shell
from grader.inside.schema.questions import ErrorFacts

_PIECE, _LONGEST = 1 << 20, FLOOD + 1024
"""Characters that are sent at once, and the most of one print."""
_CONFIG = Config({"HistoryManager": {"enabled": False}})
_BACKEND = "module://matplotlib_inline.backend_inline"


class Kernel(IPythonKernel):
    """ipykernel, and one more message: `measure_request` ends the notebook and begins measuring."""

    msg_types = (*IPythonKernel.msg_types, "measure_request")  # type: ignore[assignment]
    shell_class = Type(Shell)
    compiler_class = Type(Compiler)
    path = ""
    """The notebook's file."""
    done = ""
    """Why the loop ends: "measure" or "shutdown"."""

    async def do_execute(
        self, code: str, *args: object, cell_meta: object = None, **more: object
    ) -> Message:
        """Runs a cell; the reply says in which of the student's lines it failed."""
        facts = cell_meta if isinstance(cell_meta, dict) else {}
        number = facts.get("cell")
        shell: Any = self.shell
        where = name_cell(self.path, number) if number else ""
        if number:
            reading.note(code, where)
            own_modules.look()
        if facts.get("late") is True:
            reading.hurry()
        with reading.reduced(facts.get("extent")):
            if reading.only_definitions:
                code = definitions.unwrap(code)
            shell.compile.cell, shell.compile.names = (code, where), shell.user_ns
            reply: Message = await super().do_execute(code, *args, cell_meta=cell_meta, **more)
        if reply["status"] == "error":
            result = shell.last_execution_result
            error = _describe_error(result, os.path.dirname(self.path))
            reply["error"] = _quote_as_written(error, code)
            reply["evalue"] = clean(reply["evalue"], MESSAGE_CAP)
            reply["traceback"] = []  # it came as an output; here it could be too long
        return reply

    async def measure_request(
        self, stream: zmq.Socket[bytes], ident: list[bytes], parent: Message
    ) -> None:
        """The last message. The loop ends, and with it `run`."""
        assert self.session is not None
        self.session.send(stream, "measure_reply", {"status": "ok"}, parent, ident=ident)
        self.done = "measure"
        self.io_loop.add_callback(self.io_loop.stop)

    async def do_shutdown(self, restart: bool) -> NoReturn:  # noqa: FBT001, ARG002
        """Asked for by a client that can only be the student's."""
        _end()

    def raw_input(self, prompt: object = "") -> NoReturn:
        """`input()` has nobody to ask."""
        raise EOFError(
            f"input({prompt!s:.60}) waits for somebody to type, and nobody does: "
            "put the value into the cell"
        )

    getpass = raw_input  # type: ignore[assignment]


def _describe_error(result: ExecutionResult | None, directory: str) -> ErrorFacts:
    error = None
    if result is not None:
        error = result.error_before_exec or result.error_in_exec
    if error is None:
        return {"kind": "Exception", "message": "the result of the cell cannot be displayed"}
    return namespace.describe_error(error, directory)


def _quote_as_written(error: ErrorFacts, cell: str) -> ErrorFacts:
    """The line of a magic or a `!` command as it stands in the cell, not as IPython runs it."""
    lines, line, code = cell.splitlines(), error.get("line"), error.get("code") or ""
    if line is not None and 0 < line <= len(lines) and "get_ipython()" in code:
        return {**error, "code": clean(lines[line - 1].strip(), len(code) + 80)}
    return error


class Stream(OutStream):
    """Gathers what is printed and sends it in pieces: a million prints take a third of the time."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)
        self._waiting: list[str] = []
        self._size = 0

    def write(self, string: str) -> int:
        """The text will be sent, in a moment or when there is much of it."""
        if not isinstance(string, str) or self.pub_thread is None:
            return super().write(string) or 0  # raises
        if len(string) > _LONGEST:  # the supervisor ends the kernel for as much as that
            string = string[:_LONGEST]
        self._waiting.append(string)
        self._size += len(string)
        if self._size > _PIECE:
            self.flush()
        elif not self._flush_pending:
            self._schedule_flush()
        return len(string)

    def _flush_buffers(self) -> Iterator[tuple[Message, str]]:
        with self._buffer_lock:
            count = len(self._waiting)  # more may be appended meanwhile
            text = "".join(self._waiting[:count])
            del self._waiting[:count]
            self._size = 0
        yield self.parent_header, text


class _Outlet(IOPubThread):
    """Without the TCP port on which ipykernel would listen for what forked processes print."""

    def __init__(self, socket: object, *, session: Session, **_: object) -> None:
        super().__init__(socket, pipe=False, session=session)


class App(kernelapp.IPKernelApp):
    """Kernel and sockets, without configuration files, heartbeat or parent to watch."""

    kernel_class = Type(Kernel)
    outstream_class = f"{__name__}.Stream"

    def init_iopub(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """No message is dropped while the supervisor reads slowly: `idle` could be among them."""
        context.SNDHWM = 0
        kernelapp.IOPubThread = _Outlet  # type: ignore[attr-defined, assignment]
        super().init_iopub(context)

    def _nothing(self, *_: object, **__: object) -> None:
        pass

    load_config_file = init_config_files = init_connection_file = write_connection_file = _nothing
    init_profile_dir = parse_command_line = _nothing
    init_heartbeat = init_poller = init_crash_handler = log_connection_info = _nothing
    _configure_logging = _nothing


def prepare(path: str) -> ProfileDir:
    """This process stands in the notebook's folder; the files of IPython itself lie in HOME."""
    home = os.environ["IPYTHONDIR"] = os.path.join(os.environ["HOME"], ".ipython")
    os.makedirs(os.path.join(home, "profile"), exist_ok=True)
    os.chdir(os.path.dirname(path))
    return ProfileDir(location=os.path.join(home, "profile"))


def bind(path: str, connection: Connection, python_path: list[str], own: ProfileDir) -> App:
    """The kernel for the notebook at `path`: its sockets are bound, its threads run."""
    app = App.instance(
        parent_handle=0, log_level=50, capture_fd_output=False, profile_dir=own, config=_CONFIG
    )
    app.load_connection_info(connection)  # type: ignore[arg-type]
    app._ports = {}
    app.initialize([])
    app.kernel.path = path
    app.session.pack = _pack
    warnings.filterwarnings("ignore", "To exit: use")  # IPython, about `exit()` in a cell
    sys.path[:] = python_path
    sys.argv[:] = [path]
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_restore_streams)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.switch_backend(_BACKEND)
        sys.modules["matplotlib_inline.backend_inline"]._enable_matplotlib_integration()
    os.environ["MPLBACKEND"] = _BACKEND
    return app


def _pack(message: Message) -> bytes:
    """JSON of a message. jupyter_client's own raises for text with lone surrogates."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        return json.dumps(message, default=str).encode()


def _restore_streams() -> None:
    """A worker of DataLoader prints to the pipes; the kernel's own way is TCP, which is shut."""
    if isinstance(sys.stdout, OutStream):
        sys.stdout, sys.stderr = streams.open_stream(1), streams.open_stream(2)


def _end() -> NoReturn:
    sys.stdout.flush()
    time.sleep(0.05)  # what has been said so far still arrives
    os._exit(SHUT_DOWN)


def run(app: App) -> Names:
    """Runs cells until measuring begins; the student's names then. Does not return otherwise."""
    app.start()
    while not app.kernel.done:  # the student's code stopped the loop
        app.io_loop.start()
    if app.kernel.done != "measure":
        _end()
    reading.report()
    handed_in.report()
    streams.restore_streams()
    sys.displayhook = sys.__displayhook__
    names: Names = app.kernel.shell.user_ns
    names["__file__"] = app.kernel.path
    return names
