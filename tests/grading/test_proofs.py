"""Weights are tried outside in boxes that serve many students, and no box is worn out by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.grading import proof
from grader.grading.proof import ReferenceProver
from grader.records.execution import Missing
from grader.records.measurements import Logits
from grader.sandbox import Box
from kit.graded import Lenet


class Opener:
    """Opens the boxes of the executor, and keeps them."""

    def __init__(self, lenet: Lenet) -> None:
        self.lenet = lenet
        self.boxes: list[Box] = []

    def __call__(self) -> Box:
        box = self.lenet.executor._open_reference()
        assert isinstance(box, Box)
        self.boxes.append(box)
        return box


@pytest.fixture
def opener(lenet: Lenet) -> Opener:
    return Opener(lenet)


@pytest.fixture
def prover(opener: Opener) -> Iterator[ReferenceProver]:
    one = ReferenceProver(opener)
    yield one
    one.close()


@pytest.fixture(scope="module")
def claim(lenet: Lenet) -> tuple[Logits, dict[str, object]]:
    """What the reference says of itself, and what was asked."""
    executor = lenet.executor
    (probe,) = [p for p in executor.loaded.probes.values() if p.recompute]
    arguments = executor._arguments_of(probe, ["float32"], {})
    with executor._open_reference() as box:
        answer = box.ask(probe.ask, arguments)
    assert not isinstance(answer, Missing), answer
    return Logits.from_wire(answer), arguments


def test_a_box_is_renewed_before_it_is_full(
    prover: ReferenceProver,
    opener: Opener,
    claim: tuple[Logits, dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After so many bytes of answers another one takes over, and the proofs go on."""
    first = prover.prove(*claim).logits
    assert first is not None
    monkeypatch.setattr(proof, "RENEWED_AFTER", int(first.nbytes * 2.5))
    for _ in range(5):
        again = prover.prove(*claim).logits
        assert again is not None
        assert (again == first).all()
    assert len(opener.boxes) == 2


def test_a_proof_is_not_lost_with_a_box(
    prover: ReferenceProver, opener: Opener, claim: tuple[Logits, dict[str, object]]
) -> None:
    """A box that answers nothing any more is replaced, and the same proof asked for again."""
    assert prover.prove(*claim).logits is not None
    (box,) = opener.boxes
    box._hopeless, box._alive = "Its time is over.", False
    assert prover.prove(*claim).logits is not None
    assert len(opener.boxes) == 2


def test_what_does_not_fit_is_the_students(
    prover: ReferenceProver, opener: Opener, claim: tuple[Logits, dict[str, object]]
) -> None:
    """Asked for twice where the box had served before, and then believed."""
    claimed, arguments = claim
    odd = replace(claimed, operands=claimed.operands[1:])
    assert prover.prove(odd, arguments).logits is None
    assert len(opener.boxes) == 1
    assert prover.prove(claimed, arguments).logits is not None
    assert prover.prove(odd, arguments).why_not
    assert prover.prove(claimed, arguments).logits is not None
    assert len(opener.boxes) <= 4
