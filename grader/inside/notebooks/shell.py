"""IPython's shell in a box: names for the code of cells, no other programs, recovery of cells."""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import ast
import contextlib
import functools
import linecache
import os
import re
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import ExecutionResult
from IPython.utils.text import SList

from grader.inside import remarks
from grader.inside.loading import definitions, reading
from grader.inside.loading.namespace import clean
from grader.inside.shims import plots, programs
from grader.inside.shims.program_calls import turn_slashes

ExceptionFacts = tuple[type[BaseException], BaseException, TracebackType | None]
_OWN = os.path.dirname(__file__) + os.sep
"""Where the code of this room lies."""
_SHOWN = 50
"""Calls at each end of a traceback that are shown."""
_INSTALLS = re.compile(r"(^!|[\s/])(pip3?|conda|mamba|uv|apt|apt-get)\s")
_INSTALLERS = "pip conda mamba micromamba uv".split()
_NO_PROGRAM, _NO_INSTALL = "the grader runs no other programs", "the grader installs nothing"
_OURS = re.compile(r"[!%]\s*pip3? install( -\S+)* \W?torch-grader\S*")
"""The line that a student's notebook begins with who checks it with `%check`."""
_LINE = 60
_PROGRAMS = "perl ruby python python2 python3 pypy cmd javascript_node".split()
_SHELLS = "bash sh".split()


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
                return self.recover(source, filename)
        if isinstance(tree, ast.Module):
            return reading.choose(tree, source, self.cell[1] or filename)
        return tree

    def recover(self, source: str, filename: str) -> ast.Module:
        """The definitions that can be read of a source that does not parse."""
        where = reading.name_source(self.cell[1] or filename)
        return reading.recover(source, filename, self.names, where=where)


class Shell(ZMQInteractiveShell):
    """IPython without other programs, and of a cell that raises the definitions that follow."""

    _done = 0
    """Statements of the running cell that ran to their end."""

    def _get_exc_info(self, exc_tuple: ExceptionFacts | None = None) -> ExceptionFacts:
        """What is shown of an error ends in the student's code, not in ours."""
        kind, error, trace = super()._get_exc_info(exc_tuple)
        steps = []
        while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(_OWN):
            steps.append(trace)
            trace = trace.tb_next
        if len(steps) > 2 * _SHOWN:  # IPython takes seconds to show an endless recursion
            steps[_SHOWN - 1].tb_next = steps[-_SHOWN]
        if steps:
            steps[-1].tb_next = None
        return kind, error, steps[0] if steps else None

    async def run_ast_nodes(
        self, nodelist: list[ast.stmt], cell_name: str, *args: object, **more: Any
    ) -> bool:
        """Runs what could be read of a cell, and then says what could not."""
        compiler: Any = self.compile
        fault, compiler.fault = compiler.fault, None
        if fault is not None:
            raised = await self._run_each(nodelist, cell_name, more.get("result"))
        else:
            before, self._done = self._done, 0  # a cell may run another text
            raised = await super().run_ast_nodes(nodelist, cell_name, *args, **more)
            done, self._done = self._done, before
            if raised and nodelist[done:]:
                result: Any = more.get("result")
                error = result and (result.error_in_exec or result.error_before_exec)
                await self._run_rest(nodelist[done:], cell_name, error)
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
        self,
        raw_cell: str,
        *args: object,
        preprocessing_exc_tuple: ExceptionFacts | None = None,
        **more: Any,
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
                await self._run_each(compiler.recover(raw_cell, name).body, name, None)
        return result

    async def run_code(self, *args: object, **more: object) -> bool:
        """Runs one statement of a cell, and counts those that ran to their end."""
        raised = bool(await super().run_code(*args, **more))
        self._done += not raised
        return raised

    async def _run_rest(
        self, nodes: list[ast.stmt], cell_name: str, error: BaseException | None
    ) -> None:
        """Runs the definitions of a cell of which the first of these statements raised this."""
        source = "".join(linecache.getlines(cell_name))
        stopped = isinstance(error, KeyboardInterrupt)
        if stopped and (body := definitions.read_magic_cell(nodes[0])):
            text = self.transform_cell(f"\n{body}")
            with contextlib.suppress(*reading.FAULTS):
                nodes = [*ast.parse(text, cell_name).body, *nodes[1:]]
        rest = reading.choose_rest(nodes, source, cell_name, error)
        with reading.reduced("definitions" if stopped else "all"):
            await self._run_each(rest, cell_name, None)

    async def _run_each(
        self, nodes: list[ast.stmt], cell_name: str, result: ExecutionResult | None
    ) -> bool:
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
        """What only handles own files is done; no program runs, and the cell goes on."""
        self._do(cmd).show()

    system = system_raw = system_piped

    def getoutput(self, cmd: str, *_: object, **__: object) -> SList:
        """What `x = !cmd` gives."""
        done = self._do(cmd)
        return SList((done.printed + done.said).splitlines())

    def _do(self, command: str) -> programs.Done:
        done = programs.run(str(command))
        for line in done.passed_over:
            text = f"!{clean(line, 200)}"
            _pass_over(text, _NO_INSTALL if _INSTALLS.search(text) else _NO_PROGRAM)
        self.user_ns["_exit_code"] = done.code
        return done

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str | None]:
        """Every backend is `inline`: pictures belong into the notebook that is kept."""
        if not plots.is_writer(gui) and gui != "auto":
            plots.note(gui)
        return super().enable_matplotlib("inline")  # type: ignore[no-any-return]

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen, so no window waits for anything."""
        if gui is not None:
            plots.note(gui)

    def init_magics(self) -> None:
        """Magics that would start programs pass over their line or cell."""
        super().init_magics()
        for name in _PROGRAMS:
            self.register_magic_function(_make_inert(f"%%{name}", _NO_PROGRAM), "line_cell", name)
        self.register_magic_function(_make_script(), "line_cell", "script")
        for name in _SHELLS:
            self.register_magic_function(_make_shell(f"%%{name}"), "line_cell", name)
        for name in _INSTALLERS:
            self.register_magic_function(_make_inert(f"%{name}", _NO_INSTALL), "line", name)
        for kind, names in (("line", ("cd", "run")), ("cell", ("writefile", "file"))):
            for name in names:
                plain = self.find_magic(name, kind)
                self.register_magic_function(_take_windows_path(plain), kind, name)
        self._init_own_check()

    def _init_own_check(self) -> None:
        """What a student checks a notebook with does nothing here, and is not worth a word."""
        load: Any = self.find_line_magic("load_ext")

        def load_ext(line: str) -> None:
            if line.strip() != "grader":
                load(line)

        register: Any = self.register_magic_function
        register(load_ext, "line", "load_ext")
        register(lambda _: None, "line", "check")


def _make_inert(name: str, why: str) -> Any:
    def magic(line: str, _cell: str = "") -> None:
        _pass_over(f"{name} {clean(str(line), 200)}".rstrip(), why)

    return magic


def _make_shell(name: str) -> Any:
    """Runs a cell's lines as far as they only handle own files."""

    def magic(line: str, cell: str = "") -> None:
        done = programs.run(cell)
        done.show()
        if done.passed_over:
            _pass_over(f"{name} {clean(str(line), 200)}".rstrip(), _NO_PROGRAM)

    return magic


def _take_windows_path(plain: Any) -> Any:
    """The magic, which takes paths as Windows writes them."""

    @functools.wraps(plain)
    def magic(line: str, *cell: str, **named: object) -> object:
        result: object = plain(turn_slashes(line), *cell, **named)
        return result

    return magic


def _make_script() -> Any:
    """For the cell of a shell as what `%%bash` does; for any other program nothing."""

    def magic(line: str, cell: str = "") -> None:
        name = next((word for word in line.split() if word[0] != "-"), "")
        if os.path.basename(name) in _SHELLS:
            _make_shell("%%script")(line, cell)
        else:
            _make_inert("%%script", _NO_PROGRAM)(line)

    return magic


def _pass_over(text: str, why: str) -> None:
    if _OURS.fullmatch(text):
        return
    sys.stderr.write(f"Passed over, as {why}: {text}\n")
    remarks.add("program", f"`{text if len(text) < _LINE else text[:_LINE] + '…'}`")
