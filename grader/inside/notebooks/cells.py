"""A notebook in its box: read once, run as often as cells end the kernel, reported cell by cell."""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import numpy as np
from nbformat import NotebookNode

from grader.inside.cell import SHARE, SHUT_DOWN
from grader.inside.loading import namespace
from grader.inside.notebooks import notebook
from grader.inside.notebooks.driver import Driver, Plan
from grader.inside.notebooks.host import Host, P
from grader.inside.schema.limits import BEYOND_BELIEF
from grader.inside.schema.messages import (
    EXTENTS,
    Answer,
    AnswerReply,
    CellFacts,
    CellStatus,
    Death,
    DiedReply,
    Extent,
    LoadedNotebook,
    NotebookDeath,
    NotebookFacts,
    Why,
)
from grader.inside.wire import Array

RERUNS, MOST_RERUNS = 3, 8
"""How often a notebook is run again with less of the cells that ended the kernel; and how often in
all, with less of every cell.
"""
BOOK_CAP = 16 << 20
"""Largest executed notebook, bytes."""
_SENTENCES: dict[Why | None, str] = {
    "cell": "this cell ran past its time limit and could not be interrupted",
    "cpu": "the CPU time of all cells was used up in this cell, which could not be interrupted",
    "time": "the time of all cells was used up in this cell, which could not be interrupted",
    "memory": "this cell needed more memory than allowed",
    "processes": "more processes and threads were started than allowed",
    "disk": "more was written to disk than allowed",
    "output": "this cell printed or displayed more than allowed",
    "tampered": "this cell sent messages that only the kernel may send",
}
ALL = 0.95
"""Where so much of a limit is used up, nothing is left to run a notebook again with."""
Reply = tuple[AnswerReply | DiedReply, list[Array]]


class Notebook:
    """One notebook over all its passes."""

    def __init__(self, directory: str, entry: str) -> None:
        self.path, self.entry = namespace.find_path(directory, entry), entry
        self.book: NotebookNode | None = None
        self.killers: dict[int, CellFacts] = {}
        """Facts of the cells that ended the kernel; of these only definitions are run again."""
        self.plan = Plan()
        self.passes = 0

    def load(self, host: Host[P]) -> Reply:
        """The cells have run; the reply to the grader: facts of the cells and the notebook."""
        try:
            book = self.book = self.book or self._read()
        except notebook.Unreadable as error:
            unread: Answer = {"error": {"kind": "NotebookError", "message": str(error)}}
            return {"answer": unread}, []
        reply: AnswerReply | DiedReply | None = None
        while reply is None:
            driver = self._run_once(host, book)
            reply = self._conclude(host, driver, book)
        data = notebook.write(book, BOOK_CAP)
        return reply, [np.frombuffer(data, np.uint8)]

    def _conclude(
        self, host: Host[P], driver: Driver[P], book: NotebookNode
    ) -> AnswerReply | DiedReply | None:
        """What is replied after this pass; None where the notebook is to be run once more."""
        if not driver.dead:
            loaded: LoadedNotebook = {"loaded": True, **self._facts(driver, book)}
            return {"answer": loaded}
        death = host.death
        if driver.at is None or death is None:
            raise RuntimeError(f"the kernel ended before the first cell: {death}")
        number = self._blame(driver, driver.at, book, death)
        is_over = death["why"] in BEYOND_BELIEF or bool(host.find_spent(ALL))
        if not is_over and self.passes <= MOST_RERUNS:
            self.plan = self._make_plan(number, is_late=bool(host.find_spent(SHARE)))
            return None
        last: NotebookDeath = {**death, "cell": number, **self._facts(driver, book)}
        return {"died": last}

    def _make_plan(self, number: int, *, is_late: bool) -> Plan:
        """How to run the notebook again after this cell ended the kernel."""
        less = EXTENTS[EXTENTS.index(self.plan.find(number)) + 1]
        others: Extent = "all"
        if is_late or self.passes > RERUNS + 1:
            others = "bare"
        elif self.passes > RERUNS:
            others = "definitions"
        return Plan({**self.plan.stopped, number: less}, others)

    def _read(self) -> NotebookNode:
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise notebook.Unreadable(f"{self.entry} cannot be opened: {error}") from None
        try:
            return notebook.read(data, self.entry)
        except MemoryError:
            raise notebook.Unreadable(
                f"{self.entry} needs too much memory to be read. Clear its outputs, and save it"
            ) from None

    def _run_once(self, host: Host[P], book: NotebookNode) -> Driver[P]:
        """The cells ran once more, from the first one, on a fresh kernel."""
        self.passes += 1
        child = host.start(self.entry)
        driver = Driver(host, child, book, self.plan)
        host.drive(driver)
        return driver

    def _blame(self, driver: Driver[P], at: int, book: NotebookNode, death: Death) -> int:
        """The cell that ran when the kernel ended says so; its number."""
        number = at
        if death["code"] == SHUT_DOWN and not driver.begun:  # it was asked to by the one before
            number = max((n for n in driver.facts if n < number), default=number)
        facts = driver.facts.get(number, _make_facts(number, "died"))
        self.killers[number] = {**facts, "status": "died", "error": None, "death": death}
        if number != at:
            driver.facts.pop(at, None)
        sentence = _SENTENCES.get(death["why"], "this cell ended the kernel")
        book.cells[number - 1]["execution_count"] = None  # the next run counts anew
        book.cells[number - 1].outputs.append(
            NotebookNode(
                output_type="error", ename="KernelEnded", evalue=sentence, traceback=[sentence]
            )
        )
        return number

    def _facts(self, driver: Driver[P], book: NotebookNode) -> NotebookFacts:
        known = {**driver.facts, **self.killers}
        numbers = [n for n, c in enumerate(book.cells, 1) if c.cell_type == "code"]
        cells = [known.get(n) or _make_facts(n, "skipped") for n in numbers]
        return {"cells": cells, "passes": self.passes}


def _make_facts(number: int, status: CellStatus) -> CellFacts:
    """Those of a cell that did not run."""
    return {"index": number, "status": status, "seconds": 0.0, "error": None, "cut": False}
