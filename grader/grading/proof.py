"""Proofs: what is computed again outside the student's process, from arrays that left it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from grader.records.errors import SandboxError
from grader.records.execution import Missing, Proof
from grader.records.measurements import Logits
from grader.sandbox.backend import OpenBox

_PASSED_ON = ("module", "init", "live", "images")
"""Arguments of a probe that the proof's own question takes over."""


class Prover(Protocol):
    """Computes again what a student's network is said to answer."""

    def prove(self, claimed: Logits, arguments: Mapping[str, Any]) -> Proof:
        """The answers, or why there are none; may be called from several threads.

        `claimed` holds the student's arrays, `arguments` are those of the probe.
        """

    def close(self) -> None:
        """Its boxes are cut off."""


class ReferenceProver:
    """Puts the student's arrays into the reference's network, in a box without student code.

    A box is kept for the whole class; several at a time where several threads ask.
    """

    def __init__(self, open_reference: Callable[[], OpenBox]) -> None:
        """`open_reference` opens a box in which the reference has not been loaded yet."""
        self._open_reference = open_reference
        self._boxes: list[OpenBox] = []
        self._idle: list[OpenBox] = []
        self._lock = threading.Lock()

    def prove(self, claimed: Logits, arguments: Mapping[str, Any]) -> Proof:
        """The logits (N, classes) that the arrays give, or why they give none."""
        asked: dict[str, Any] = {k: arguments[k] for k in _PASSED_ON if k in arguments}
        if claimed.operands:
            asked["operands"] = [[key, array] for key, array in claimed.operands]
        else:
            asked["state"] = [[name, array] for name, array in claimed.state]
        with self._borrow() as box:
            answer = box.ask("logits", asked)
            if isinstance(answer, Missing) and box.disturbed:
                raise SandboxError("A box broke: a signal ended the process that computes again.")
        if isinstance(answer, Missing):
            return Proof(logits=None, why_not=answer.why)
        return Proof(logits=answer["logits"])

    @contextmanager
    def _borrow(self) -> Iterator[OpenBox]:
        with self._lock:
            box = self._idle.pop() if self._idle else None
        if box is None:
            box = self._load()
        try:
            yield box
        except SandboxError:  # the next one takes another box
            with self._lock, suppress(ValueError):  # closed meanwhile, by an interrupt
                self._boxes.remove(box)
            raise
        with self._lock:
            self._idle.append(box)

    def _load(self) -> OpenBox:
        box = self._open_reference()
        error = box.load()
        if error is not None:
            raise SandboxError(
                f"the reference does not load: {error.sentence()}. Run `grader verify`"
            )
        with self._lock:
            self._boxes.append(box)
        return box

    def close(self) -> None:
        """Every box is gone."""
        with self._lock:
            for box in self._boxes:
                with suppress(SandboxError):  # it broke, or was cut off
                    box.close()
            self._boxes.clear()
            self._idle.clear()
