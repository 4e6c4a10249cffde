"""What a trained network answers to pictures: what is claimed, and what was proven."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.execution import Proof
from grader.records.untrusted import Array

_OPERANDS = 5_000
"""Weights of a network. Their keys go into another box, in a head of limited length."""
_LOSSES = 100_000
"""Steps of a loss curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """What a trained network answers to pictures: claims, and a proof where there is one."""

    own: Array | None
    """The student's network: (N, classes) float32; None where it gave no answers. Of more than
    10,000 scores only their order: int8, 1 to 100 for the greatest of a row, which says how sure
    the network is, -1 for the least, else 0.
    """
    operands: tuple[tuple[str, Array], ...]
    """Its weights as raw arrays, by key, until they were tried in the reference's network; empty
    where they could not be read.
    """
    unset: str = ""
    """Why they could not be read, or why the network gave no answers, in a sentence."""
    state: tuple[tuple[str, Array], ...] = ()
    """The arrays of a file that was only read, by the names that they have there."""
    proven: Array | None = None
    """The same weights in the reference's network, computed in a box without student code.

    Never read from an answer: only `with_proof` sets it.
    """
    unproven: str = ""
    """Why nothing could be computed there, in a sentence."""
    single: Logits | None = None

    @property
    def why_not(self) -> str:
        """Why there is no proof, in a sentence; empty where nothing is known of it."""
        return self.unproven or self.unset

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """What the student's process claims; a proof that it sends is ignored."""
        head = untrusted.read_mapping(value)
        state = _read_operands(head.get("state", []))
        logits = head.get("logits")
        return cls(
            own=None if logits is None and state else untrusted.read_scores(logits),
            operands=_read_operands(head.get("operands", [])),
            unset=untrusted.read_text(head.get("unset", "")),
            state=state,
        )

    @classmethod
    def by_proof(cls, proof: Proof, why: str) -> Self:
        """What was computed from the weights alone, where the student's network gave no answers."""
        return cls(own=None, operands=(), unset=why).with_proof(proof)

    def with_proof(self, proof: Proof) -> Self:
        """The same claims beside what was recomputed from them."""
        proven = None if proof.logits is None else untrusted.read_scores(proof.logits)
        return replace(self, proven=proven, unproven=untrusted.read_text(proof.why_not))


def _read_operands(value: object) -> tuple[tuple[str, Array], ...]:
    operands = untrusted.read_list(value)
    if len(operands) > _OPERANDS:
        raise Malformed(f"more than {_OPERANDS:,} operands")
    return tuple(_read_operand(o) for o in operands)


def _read_operand(value: object) -> tuple[str, Array]:
    key, array = untrusted.read_list(value, 2)
    return untrusted.read_key(key), untrusted.read_floats(array)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Logits):
    """What a network answers after it was trained under a budget."""

    own: Array
    """Those of the network that was trained."""
    losses: Array
    """As the training function gave them, float64 (steps,)."""
    spent: bool
    """True where the budget ended the training."""
    epochs: Array | None = None
    """Where it was asked for: the class of each picture after each epoch, int64 (epochs, N)."""

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The answers with the loss curve, of at most 100,000 steps, and those by epoch."""
        head = untrusted.read_mapping(value)
        plain = Logits.from_wire(head)
        losses = untrusted.read_floats(head.get("losses"))
        if losses.ndim != 1 or losses.size > _LOSSES:
            raise Malformed(f"not a loss curve: an array of shape {losses.shape}")
        own = untrusted.read_scores(head.get("logits"))
        return cls(
            own=own,
            operands=plain.operands,
            unset=plain.unset,
            losses=losses,
            spent=untrusted.read_flag(head.get("spent")),
            epochs=untrusted.read_classes_by_epoch(head.get("epochs"), len(own)),
        )
