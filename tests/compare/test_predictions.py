"""Accuracy where the student's own network gave no answers."""

from __future__ import annotations

import numpy as np

from grader import compare
from grader.data.secret import Secret
from grader.records.execution import Proof
from grader.records.measurements import Logits

TRUTH = np.array([0, 1, 2, 1])
ANSWERS = np.eye(3, dtype=np.float32)[TRUTH]
OURS = Logits(own=ANSWERS, operands=())


def test_weights_alone_earn_what_the_brief_gives_them() -> None:
    """All points, as proof; why the network was silent is said."""
    student = Logits.by_proof(Proof(logits=ANSWERS), "net.py, line 3: ValueError.")
    verdict = compare.accuracy(student, OURS, Secret(lambda: TRUTH, "labels"), full=-0.1, zero=-0.5)
    assert (verdict.fraction, verdict.trust, verdict.hint) == (1.0, "proof", "")
    assert "Your own network gave no answers: net.py, line 3: ValueError." in verdict.feedback
    assert compare.every_class(student, Secret(lambda: TRUTH, "labels"), least=0.5).fraction == 1.0


def test_weights_that_are_of_no_use_earn_nothing() -> None:
    """However little the own network says."""
    student = Logits.by_proof(Proof(logits=np.roll(ANSWERS, 1, axis=1)), "it never returned")
    verdict = compare.accuracy(student, OURS, Secret(lambda: TRUTH, "labels"), full=-0.1, zero=-0.5)
    assert (verdict.fraction, verdict.trust) == (0.0, "proof")
    assert "Make the earlier checks pass first" in verdict.hint


def test_a_file_that_was_only_read_holds_its_arrays() -> None:
    """Answers may be absent only where there are arrays in their place."""
    answer = {"logits": None, "operands": [], "unset": "", "state": [["a.b", ANSWERS]]}
    read = Logits.from_wire(answer)
    assert read.own is None
    assert [name for name, _ in read.state] == ["a.b"]


def test_what_was_scored_stands_apart_from_what_was_not() -> None:
    """A network of the student's own that reads all earns half, and the evidence says which of the
    two numbers was scored and what each gives: no mark stands at all points beside half of them.
    """
    blind = np.roll(ANSWERS, 1, axis=1)
    other = Logits(own=ANSWERS, operands=(), proven=blind)
    verdict = compare.accuracy(other, OURS, Secret(lambda: TRUTH, "labels"), full=-0.1, zero=-0.5)
    seen = verdict.evidence["accuracy"]
    assert verdict.fraction == 0.5
    assert (seen["scored"], seen["student"]) == ("network", 1.0)
    assert seen["own"] == {"accuracy": 1.0, "fraction": 0.5, "most": 0.5}
    assert seen["weights"] == {"accuracy": 0.0, "fraction": 0.0, "most": 1.0}

    same = Logits(own=ANSWERS, operands=(), proven=ANSWERS)
    verdict = compare.accuracy(same, OURS, Secret(lambda: TRUTH, "labels"), full=-0.1, zero=-0.5)
    seen = verdict.evidence["accuracy"]
    assert (seen["scored"], seen["student"], verdict.fraction) == ("weights", 1.0, 1.0)
    silent = Logits.by_proof(Proof(logits=ANSWERS), "it never returned")
    verdict = compare.accuracy(silent, OURS, Secret(lambda: TRUTH, "labels"), full=-0.1, zero=-0.5)
    assert verdict.evidence["accuracy"]["own"] is None
