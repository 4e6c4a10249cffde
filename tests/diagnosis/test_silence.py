"""No diagnosis where none is due: noise, coincidences, and honest code in many styles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import diagnosis
from grader.diagnosis import Candidate, Context, Pass, Wording
from grader.diagnosis.matching import naming
from grader.diagnosis.matching.case import Case
from kit import backprop as made
from kit import refactorings
from kit.arrays import EPS, G1, G2, LOGS, MATRIX, STEP, VECTOR, P, W, Y
from kit.backprop import (
    CLASSES,
    DIGITS,
    NAMES,
    RATE,
    SAMPLES,
    SMALL,
    Array,
    Gradients,
    Net,
    around_w1,
    around_w2,
    explained,
    network,
)
from kit.wrong_gradients import GRADIENTS

# ---------------------------------------------------------------------- silence


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    power=st.floats(-12, 12),
    kind=st.sampled_from(["noise", "added", "times", "one", "float32"]),
)
def test_silent_on_noise(seed: int, power: float, kind: str) -> None:
    """Noise of any size, alone, on top or in one place only, is given no name."""
    rng, scale = np.random.default_rng(seed), 10.0**power
    seen = []
    for right in SMALL.right:
        noise = scale * rng.standard_normal(right.shape)
        if kind == "one":
            noise *= rng.permutation(right.size).reshape(right.shape) == 0
        made_of = {
            "noise": noise,
            "times": right * (1 + noise),
            "float32": noise.astype(np.float32),
        }
        seen.append(made_of.get(kind, right + noise))
    assert explained(seen, SMALL) == ()
    seen = [g if rng.random() < 0.5 else s for g, s in zip(SMALL.right, seen, strict=True)]
    assert explained(seen, SMALL) == ()


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), power=st.floats(-6, 6))
def test_silent_on_other_numbers(seed: int, power: float) -> None:
    """A loss, an update and the gradient of another network mean nothing here."""
    rng = np.random.default_rng(seed)
    loss = Context(probabilities=P, labels=Y, eps=EPS)
    off = np.asarray(LOGS.mean() * (1 + 10.0**power * rng.standard_normal()))
    assert diagnosis.name(off, LOGS.mean(), context=loss) is None
    step = Context(before=W, gradient=G2, rate=0.01, batch=SAMPLES)
    moved = W - 0.01 * G2 * (1 + 10.0**power * rng.standard_normal(G2.shape))
    assert diagnosis.name(moved, W - STEP, context=step) is None
    assert explained(network(7, 6, 5, 4, seed).right, SMALL) == ()


GENERAL = {
    *("scaled", "doubled", "halved", "negative", "scaled+sign", "doubled+sign", "halved+sign"),
    *("reordered", "rows-permuted", "columns-permuted", "part-zero", "zero", "shape"),
}
"""Kinds that describe the numbers and name no cause."""
PLACES = {"shifted", "reversed", "rows-reversed", "columns-reversed", "shape+sum-not-mean"}
"""Kinds that say where the numbers stand."""


@settings(max_examples=300)
@given(
    numbers=st.lists(st.integers(-3, 3), min_size=16, max_size=16),
    rows=st.integers(2, 4),
    columns=st.integers(1, 4),
    kind=st.sampled_from(
        ["sign", "sum-not-mean", "transposed", "bias-first", "bias-zero", "bias-scaled"]
    ),
)
def test_rather_silent_than_wrong(numbers: list[int], rows: int, columns: int, kind: str) -> None:
    """In small arrays of small numbers, where much coincides, no other cause than the real one is named."""
    right = np.array(numbers[: rows * columns], float).reshape(rows, columns)
    seen = {
        "sign": -right,
        "sum-not-mean": 3 * right,
        "transposed": right.T,
        "bias-first": np.roll(right, 1, axis=0),
        "bias-zero": np.vstack([right[:-1], 0 * right[-1:]]),
        "bias-scaled": np.vstack([right[:-1], 3 * right[-1:]]),
    }[kind]
    fault = diagnosis.name(seen, right, context=Context(batch=3, bias="last"))
    assert fault is None or fault.code in GENERAL | {kind}


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(2, 4)),
    drawn=st.sampled_from(["whole", "normal"]),
)
def test_no_mistake_is_taken_for_another(
    seed: int, sizes: tuple[int, int, int, int], drawn: str
) -> None:
    """In networks of a few units, often with whole numbers, only causes that give the very same
    numbers are named; all others are silent or plain descriptions.
    """
    n, pixels, hidden, classes = sizes
    rng = np.random.default_rng(seed)
    images = (
        rng.integers(-2, 3, (n, pixels)) + 0.0
        if drawn == "whole"
        else rng.standard_normal((n, pixels))
    )
    params = [rng.standard_normal((pixels + 1, hidden)), rng.standard_normal((hidden + 1, classes))]
    net = made.net(images, params, np.eye(classes)[rng.integers(0, classes, n)])
    seen = {wrong: wrong(net.kept, net.labels) for wrong in GRADIENTS}
    for wrong, arrays in seen.items():
        for finding in explained(arrays, net):
            places = [NAMES.index(name) for name in finding.names]
            twins = {
                kind
                for other, (kind, _) in GRADIENTS.items()
                if all(alike(arrays[i], seen[other][i]) for i in places)
            }
            if finding.code not in GENERAL | PLACES:
                assert finding.code in twins, wrong


def alike(one: Array, other: Array) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (np.ones((3, 3)), np.zeros((3, 3))),
        (np.zeros((3, 3)), np.full((3, 3), 2.0)),
        (-np.ones((3, 3)), np.ones((3, 3))),
        (np.array([[-2.0]]), np.array([[2.0]])),
        (np.array(-2.0), np.array(2.0)),
        (np.array([-1.0, -2.0]), np.array([1.0, 2.0])),
        (MATRIX.T - MATRIX, MATRIX - MATRIX.T),
        (
            np.array([[-1.0, 1.0], [-2.0, 2.0], [-3.0, 3.0]]),
            np.array([[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]]),
        ),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.zeros((2, 3)), MATRIX),
        (np.array([1.0, 2.0, 3.0]), np.array([1.000007, 1.999993, 2.999995])),
        (MATRIX * 2, np.where(MATRIX > 1, np.nan, MATRIX)),
        (np.array(["a", "b", "c"]), VECTOR[:3]),
    ],
)
def test_silent_where_stories_coincide(seen: Array, expected: Array) -> None:
    """All zeros, constants, one number, an antisymmetric matrix, two classes, nothing, text."""
    assert diagnosis.name(seen, expected, context=Context(batch=2)) is None


def test_silent_on_a_context_that_is_wrong() -> None:
    """What does not yield the right array is not used to explain a wrong one."""
    seen = made.no_relu(DIGITS.kept, DIGITS.labels)[0]
    known = around_w1()
    assert known.scores is not None
    assert diagnosis.name(seen, G1, context=known) is not None
    assert diagnosis.name(seen, G1, context=replace(known, scores=-known.scores)) is None
    labels = np.roll(Y, 1, axis=0)
    squared = np.mean(np.sum((P - labels) ** 2, axis=1))
    loss = Context(probabilities=P, labels=labels, eps=EPS)
    assert diagnosis.name(squared, LOGS.mean(), context=loss) is None
    step = Context(before=W, gradient=G2, rate=0.02)
    assert diagnosis.name(W + 0.02 * G2, W - STEP, context=step) is None
    other = network(SAMPLES, 784, 12, CLASSES, seed=6)
    for wrong in (made.first_column_cut, made.label_forgotten):
        foreign = wrong(other.kept, other.labels)
        assert diagnosis.explain(foreign, DIGITS.right, NAMES, run=other.run) == ()


def test_silent_where_a_number_is_nearly_met() -> None:
    """A loss that differs in the ninth digit from a known mistake is another one."""
    known = Context(probabilities=P, labels=Y, eps=EPS)
    binary = LOGS.mean() / np.log(2)
    assert diagnosis.name(binary, LOGS.mean(), context=known) is not None
    assert diagnosis.name(binary * (1 + 1e-8), LOGS.mean(), context=known) is None


def test_silent_where_too_much_is_left() -> None:
    """A mistake that is hardly greater than the tolerance has to be met all the more exactly."""
    slight = MATRIX + 4e-6 * MATRIX.T
    wording = Wording(sentence="{it} is slightly wrong.", hint="Look.")
    known = Context(candidates=(Candidate(code="slight", values=slight, wording=wording),))
    assert diagnosis.name(slight, MATRIX, context=known) is not None
    assert diagnosis.name(slight + 1e-6 * np.cos(MATRIX), MATRIX, context=known) is None


def test_silent_on_what_holds_no_real_numbers() -> None:
    """Text and complex numbers get no diagnosis, and no error either."""
    for odd in (np.array(["a", "b"]), G1 * 1j):
        assert explained([odd, G2]) == ()


def test_silent_where_two_mistakes_coincide() -> None:
    """Where no score is negative, forgetting the mask is right and inverting it yields zeros."""
    w1 = DIGITS.params[0].copy()
    w1[-1] += 1e3
    net = made.forward([w1, DIGITS.params[1] * 1e-3], DIGITS.images)
    assert (net.h1 > 0).all()
    run = Pass.forward(DIGITS.images, [net.w1, net.w2], DIGITS.labels, "last")
    expected = made.right(net, DIGITS.labels)
    assert diagnosis.explain(made.no_relu(net, DIGITS.labels), expected, NAMES, run=run) == ()
    (found,) = diagnosis.explain(
        made.difference_turned(net, DIGITS.labels), expected, NAMES, run=run
    )
    assert found.code == "sign"  # and not: mask forgotten, sign turned
    symmetric = MATRIX + MATRIX.T
    step = Context(before=symmetric, gradient=MATRIX @ MATRIX.T, rate=0.1)
    after = symmetric - 0.1 * MATRIX @ MATRIX.T
    assert diagnosis.name(-after, after, context=step) is None  # and not: transposed, sign turned
    (found,) = diagnosis.explain(made.mask_inverted(net, DIGITS.labels), expected, NAMES, run=run)
    assert found.sentence == "Your gradient of `w1` is zero everywhere."


# ---------------------------------------------------------------------- honest variants

VARIANTS = tuple(refactorings.choices(step=107))


def autograd(net: Net) -> Gradients:
    """The gradients by torch."""
    w1, w2 = (torch.tensor(w, requires_grad=True) for w in net.params)
    rows = torch.ones(len(net.images), 1, dtype=torch.float64)
    h = torch.relu(torch.cat([torch.tensor(net.images), rows], 1) @ w1)
    scores = torch.cat([h, rows], 1) @ w2
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(net.labels.argmax(axis=1)))
    loss.backward()  # type: ignore[no-untyped-call]
    return [w1.grad.numpy(), w2.grad.numpy()]


def test_the_reference_is_right() -> None:
    """The backward pass that all others are compared with agrees with autograd."""
    for net in (DIGITS, SMALL):
        for own, other in zip(net.right, autograd(net), strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-15)


@pytest.mark.proof
def test_no_name_for_200_honest_variants() -> None:
    """Refactorings are right, and no mistake is seen in their last bits either."""
    assert len(VARIANTS) >= 200
    assert len({tuple(f.__name__ for f in v) for v in VARIANTS}) == len(VARIANTS)
    used = {part for variant in VARIANTS for part in variant}
    assert used == {part for parts in refactorings.GRID for part in parts}
    expected, different = autograd(SMALL), 0
    context = Context(rate=RATE)
    for variant in VARIANTS:
        seen = refactorings.refactored(variant, SMALL.kept, SMALL.labels)
        for own, other in zip(seen, expected, strict=True):
            assert np.max(np.abs(own - other)) <= 1e-6 * np.max(np.abs(other)), variant
        found = diagnosis.explain(seen, expected, NAMES, context=context, run=SMALL.run)
        assert found == (), variant
        if all(map(np.array_equal, seen, expected)):
            continue
        different += 1
        found = diagnosis.explain(seen, expected, NAMES, context=context, run=SMALL.run, rtol=0.0)
        assert found == (), variant
        for own, other in zip(seen, expected, strict=True):
            near = Case.read(own, other, around_w2(SMALL), 1e-6)
            assert naming.find_best(near) is None, variant
            far = Case.read(own, other, diagnosis.Context(batch=7, bias="last"), 1e-3)
            assert naming.find_best(far) is None
    assert different >= 150


def test_wrong_variants_are_named() -> None:
    """The same refactorings with one mistake each get its name: style is no hiding place."""
    for variant in VARIANTS[::20]:
        seen = refactorings.refactored(
            (*variant[:3], lambda up, h: up * (h <= 0), *variant[4:]), SMALL.kept, SMALL.labels
        )
        (found,) = explained(seen, SMALL)
        assert (found.names, found.code) == (("w1",), "relu-inverted")
