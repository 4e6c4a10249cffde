"""The names of a session that runs, measured in its own process: no box, no wall, level 0.

It is for students who look at themselves: nobody is graded so. The reference, and what is computed
again outside the student's process, still runs in boxes of another backend.
"""

from __future__ import annotations

import io
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from grader.inside import remarks as noted
from grader.inside import wire
from grader.inside.cell import name_cell
from grader.inside.loading import namespace
from grader.records.execution import Execution, Missing, StudentError
from grader.sandbox import outcome, remarks
from grader.sandbox.backend import Backend, Choice, Job, OpenBox
from grader.sandbox.cells import CellRun

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from grader.sandbox.shelter import Shelter

LEVEL = 0
_OTHER_DEVICE = re.compile(
    r"on the same device|not on the expected device|torch\.(?:cuda|xpu|mps)\.|CUDA|MPS"
)
"""What torch says where tensors of two devices meet."""
_ELSEWHERE = (
    "your code puts tensors on a GPU, and live names are measured on the CPU. Save the notebook: "
    "%check without `live` runs it where `cuda` means the CPU"
)


def _capture_prints() -> AbstractContextManager[object]:
    stack = ExitStack()
    stack.enter_context(redirect_stdout(io.StringIO()))
    stack.enter_context(redirect_stderr(io.StringIO()))
    return stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A kernel that has run cells, as it stands."""

    names: dict[str, object] = field(repr=False)
    """Those that its cells have bound: the globals of the student's functions."""
    hidden: frozenset[str] = frozenset()
    """Those among them that are no student's."""
    sources: Sequence[str] = field(repr=False)
    """What was run, in order; the first was shown as `[1]`."""
    files: Mapping[str, int] = field(default_factory=dict, repr=False)
    """File name under which a source was compiled → its number, from 1."""
    folder: str
    """Where files of the student's lie."""
    capture: Callable[[], AbstractContextManager[object]] = _capture_prints
    """Keeps what is printed and displayed within away from the notebook."""

    @property
    def notebook(self) -> bytes:
        """A notebook of what was run; its cell 3 is what was shown as `[3]`."""
        cells = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": n, "source": s}
            for n, s in enumerate(self.sources, 1)
        ]
        book = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
        return json.dumps(book).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChoice(Choice):
    """Measures the job with the session's notebook in its session, and others in boxes."""

    session: Session
    others: Choice
    """The backend for everything that is not the session's."""

    def start(self) -> Backend:
        """Nothing is started yet."""
        return LiveBackend(self.session, self.others)


class LiveBackend:
    """Boxes without walls for one session; all else goes to a backend that is started for it."""

    level = LEVEL

    def __init__(self, session: Session, others: Choice) -> None:
        self._session, self._notebook, self._others = session, session.notebook, others
        self._other: Backend | None = None
        self._lock = threading.Lock()

    def open(self, job: Job) -> OpenBox:
        """The session itself, where the job is its own."""
        submission = job.submission
        if submission.entry and submission.files[submission.entry] == self._notebook:
            return LiveBox(self._session, submission.entry)
        with self._lock:
            self._other = self._other or self._others.start()
        return self._other.open(job)

    def describe(self) -> dict[str, Any]:
        """What there is to say of it."""
        return {"level": LEVEL, "made_of": "no box: this session", "refused": [], "versions": {}}

    def recover(self) -> None:
        """The other backend's boxes hold; the session itself cannot break."""
        if self._other is not None:
            self._other.recover()

    def close(self) -> None:
        """The other backend is closed."""
        if self._other is not None:
            self._other.close()


class LiveBox:
    """The session as one box: its names are bound to copies from `__enter__` to `close`."""

    def __init__(self, session: Session, entry: str) -> None:
        self._session, self._entry = session, entry
        self._shelter: Shelter | None = None
        self._remarks: dict[tuple[str, str], None] = {}
        self._begun = time.monotonic()
        self._interrupted = False
        self.cells: tuple[CellRun, ...] = ()
        self.notebook: bytes | None = None
        self.disturbed = False

    def __enter__(self) -> Self:
        from grader.sandbox.shelter import Shelter

        self._shelter = Shelter(self._session.names)
        try:
            self._shelter.enter()
            noted.forget()
            namespace.CELLS.update(
                {file: name_cell(self._entry, n) for file, n in self._session.files.items()}
            )
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        namespace.CELLS.clear()
        if self._shelter is not None:
            self._shelter.leave()

    def load(self) -> StudentError | None:
        """None: the code has run."""

    def ask(self, ask: str, args: Mapping[str, Any]) -> Any | Missing:
        """The value that the measuring code gives, or why there is none.

        Raises KeyboardInterrupt where the student stops it.
        """
        from grader.inside.process.answering import answer_question
        from grader.sandbox.shelter import keep_state

        if refusal := self._refuse(args):
            return refusal
        tree, arrays = wire.pack(dict(args))
        copies = [_copy_read_only(a) for a in arrays]
        names, folder = self._list_names(), self._session.folder
        with keep_state(), self._session.capture():
            answer, values = answer_question(
                self._measure,
                names,
                folder,
                {"do": "ask", "ask": ask, "args": tree, "nonce": ""},
                copies,
            )
        if self._interrupted:
            raise KeyboardInterrupt
        self._remarks |= dict.fromkeys(remarks.read([list(row) for row in noted.rows()]))
        if "error" in answer:
            return self._explain(outcome.read_error(answer["error"], {self._entry: b""}))
        if "missing" in answer:
            return outcome.read_missing(answer["missing"])
        return outcome.clean_texts(wire.unpack(answer["value"], values))

    def _measure(self, names: namespace.Names, ask: str, args: wire.Head) -> object:
        from grader.inside.measuring import measure

        try:
            return measure.answer(names, ask, args)
        except KeyboardInterrupt:  # the student's, who wants all of it to stop
            self._interrupted = True
            raise

    def _refuse(self, args: Mapping[str, Any]) -> Missing | None:
        """Why the network that is asked about must not be touched."""
        assert self._shelter is not None
        why = self._shelter.uncopied.get(str(args.get("live")))
        if why is None:
            return None
        return Missing(
            why=f"`{args['live']}` cannot be copied ({why}), and is not measured without a copy. "
            "Save the notebook: %check without `live` runs it apart from this session",
            elsewhere=True,
        )

    def _list_names(self) -> namespace.Names:
        """The names as measuring takes them, with the file that they would stand in."""
        names = {k: v for k, v in self._session.names.items() if k not in self._session.hidden}
        return {**names, "__file__": os.path.join(self._session.folder, self._entry)}

    def _explain(self, error: StudentError) -> Missing:
        if _OTHER_DEVICE.search(error.message):
            return Missing(why=_ELSEWHERE, error=error, elsewhere=True)
        return outcome.missing_by_error(error)

    def close(self) -> Execution:
        """The session is as it was."""
        self._restore()
        return Execution(
            status="ok",
            seconds=round(time.monotonic() - self._begun, 3),
            notes=tuple(remarks.list_sentences(self._remarks)),
            level=LEVEL,
        )


def _copy_read_only(array: wire.Array) -> wire.Array:
    """As what comes out of a frame: the grader's own array is out of reach."""
    fresh = np.array(array)
    fresh.flags.writeable = False
    return fresh
