"""A network of the student's own: its accuracy, what it learned by heart, and its size."""

from __future__ import annotations

import numpy as np
import pytest

from grader import compare
from grader.data.secret import Secret
from grader.records.measurements import Array, Logits, Parameter, Parameters
from grader.records.result import Verdict

RNG = np.random.default_rng(5)
TRUTH = RNG.integers(0, 10, 2000)
LABELS = Secret(lambda: TRUTH, "labels")


def answers(share: float, truth: Array = TRUTH) -> Logits:
    """A network that reads the first so many of these pictures, and calls the others wrongly."""
    right = np.arange(len(truth)) < round(share * len(truth))
    said = np.where(right, truth, (truth + 1 + np.arange(len(truth)) % 8) % 10)
    return Logits(own=np.eye(10, dtype=np.float32)[said], operands=())


def judged(own: Logits, **options: object) -> Verdict:
    ours = answers(0.86)
    return compare.own_accuracy(own, ours, LABELS, full=0.8, zero=0.4, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("share", "fraction"), [(0.1, 0), (0.4, 0), (0.5, 0.25), (0.7, 0.75), (0.8, 1), (0.95, 1)]
)
def test_points_grow_evenly(share: float, fraction: float) -> None:
    """None at the lower end, all at the upper one."""
    verdict = judged(answers(share))
    assert verdict.fraction == pytest.approx(fraction)
    assert (
        f"{share:.2%} of 2,000 test pictures are read rightly; ours reads 86.00%"
        in verdict.feedback
    )
    assert ("Points begin above 40%" in verdict.feedback) == (share < 0.8)
    assert bool(verdict.hint) == (share < 0.8)
    assert verdict.trust == "evidence"
    assert not verdict.needs_review


def test_pictures_learned_by_heart_are_a_note() -> None:
    """Far more of the training pictures cost nothing; the hint says what helps."""
    plain, told = judged(answers(0.7)), judged(answers(0.7), training=(answers(0.97), LABELS))
    assert told.fraction == plain.fraction
    assert "reads 97.00%: it has learned pictures by heart" in told.feedback
    assert "flipped and shifted" in told.hint
    assert not told.needs_review


def test_test_pictures_read_better_gain_nothing() -> None:
    """What is read of the training pictures counts, on the leaderboard too, and a person looks."""
    verdict = judged(answers(0.9), training=(answers(0.5), LABELS))
    assert verdict.fraction == pytest.approx(0.25)
    assert verdict.evidence["leaderboard"] == {"accuracy": 0.5}
    assert verdict.needs_review
    assert "this share counts, and a person will look" in verdict.feedback
    assert "training pictures alone" in verdict.hint


@pytest.mark.parametrize(
    ("test", "train"), [(0.8, 0.79), (0.8, 0.77), (0.8, 0.9), (0.3, 0.3), (1, 1)]
)
def test_an_ordinary_network_is_nobodys_concern(test: float, train: float) -> None:
    """Chance moves both shares; the better ones of training pictures are what training is for."""
    verdict = judged(answers(test), training=(answers(train), LABELS))
    assert not verdict.needs_review
    assert "by heart" not in verdict.feedback


def test_few_pictures_prove_little() -> None:
    """With a hundred of each, ten more or less happen by chance."""
    truth = TRUTH[:100]
    few = Secret(lambda: truth, "labels")
    seen = (answers(0.6, truth), few)
    own, ours = answers(0.75, truth), answers(0.86, truth)
    verdict = compare.own_accuracy(own, ours, few, full=0.8, zero=0.4, training=seen)
    assert not verdict.needs_review


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda own: -own, "With the least score as its answer it would read 80.00%"),
        (lambda own: np.roll(own, 1, axis=1), "With its classes renamed it would read"),
        (lambda own: own[:, :9], "gives 9 scores for a picture, but there are 10 classes"),
    ],
)
def test_scores_in_another_order_are_named(change: object, said: str) -> None:
    """They earn nothing, and the sentence says why."""
    own = answers(0.8).own + np.float32(0.01) * np.arange(10, dtype=np.float32)
    verdict = judged(Logits(own=change(own), operands=()))  # type: ignore[operator]
    assert said in verdict.feedback


@pytest.mark.parametrize("share", [0.05, 0.1, 0.45, 0.9])
def test_weak_networks_are_not_told_of_another_order(share: float) -> None:
    """Where another order explains nothing, nothing is said of it."""
    assert "would read" not in judged(answers(share)).feedback


@pytest.mark.parametrize(
    "own", [np.zeros((3, 10)), np.full((2000, 10), np.nan), np.zeros((2000, 1))]
)
def test_odd_answers_earn_nothing(own: Array) -> None:
    """Too few, none that is a number, one column: none of them raises."""
    assert judged(Logits(own=own.astype(np.float32), operands=())).fraction == 0


def test_the_leaderboard_gets_accuracy_and_size() -> None:
    """Only trainable parameters are shown there."""
    verdict = judged(answers(0.8), parameters=holds(60))
    assert verdict.evidence["leaderboard"] == {"accuracy": 0.8, "parameters": 60}


# ---------------------------------------------------------------------- size


def holds(count: int, buffers: int = 0) -> Parameters:
    rows = [
        Parameter(name="fc.weight", shape=(count,), kind="parameter", trainable=True, used=True)
    ]
    if buffers:
        rows.append(
            Parameter(name="table", shape=(buffers,), kind="buffer", trainable=False, used=None)
        )
    return Parameters(rows=tuple(rows))


def test_everything_a_network_holds_counts() -> None:
    """A table in a buffer is no way around the budget."""
    assert compare.within(holds(100), most=100).fraction == 1
    over = compare.within(holds(60, buffers=41), most=100)
    assert over.fraction == 0
    assert "holds 101 numbers, 100 are allowed" in over.feedback
    assert "`fc.weight` 60, `table` 41" in over.feedback


def test_an_empty_network_earns_nothing() -> None:
    """A handout that nobody has filled in is small enough, and no network."""
    verdict = compare.within(Parameters(rows=()), most=100)
    assert verdict.fraction == 0
    assert "no parameters" in verdict.feedback
