"""Proofs: what is computed again outside the student's process, from arrays that left it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from grader.inside.process.conversation import TOTAL_CAP
from grader.records.errors import SandboxError
from grader.records.execution import Missing, Proof
from grader.records.measurements import Logits, kept
from grader.sandbox.backend import OpenBox

_PASSED_ON = ("module", "init", "live", "images")
"""Arguments of a probe that the proof's own question takes over."""
RENEWED_AFTER = TOTAL_CAP // 4
"""Bytes of answers after which another box takes over: so none is ended for what it answered to
other students.
"""


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

    A box is kept for many students; several at a time where several threads ask. An answer that is
    missing is asked for once more in a box that nobody has used: no student loses a proof by what
    a box went through before.
    """

    def __init__(self, open_reference: Callable[[], OpenBox]) -> None:
        """`open_reference` opens a box in which the reference has not been loaded yet."""
        self._open_reference = open_reference
        self._answered: dict[OpenBox, int] = {}
        """Bytes that each box has answered."""
        self._idle: list[OpenBox] = []
        self._lock = threading.Lock()

    def prove(self, claimed: Logits, arguments: Mapping[str, Any]) -> Proof:
        """The logits (N, classes) that the arrays give, or why they give none."""
        asked: dict[str, Any] = {k: arguments[k] for k in _PASSED_ON if k in arguments}
        if claimed.operands:
            asked["operands"] = [[key, array] for key, array in claimed.operands]
        else:
            asked["state"] = [[name, array] for name, array in claimed.state]
        answer, was_used = self._ask(asked)
        if isinstance(answer, Missing) and was_used:
            answer, _ = self._ask(asked, fresh=True)
        if isinstance(answer, Missing):
            return Proof(logits=None, why_not=answer.why)
        return Proof(logits=kept.order_scores(answer["logits"]))

    def _ask(self, asked: Mapping[str, Any], *, fresh: bool = False) -> tuple[Any | Missing, bool]:
        """The answer, and whether the box had been used before."""
        box = self._take(fresh=fresh)
        before = self._answered.get(box, 0)
        try:
            answer = box.ask("logits", asked)
        except SandboxError:  # the next one takes another box
            self._forget(box)
            raise
        if isinstance(answer, Missing) and box.disturbed:
            self._forget(box)
            box.close()
            raise SandboxError("A box broke: a signal ended the process that computes again.")
        size = 0 if isinstance(answer, Missing) else answer["logits"].nbytes
        if not size or before + size > RENEWED_AFTER:
            self._forget(box)
            box.close()
        else:
            with self._lock:
                self._answered[box] = before + size
                self._idle.append(box)
        return answer, before > 0

    def _forget(self, box: OpenBox) -> None:
        with self._lock:
            self._answered.pop(box, None)  # it may have been closed meanwhile, by an interrupt

    def _take(self, *, fresh: bool) -> OpenBox:
        """A box that nobody else uses, with the reference loaded."""
        with self._lock:
            if self._idle and not fresh:
                return self._idle.pop()
        box = self._open_reference()
        error = box.load()
        if error is not None:
            box.close()
            raise SandboxError(
                f"the reference does not load: {error.sentence()}. Run `grader verify`"
            )
        with self._lock:
            self._answered[box] = 0
        return box

    def close(self) -> None:
        """Every box is gone."""
        with self._lock:
            for box in self._answered:
                with suppress(SandboxError):  # it broke, or was cut off
                    box.close()
            self._answered.clear()
            self._idle.clear()
