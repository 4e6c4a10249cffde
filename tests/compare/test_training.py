"""Short trainings and weak classes, judged by numbers recomputed outside."""

from __future__ import annotations

import numpy as np
import pytest

from grader import compare
from grader.data.secret import Secret
from grader.records.measurements import Logits, Trained

TRUTH = np.arange(40) % 4
LABELS = Secret(lambda: TRUTH, "forty classes")
FALLING = np.linspace(1.4, 0.2, 50)


def scores(margin: float) -> np.ndarray:
    """The right class leads by `margin`: the larger, the smaller the cross-entropy."""
    return margin * np.eye(4, dtype=np.float32)[TRUTH]


def trained(
    own: np.ndarray, proven: np.ndarray | None, losses: np.ndarray, **more: bool
) -> Trained:
    spent = more.get("spent", False)
    return Trained(own=own, operands=(), proven=proven, losses=losses, spent=spent)


def training_loss(*given: np.ndarray | None, **more: bool) -> tuple[float, str]:
    verdict = compare.training_loss(trained(*given, **more), LABELS, full=0.5, zero=1.3)  # type: ignore[arg-type]
    return verdict.fraction, f"{verdict.feedback} {verdict.hint}"


def test_the_loss_is_that_of_the_weights_in_our_network() -> None:
    """What the student's own network answers earns half; reported losses alone earn nothing."""
    good, bad = scores(4), scores(0)

    assert training_loss(good, good, FALLING)[0] == 1
    assert training_loss(good, bad, FALLING)[0] == 0.5
    assert training_loss(good, None, FALLING)[0] == 0.5
    assert training_loss(bad, bad, FALLING)[0] == 0
    assert 0.2 < training_loss(scores(1), scores(1), FALLING)[0] < 0.9


def test_losses_that_do_not_fall_leave_half() -> None:
    """A curve that rises, none at all, or one that is no number is said; the network still counts."""
    good = scores(4)
    for losses, text in (
        (FALLING[::-1], "do not fall: they go from"),
        (np.zeros(0), "reported no curve"),
        (np.append(FALLING, np.nan), "no finite numbers"),
    ):
        share, said = training_loss(good, good, losses)
        assert share == 0.5
        assert text in said


def test_what_was_seen_is_said() -> None:
    """The loss found, what guessing gives, the curve, and that the time was up."""
    _, said = training_loss(scores(1), scores(1), FALLING, spent=True)

    for part in (
        "on these 40 pictures is 0.74",
        "guessing gives 1.39",
        "50 losses fall from",
        "time limit",
    ):
        assert part in said
    verdict = compare.training_loss(
        trained(scores(4), scores(4), FALLING), LABELS, full=0.5, zero=1.3
    )
    assert verdict.trust == "proof"
    assert verdict.evidence["curve"]


@pytest.mark.parametrize("odd", [np.full((40, 4), np.nan), np.zeros((39, 4)), np.zeros((40, 2))])
def test_answers_that_are_none_earn_nothing(odd: np.ndarray) -> None:
    """NaN, a picture too few, classes too few. Guessing always class 0 recognises that one class."""
    found = compare.every_class(Logits(own=odd, operands=(), proven=odd), LABELS, least=0.2)

    assert training_loss(odd, odd, FALLING)[0] == 0
    assert found.fraction == (0.25 if len(odd) == 40 else 0)


def test_each_class_counts_alike() -> None:
    """A class that is never recognised costs its part, whatever the others reach."""
    full = scores(4)
    blind = full.copy()
    blind[:, 3] = -9
    half = Logits(own=full, operands=(), proven=blind)

    assert (
        compare.every_class(Logits(own=full, operands=(), proven=full), LABELS, least=0.2).fraction
        == 1
    )
    verdict = compare.every_class(half, LABELS, least=0.2)
    assert verdict.fraction == 0.75
    assert "Below 20% are: 3 (0%)" in verdict.feedback
    assert verdict.trust == "proof"
    own = compare.every_class(Logits(own=full, operands=()), LABELS, least=0.2)
    assert own.fraction == 0.5
    assert "at most 50%" in own.feedback


@pytest.mark.parametrize(
    ("losses", "larger"),
    [
        (np.linspace(1.4, 9.0, 50), False),
        (np.array([1.4, np.inf, np.nan]), False),
        (np.linspace(1.4, 0.9, 50), False),
        (np.linspace(1.39, 1.38, 50), True),
    ],
    ids=["grows", "not finite", "falls", "flat"],
)
@pytest.mark.parametrize("margin", [0, 1, -20])
def test_a_larger_learning_rate_is_advised_only_where_nothing_moved(
    losses: np.ndarray,
    larger: bool,  # noqa: FBT001
    margin: float,
) -> None:
    """Never to a training that diverges, as where gradients were never set to zero."""
    bad = scores(margin)
    _, said = training_loss(bad, bad, losses)
    assert "larger learning rate" not in said or larger
    if larger and margin == 1:
        assert "larger learning rate" in said
