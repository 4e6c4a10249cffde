"""What a network answers under equal weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.inside.schema.questions import Output, Precision
from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.measurements.returned import Returned
from grader.records.untrusted import Array

_MOST = 64
"""Tensors of one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a network answers under equal weights."""

    answers: tuple[Returned, ...]
    """One for each pairing of weights; the first pairs by order of use. A tensor, or tuples and
    dictionaries of tensors.
    """
    precision: Precision
    output: Output = "raw"
    """What the assignment says of it."""
    place: str = ""
    """Where the student's `forward` is written, for the start of a sentence."""
    single: Outputs | None = None

    @property
    def runs(self) -> tuple[Array, ...]:
        """The first tensor of each answer: where there is one only, the answer itself."""
        return tuple(next(iter(list_arrays(a).values())) for a in self.answers)

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The answers, at least one, each of 1 to 64 tensors."""
        head = untrusted.read_mapping(value)
        answers = tuple(_read_answer(r) for r in untrusted.read_runs(head.get("runs")))
        return cls(
            answers=answers,
            precision=untrusted.read_precision(head.get("precision")),
            place=untrusted.read_text(head.get("place", ""))[:400],
        )


def _read_answer(value: object) -> Returned:
    answer = Returned.from_wire({"value": value})
    arrays = list_arrays(answer)
    if not 1 <= len(arrays) <= _MOST:
        raise Malformed(f"an answer of {len(arrays)} tensors")
    for array in arrays.values():
        untrusted.read_floats(array)
    return answer


def list_arrays(answer: Returned, way: str = "") -> dict[str, Array]:
    """Every tensor of an answer by the way to it, as Python writes it: `[1][0]`, `['code']`.

    The way to an answer that is one tensor is empty.
    """
    if answer.kind == "tensor":
        return {way: answer.item}
    if answer.kind in ("list", "tuple"):
        pairs = list(enumerate(answer.item))
    else:
        pairs = list(answer.item) if answer.kind == "dict" else []
    arrays: dict[str, Array] = {}
    for key, item in pairs:
        arrays |= list_arrays(item, f"{way}[{key!r}]")
    return arrays
