"""`%check` in a notebook: the public checks on this notebook, without leaving it."""
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import contextvars
import os
import random
import secrets
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError as BadArguments
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.utils.capture import capture_output

from grader.cli.options import RunOptions
from grader.cli.this_notebook import ThisNotebook, open_notebook
from grader.records.errors import GraderError
from grader.report import escape

if TYPE_CHECKING:
    from grader.grading.progress import Progress
    from grader.grading.self_check import SelfCheck
    from grader.sandbox.backend import Choice
    from grader.sandbox.live import Session

LIVE = "live"
_TICK = 1.0
"""Seconds between two states of the line that shows that something goes on."""


def register(shell: Any) -> None:
    """The notebook of this shell has `%check`."""
    shell.register_magics(CheckMagics(shell))


class Refused(Exception):
    """Shown in the notebook as one sentence, without a traceback; the cell counts as failed."""

    def _render_traceback_(self) -> list[str]:
        return [f"grader: {self}"]


@magics_class
class CheckMagics(Magics):
    """`%check`. The sandbox is kept between two of them, since starting it takes seconds."""

    def __init__(self, shell: Any) -> None:
        from grader.sandbox.kept import Keeper

        super().__init__(shell)
        self.shell: Any = shell
        self._keeper = Keeper()

    @magic_arguments()
    @argument(
        "what",
        nargs="?",
        default="",
        help="Nothing: this notebook as it was last saved. `live`: the names as they are now. "
        "Else the file to check.",
    )
    @argument("-a", "--assignment", help="Assignment; found by the file's name where left out.")
    @argument("--student", help="You, where the handout's numbers are drawn for each student.")
    @argument("--kit", type=Path, help="Your instructor's kit, a zip or its folder.")
    @argument("--course", type=Path, help="Folder with assignments/ and reference/.")
    @argument("--data", type=Path, help="Folder of the data sets.")
    @argument("--stand-in", action="store_true", help="For an absent data set use its stand-in.")
    @argument("--backend", default="auto", help="Run code by this: forkserver or plain.")
    @line_magic
    def check(self, line: str) -> None:
        """Check this notebook before you submit: the public checks, on the path of grading."""
        before = random.getstate()  # libraries of ours draw numbers when they are imported
        try:
            self._check(parse_argstring(self.check, line))
        except BadArguments as error:
            raise Refused(f"{_to_sentence(error)} See `%check?`.") from None
        except GraderError as error:
            raise Refused(_to_sentence(error)) from None
        except KeyboardInterrupt:
            raise Refused("Interrupted. Nothing was changed; run the cell again.") from None
        finally:
            random.setstate(before)

    def _check(self, given: Namespace) -> None:
        live = given.what == LIVE
        with open_notebook(self.shell.user_ns, "" if live else given.what) as notebook:
            name = f"`{notebook.path.name}`"
            what = f"the live names of {name}" if live else f"{name} {notebook.state}"
            check = self._prepare(given, notebook, live=live)
            with _open_output(self.shell, what) as output:
                output.finish(check(progress=output), what)

    def _prepare(
        self, given: Namespace, notebook: ThisNotebook, *, live: bool
    ) -> Callable[..., SelfCheck]:
        """Checks the notebook's file, or its names, when called; what is wrong use, is told now."""
        from grader.grading.self_check import check_files, check_live
        from grader.grading.which_assignment import choose_assignment

        run = RunOptions(
            course=given.course,
            data_root=given.data,
            stand_in=given.stand_in,
            level=None,
            backend=given.backend,
        )
        chosen = choose_assignment(
            [notebook.path],
            kit=given.kit,
            course=given.course,
            slug=given.assignment,
            student=given.student,
        )
        source, choice = run.own_source(), partial(self._choose, run)
        if live:
            session = describe_session(self.shell)
            return partial(check_live, chosen, source, session, choice=choice)
        extra = [notebook.folder / name for name in chosen.loaded.assignment.extra_files]
        others = [p for p in extra if p.is_file() and p.parent != notebook.path.parent]
        return partial(check_files, chosen, source, [notebook.path, *others], choice=choice)

    def _choose(self, run: RunOptions, *, notebooks: bool) -> Choice:  # noqa: ARG002
        """Always one for notebooks, as sooner or later one is run."""
        choice = replace(run.choice(notebooks=True), tell=partial(print, file=sys.stderr))
        return self._keeper.keep(choice)


def describe_session(shell: Any) -> Session:
    """What the cells of this kernel have left behind."""
    from grader.sandbox.live import Session

    names = shell.user_ns
    own = {n for n, value in shell.user_ns_hidden.items() if names.get(n) is value}
    return Session(
        names=names,
        hidden=frozenset(own),
        sources=list(shell.history_manager.input_hist_raw[1:]),
        files=dict(getattr(shell.compile, "_filename_map", {})),  # without it, no lines are told
        folder=os.getcwd(),  # noqa: PTH109
        capture=capture_output,
    )


def _to_sentence(error: Exception) -> str:
    """One line, whatever a file name or an instructor's exception holds."""
    return f"{escape.terminal(' '.join(str(error).split())).rstrip('.')}."


# ---------------------------------------------------------------------- output


class CellOutput:
    """The output of a cell: one line that goes on, and in its place the table."""

    def __init__(self, shell: Any, what: str) -> None:
        self._publish = shell.display_pub.publish
        """As it is now: while live names are measured, displays go elsewhere."""
        self._transient = {"display_id": secrets.token_hex(8)}
        self._what, self._total, self._done = what, 0, [""]
        self._begun = time.monotonic()
        self._finished = threading.Event()

    def begin(self, total: int, what: str) -> None:  # noqa: ARG002
        """The line says how many steps there are."""
        self._total, self._done = total, [""]

    def step(self, name: str) -> None:
        """The line says what is done."""
        self._done.append(f": {name}, {len(self._done)} of {self._total}")

    @contextmanager
    def tick(self) -> Iterator[None]:
        """Within, the line says how long it takes. No thread is left afterwards."""
        self._show(self._describe(), update=False)
        # Outputs belong to the cell that the context names.
        thread = threading.Thread(target=contextvars.copy_context().run, args=(self._tick,))
        thread.start()
        try:
            yield
        finally:
            self._finished.set()
            thread.join()

    def _tick(self) -> None:
        while not self._finished.wait(_TICK):
            self._show(self._describe())

    def _describe(self) -> dict[str, str]:
        from grader.cli.check_table import waiting

        seconds = time.monotonic() - self._begun
        return waiting(f"Checking {self._what}{self._done[-1]} … {seconds:.0f} s")

    def finish(self, own: SelfCheck, what: str) -> None:
        """The table stands in the place of the line."""
        from grader.cli.check_table import bundle

        self._finished.set()
        self._show(bundle(own, what))

    def clear(self) -> None:
        """Nothing stands in the place of the line."""
        self._show({"text/plain": "", "text/html": ""})

    def _show(self, data: dict[str, str], *, update: bool = True) -> None:
        self._publish(data, transient=self._transient, update=update)


class TerminalOutput:
    """The same for IPython in a terminal, which cannot put one thing in another's place."""

    def __init__(self, progress: Progress) -> None:
        self.begin, self.step = progress.begin, progress.step

    def finish(self, own: SelfCheck, what: str) -> None:
        """What `grader check` prints."""
        from grader.cli import terminal

        terminal.line(f"{own.graded.title}: {what}")
        terminal.checked(own)


@contextmanager
def _open_output(shell: Any, what: str) -> Iterator[CellOutput | TerminalOutput]:
    if not hasattr(shell, "kernel"):
        from grader.cli.progress import show_progress

        with show_progress() as progress:
            yield TerminalOutput(progress)
        return
    output = CellOutput(shell, what)
    try:
        with output.tick():
            yield output
    except BaseException:
        output.clear()
        raise
