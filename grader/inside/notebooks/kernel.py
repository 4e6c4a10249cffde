"""The student's process where the submission is a notebook: an ipykernel that measures at the end.

The order in which it gives up its rights is `student.live`'s: landlock, which binds one thread,
comes before `bind` starts several; seccomp, which can bind all threads, comes after it.
"""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import ast
import json
import linecache
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from ipykernel import kernelapp
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import ExecutionResult
from IPython.core.profiledir import ProfileDir
from IPython.utils.text import SList
from jupyter_client.session import json_packer
from traitlets import Type
from traitlets.config import Config

from grader.inside import remarks, streams
from grader.inside.cell import SHUT_DOWN, place
from grader.inside.loading import definitions, namespace, reading
from grader.inside.loading.namespace import MESSAGE_CAP, clean
from grader.inside.notebooks.outputs import FLOOD

_PIECE, _LONGEST = 1 << 20, FLOOD + 1024
"""Characters that are sent at once, and the most of one print."""
_SHOWN = 50
"""Calls at each end of a traceback that are shown."""
_CONFIG = Config({"HistoryManager": {"enabled": False}})
_BACKEND = "module://matplotlib_inline.backend_inline"
_INSTALLS = re.compile(r"(^!|[\s/])(pip3?|conda|mamba|uv|apt|apt-get)\s")
_INSTALLERS = "pip conda mamba micromamba uv".split()
_NO_PROGRAM, _NO_INSTALL = "the grader runs no other programs", "the grader installs nothing"
_NOT_FOUND, _LINE = 127, 60
_PROGRAMS = "script bash sh perl ruby python python2 python3 pypy cmd javascript_node".split()


class Compiler(XCachingCompiler):
    """Code of a cell has a file name of its own: `<directory>/lenet.ipynb, cell 7`."""

    cell = ("", "")
    """Text and file name of the cell that runs."""

    def get_code_name(self, raw_code: str, _code: str, number: int) -> str:
        """The cell's name, unless the cell runs further text through IPython."""
        text, name = self.cell
        return name if name and raw_code == text else f"<text run by a cell, {number}>"

    fault: BaseException | None = None
    """Why what was parsed last was not all that the cell holds."""
    names: Mapping[str, object] = {}
    """The notebook's names."""

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        """What is to be run of a source; of one that does not parse, what can be read."""
        try:
            tree = super().ast_parse(source, filename, symbol)
        except reading.FAULTS:
            try:  # as a file: where a bracket is open, IPython says that more is to come
                tree = compile(source, filename, symbol, ast.PyCF_ONLY_AST, True)
            except reading.FAULTS as error:
                if filename == "<unknown>" and isinstance(error, SyntaxError):  # below a `%%time`
                    error.filename, error.lineno = self.cell[1], (error.lineno or 0) + 1
                self.fault = error
                return self.recovered(source, filename)
        if isinstance(tree, ast.Module):
            return reading.chosen(tree, source, self.cell[1] or filename)
        return tree

    def recovered(self, source: str, filename: str) -> ast.Module:
        """The definitions that can be read of a source that does not parse."""
        where = reading.called(self.cell[1] or filename)
        return reading.recovered(source, filename, self.names, where=where)


class Shell(ZMQInteractiveShell):
    """IPython without other programs, and of a cell that raises the definitions that follow."""

    _done = 0
    """Statements of the running cell that ran to their end."""

    def _get_exc_info(self, exc_tuple: Any = None) -> Any:
        """What is shown of an error ends in the student's code, not in ours."""
        kind, error, trace = super()._get_exc_info(exc_tuple)
        steps = []
        while trace is not None and trace.tb_frame.f_code.co_filename != __file__:
            steps.append(trace)
            trace = trace.tb_next
        if len(steps) > 2 * _SHOWN:  # IPython takes seconds to show an endless recursion
            steps[_SHOWN - 1].tb_next = steps[-_SHOWN]
        if steps:
            steps[-1].tb_next = None
        return kind, error, steps[0] if steps else None

    async def run_ast_nodes(
        self, nodelist: list[ast.stmt], cell_name: str, *args: Any, **more: Any
    ) -> bool:
        """Runs what could be read of a cell, and then says what could not."""
        compiler: Any = self.compile
        fault, compiler.fault = compiler.fault, None
        if fault is not None:
            raised = await self._each(nodelist, cell_name, more.get("result"))
        else:
            before, self._done = self._done, 0  # a cell may run another text
            raised = await super().run_ast_nodes(nodelist, cell_name, *args, **more)
            done, self._done = self._done, before
            if raised and nodelist[done:]:
                source = "".join(linecache.getlines(cell_name))
                rest = reading.remaining(nodelist[done:], source, cell_name)
                await self._each(rest, cell_name, None)
            fault, compiler.fault = compiler.fault, None  # of the text below a `%%time`
        if fault is None:
            return bool(raised)
        if (result := more.get("result")) is not None:
            result.error_before_exec = fault
        try:
            raise fault
        except IndentationError:
            self.showindentationerror()
        except reading.FAULTS:
            self.showsyntaxerror()
        return True

    async def run_cell_async(
        self, raw_cell: str, *args: Any, preprocessing_exc_tuple: Any = None, **more: Any
    ) -> ExecutionResult:
        """A cell of which IPython cannot tell the magics loses only what cannot be read."""
        result = await super().run_cell_async(
            raw_cell, *args, preprocessing_exc_tuple=preprocessing_exc_tuple, **more
        )
        if preprocessing_exc_tuple is not None:
            name = self.compile.cache(raw_cell, self.execution_count, raw_code=raw_cell)
            compiler: Any = self.compile
            fault = result.error_before_exec
            if isinstance(fault, SyntaxError) and compiler.cell[0] == raw_cell:
                fault.filename = name
            with self.builtin_trap:
                await self._each(compiler.recovered(raw_cell, name).body, name, None)
        return result

    async def run_code(self, *args: Any, **more: Any) -> bool:
        """Runs one statement of a cell, and counts those that ran to their end."""
        raised = bool(await super().run_code(*args, **more))
        self._done += not raised
        return raised

    async def _each(self, nodes: list[ast.stmt], cell_name: str, result: Any) -> bool:
        """Runs each by itself, so that one that fails loses only itself."""
        raised = False
        for node in nodes:
            failed = await super().run_ast_nodes(
                [node], cell_name, interactivity="none", compiler=self.compile, result=result
            )
            raised = bool(failed) or raised
        return raised

    def ask_exit(self) -> NoReturn:
        """`exit` in a cell is an error of that cell, not the end of the kernel."""
        raise SystemExit

    def system_piped(self, cmd: str) -> None:
        """No program runs, and the cell goes on."""
        text = f"!{clean(str(cmd), 200).strip()}"
        _pass_over(text, _NO_INSTALL if _INSTALLS.search(text) else _NO_PROGRAM)
        self.user_ns["_exit_code"] = _NOT_FOUND

    system = system_raw = system_piped

    def getoutput(self, cmd: str, *_: Any, **__: Any) -> SList:
        """What `x = !cmd` gives."""
        self.system_piped(cmd)
        return SList()

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str | None]:  # noqa: ARG002
        """Every backend is `inline`: pictures belong into the notebook that is kept."""
        return super().enable_matplotlib("inline")  # type: ignore[no-any-return]

    def init_magics(self) -> None:
        """Magics that would start programs pass over their line or cell."""
        super().init_magics()
        for name in _PROGRAMS:
            self.register_magic_function(_refusing(f"%%{name}", _NO_PROGRAM), "line_cell", name)
        for name in _INSTALLERS:
            self.register_magic_function(_refusing(f"%{name}", _NO_INSTALL), "line", name)


def _refusing(name: str, why: str) -> Any:
    def magic(line: str, _cell: str = "") -> None:
        _pass_over(f"{name} {clean(str(line), 200)}".rstrip(), why)

    return magic


def _pass_over(text: str, why: str) -> None:
    sys.stderr.write(f"Passed over, as {why}: {text}\n")
    remarks.add("program", f"`{text if len(text) < _LINE else text[:_LINE] + '…'}`")


class Kernel(IPythonKernel):
    """ipykernel, and one more message: `measure_request` ends the notebook and begins measuring."""

    msg_types = (*IPythonKernel.msg_types, "measure_request")  # type: ignore[assignment]
    shell_class = Type(Shell)
    compiler_class = Type(Compiler)
    path = ""
    """The notebook's file."""
    done = ""
    """Why the loop ends: "measure" or "shutdown"."""

    async def do_execute(self, code: str, *args: Any, cell_meta: Any = None, **more: Any) -> Any:
        """Runs a cell; the reply says in which of the student's lines it failed."""
        number = cell_meta.get("cell") if isinstance(cell_meta, dict) else None
        shell: Any = self.shell
        where = place(self.path, number) if number else ""
        if number:
            reading.note(code, where)
        if isinstance(cell_meta, dict) and cell_meta.get("late") is True:
            reading.hurry()
        if reading.only_definitions:
            code = definitions.unwrapped(code)
        shell.compile.cell, shell.compile.names = (code, where), shell.user_ns
        reply = await super().do_execute(code, *args, cell_meta=cell_meta, **more)
        if reply["status"] == "error":
            result = shell.last_execution_result
            reply["trouble"] = _as_written(_trouble(result, os.path.dirname(self.path)), code)
            reply["evalue"] = clean(reply["evalue"], MESSAGE_CAP)
            reply["traceback"] = []  # it came as an output; here it could be too long
        return reply

    async def measure_request(self, stream: Any, ident: Any, parent: Any) -> None:
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


def _trouble(result: ExecutionResult | None, directory: str) -> dict[str, Any]:
    error = None
    if result is not None:
        error = result.error_before_exec or result.error_in_exec
    if error is None:
        return {"kind": "Exception", "message": "the result of the cell cannot be displayed"}
    return namespace.trouble(error, directory)


def _as_written(trouble: dict[str, Any], cell: str) -> dict[str, Any]:
    """The line of a magic or a `!` command as it stands in the cell, not as IPython runs it."""
    lines, line = cell.splitlines(), trouble.get("line")
    if isinstance(line, int) and 0 < line <= len(lines) and "get_ipython()" in trouble["code"]:
        return {**trouble, "code": clean(lines[line - 1].strip(), len(trouble["code"]) + 80)}
    return trouble


class Stream(OutStream):
    """Gathers what is printed and sends it in pieces: a million prints take a third of the time."""

    def __init__(self, *args: Any, **more: Any) -> None:
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

    def _flush_buffers(self) -> Iterator[tuple[dict[str, Any], str]]:
        with self._buffer_lock:
            count = len(self._waiting)  # more may be appended meanwhile
            text = "".join(self._waiting[:count])
            del self._waiting[:count]
            self._size = 0
        yield self.parent_header, text


class _Outlet(IOPubThread):
    """Without the TCP port on which ipykernel would listen for what forked processes print."""

    def __init__(self, socket: Any, *, session: Any, **_: Any) -> None:
        super().__init__(socket, pipe=False, session=session)


class App(kernelapp.IPKernelApp):
    """Kernel and sockets, without configuration files, heartbeat or parent to watch."""

    kernel_class = Type(Kernel)
    outstream_class = f"{__name__}.Stream"

    def init_iopub(self, context: Any) -> None:
        """No message is dropped while the supervisor reads slowly: `idle` could be among them."""
        context.SNDHWM = 0
        kernelapp.IOPubThread = _Outlet  # type: ignore[attr-defined, assignment]
        super().init_iopub(context)

    def _nothing(self, *_: Any, **__: Any) -> None:
        pass

    load_config_file = init_config_files = init_connection_file = write_connection_file = _nothing
    init_profile_dir = parse_command_line = _nothing
    init_heartbeat = init_poller = init_crash_handler = log_connection_info = _nothing
    _configure_logging = _nothing


def profile(ipython: str) -> ProfileDir:
    """IPython's own files lie in this directory."""
    return ProfileDir(location=os.path.join(ipython, "profile"))


def bind(path: str, connection: dict[str, Any], python_path: list[str], own: ProfileDir) -> App:
    """The kernel for the notebook at `path`: its sockets are bound, its threads run."""
    app = App.instance(
        parent_handle=0, log_level=50, capture_fd_output=False, profile_dir=own, config=_CONFIG
    )
    app.load_connection_info(connection)  # type: ignore[arg-type]
    app._ports = {}
    app.initialize([])
    app.kernel.path = path
    app.session.pack = _packed
    warnings.filterwarnings("ignore", "To exit: use")  # IPython, about `exit()` in a cell
    sys.path[:] = python_path
    sys.argv[:] = [path]
    os.register_at_fork(after_in_child=_own_streams)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.switch_backend(_BACKEND)
        sys.modules["matplotlib_inline.backend_inline"]._enable_matplotlib_integration()
    os.environ["MPLBACKEND"] = _BACKEND
    return app


def _packed(message: Any) -> bytes:
    """JSON of a message. jupyter_client's own raises for text with lone surrogates."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        return json.dumps(message, default=str).encode()


def _own_streams() -> None:
    """A worker of DataLoader prints to the pipes; the kernel's own way is TCP, which is shut."""
    if isinstance(sys.stdout, OutStream):
        sys.stdout, sys.stderr = streams.stream(1), streams.stream(2)


def _end() -> NoReturn:
    sys.stdout.flush()
    time.sleep(0.05)  # what has been said so far still arrives
    os._exit(SHUT_DOWN)


def run(app: App) -> dict[str, Any]:
    """Runs cells until measuring begins; the student's names then. Does not return otherwise."""
    app.start()
    while not app.kernel.done:  # the student's code stopped the loop
        app.io_loop.start()
    if app.kernel.done != "measure":
        _end()
    reading.tell()
    streams.restore_streams()
    sys.displayhook = sys.__displayhook__
    names: dict[str, Any] = app.kernel.shell.user_ns
    names["__file__"] = app.kernel.path
    return names
