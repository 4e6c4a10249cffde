"""Wrong gradients: each mistake in a backward pass as a student makes it gets its sentence, once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from grader import diagnosis
from grader.diagnosis import Pass
from kit import backprop as made
from kit.backprop import DIGITS, Array, Gradients, Kept, explained
from kit.wrong_gradients import GRADIENTS


@pytest.mark.parametrize("wrong", GRADIENTS, ids=lambda f: f.__name__)
def test_gradients(wrong: Callable[[Kept, Array], Gradients]) -> None:
    """One mistake in a backward pass is said once, whole, and of the arrays where it shows."""
    kind, sentence = GRADIENTS[wrong]
    (finding,) = explained(wrong(DIGITS.kept, DIGITS.labels))
    assert (finding.code, finding.sentence) == (kind, sentence)
    assert all(f"`{n}`" in sentence for n in finding.names)
    assert finding.hint
    assert 0.0 <= finding.fraction < 1.0


def test_every_wrong_pass_is_listed() -> None:
    """No function of `backprop.py` that computes wrong gradients goes without its sentence."""
    passes = {
        f
        for f in vars(made).values()
        if callable(f) and getattr(f, "__code__", None) and f.__code__.co_varnames[:2] == ("k", "y")
    }
    assert passes - {made.right, made.in_float32} == set(GRADIENTS)
    assert len({kind for kind, _ in GRADIENTS.values()}) >= 20


def test_two_mistakes_in_two_layers() -> None:
    """Mistakes that have nothing to do with each other are each said of their own gradient."""
    g1, g2 = made.mask_inverted(DIGITS.kept, DIGITS.labels)[0], 2 * DIGITS.right[1]
    first, second = explained([g1, g2])
    assert (first.names, first.code) == (("w1",), "relu-inverted")
    assert (second.names, second.code) == (("w2",), "doubled")


def test_the_same_in_float32() -> None:
    """A mistake is named too where the student's code computes in float32."""
    for wrong in (made.not_divided, made.mask_inverted, made.softmax_forgotten):
        seen = [g.astype(np.float32) for g in wrong(DIGITS.kept, DIGITS.labels)]
        (finding,) = explained(seen)
        assert finding.code == GRADIENTS[wrong][0]


DEEP_NAMES = ("w1", "b1", "w2", "b2", "w3", "b3")


def deep() -> tuple[Gradients, Array, Array, Pass]:
    """Three layers, of which the middle one is square; biases apart."""
    rng = np.random.default_rng(8)
    sizes = (9, 8, 8, 5)
    params: Gradients = []
    for i, o in pairwise(sizes):
        params += [rng.standard_normal((i, o)), rng.standard_normal(o)]
    images, labels = rng.standard_normal((11, 9)), np.arange(11) % 5
    return params, images, np.eye(5)[labels], Pass.forward(images, params, labels, "apart")


def deep_fault(seen: Gradients) -> diagnosis.Diagnosis:
    params, images, y, run = deep()
    expected = made.deep(params, images, y)
    (finding,) = diagnosis.explain(seen, expected, DEEP_NAMES, run=run)
    return finding


def test_mask_of_the_inputs() -> None:
    """A mask from a layer's inputs spoils what lies below it, and is said once."""
    params, images, y, _ = deep()
    finding = deep_fault(made.deep(params, images, y, mask_of="inputs"))
    assert finding.sentence == (
        "Each of your gradients (`w1`, `b1`, `w2`, `b2`) takes the mask of ReLU from the inputs of the layer; what "
        "counts is the sign of its outputs before ReLU."
    )


def test_weights_not_transposed() -> None:
    """A square matrix lets a gradient through the wrong way round without an error."""
    params, images, y, _ = deep()
    finding = deep_fault(made.deep(params, images, y, back="straight"))
    assert finding.sentence == (
        "Each of your gradients (`w1`, `b1`) uses a gradient that came back through the weights themselves, not "
        "through their transpose."
    )
