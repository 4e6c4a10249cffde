"""A notebook in its box: read once, run as often as cells end the kernel, reported cell by cell."""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import os
from typing import Any

import numpy as np
from nbformat import NotebookNode

from grader.inside.cell import SHUT_DOWN
from grader.inside.notebooks import notebook
from grader.inside.notebooks.driver import Driver
from grader.inside.notebooks.host import Host
from grader.inside.wire import Array

RERUNS = 3
"""How often a notebook is run again without the cells that ended the kernel."""
BOOK_CAP = 16 << 20
"""Largest executed notebook, bytes."""
_FINAL = ("cpu", "time", "answers", "tampered")
"""After an end for one of these nothing is left to spend, or to believe."""
_SAID = {
    "cell": "this cell ran past its time limit and could not be interrupted",
    "cpu": "the CPU time of the whole notebook was used up in this cell",
    "time": "the time of the whole notebook was used up in this cell",
    "memory": "this cell needed more memory than allowed",
    "output": "this cell printed or displayed more than allowed",
    "tampered": "this cell sent messages that only the kernel may send",
}
Reply = tuple[dict[str, Any], list[Array]]


class Notebook:
    """One notebook over all its passes."""

    def __init__(self, directory: str, entry: str) -> None:
        self.path, self.entry = os.path.join(directory, entry), entry
        self.book: NotebookNode | None = None
        self.killers: dict[int, dict[str, Any]] = {}
        """Facts of the cells that ended the kernel; they are not run again."""
        self.passes = 0

    def load(self, host: Host) -> Reply:
        """The cells have run; the reply to the grader: facts of the cells and the notebook."""
        try:
            book = self.book = self.book or self._read()
        except notebook.Unreadable as error:
            return {"answer": {"trouble": {"kind": "NotebookError", "message": str(error)}}}, []
        while True:
            driver = self._pass(host, book)
            if not driver.dead:
                said: dict[str, Any] = {"answer": {"loaded": True, **self._facts(driver, book)}}
                break
            death = host.death or {}
            final = death.get("why") in _FINAL or len(self.killers) >= RERUNS
            number = self._blame(driver, book, death)
            if final:
                said = {"died": {**death, "cell": number, **self._facts(driver, book)}}
                break
        data = notebook.write(book, BOOK_CAP)
        return said, [np.frombuffer(data, np.uint8)]

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

    def _pass(self, host: Host, book: NotebookNode) -> Driver:
        """The cells ran once more, from the first one, on a fresh kernel."""
        threads = len(os.listdir("/proc/self/task"))
        if threads != 1:
            raise RuntimeError(f"{threads} threads: no kernel can be forked")
        self.passes += 1
        child = host.start(self.entry)
        seconds = host.limits.get("cell_seconds") or 30.0
        driver = Driver(host, child, book, skipped=set(self.killers), seconds=seconds)
        host.drive(driver)
        return driver

    def _blame(self, driver: Driver, book: NotebookNode, death: dict[str, Any]) -> int:
        """The cell that ran when the kernel ended says so, and is not run again; its number."""
        if driver.at is None:
            raise RuntimeError(f"the kernel ended before the first cell: {death}")
        number = driver.at
        if death.get("code") == SHUT_DOWN and not driver.begun:  # it was asked to by the one before
            number = max((n for n in driver.facts if n < number), default=number)
        fact = driver.facts.get(number, {"seconds": 0.0, "cut": False})
        self.killers[number] = {**fact, "status": "died", "trouble": None, "death": death}
        if number != driver.at:
            driver.facts.pop(driver.at, None)
        said = _SAID.get(str(death.get("why")), "this cell ended the kernel")
        book.cells[number - 1]["execution_count"] = None  # the next run counts anew
        book.cells[number - 1].outputs.append(
            NotebookNode(output_type="error", ename="KernelEnded", evalue=said, traceback=[said])
        )
        return number

    def _facts(self, driver: Driver, book: NotebookNode) -> dict[str, Any]:
        skipped = {"status": "skipped", "seconds": 0.0, "trouble": None, "cut": False}
        known = {**driver.facts, **self.killers}
        numbers = [n for n, c in enumerate(book.cells, 1) if c.cell_type == "code"]
        cells = [{**known.get(n, skipped), "index": n} for n in numbers]
        return {"cells": cells, "passes": self.passes}
