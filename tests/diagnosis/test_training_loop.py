"""A recorded training: its settings are read off what it did, and each way to go wrong is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.diagnosis import Descent, Diagnosis, Settings

PICTURES, PIXELS, CLASSES = 50, 12, 4
IMAGES = np.random.RandomState(0).standard_normal((PICTURES, PIXELS)).astype(np.float32)
LABELS = np.random.RandomState(1).randint(CLASSES, size=PICTURES)


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def record(
    *,
    epochs: int = 3,
    batch: int = 16,
    rate: float = 0.05,
    momentum: float = 0.5,
    summed: bool = False,
    zeroed: bool = True,
    twice: bool = False,
    adam: bool = False,
    shuffled: bool = True,
    each_step: bool = False,
) -> dict[str, Any]:
    """What training a linear layer so leaves behind, in float32 as torch does it."""
    rng = np.random.RandomState(2)
    weight = rng.uniform(-0.1, 0.1, (CLASSES, PIXELS)).astype(np.float32)
    velocity, kept = np.zeros_like(weight), np.zeros_like(weight)
    rows, weights, slopes, yields = [], [], [], []
    for _ in range(epochs):
        order = rng.permutation(PICTURES) if shuffled else np.arange(PICTURES)
        for at in range(0, PICTURES, batch):
            taken = order[at : at + batch]
            said, wanted = softmax(IMAGES[taken] @ weight.T), np.eye(CLASSES)[LABELS[taken]]
            by = said - wanted
            if twice:
                again = softmax(said) - wanted
                by = said * (again - (again * said).sum(axis=1, keepdims=True))
            by = (by if summed else by / len(taken)).astype(np.float32)
            rows.append(taken)
            weights.append(weight.copy())
            slopes.append(by)
            gradient = by.T @ IMAGES[taken]
            kept = gradient if zeroed else kept + gradient
            velocity = momentum * velocity + kept
            step = np.sign(kept) if adam else velocity
            weight = (weight - rate * step).astype(np.float32)
            if each_step:
                yields.append(len(rows))
        if not each_step:
            yields.append(len(rows))
    return {
        "rows": rows,
        "weights": [*weights, weight],
        "slopes": slopes,
        "yields": yields,
        "images": IMAGES,
        "labels": LABELS,
    }


def read(**how: Any) -> Descent:
    """The same as a check sees it."""
    made = record(**how)
    run = Descent.read(made, made)
    assert run is not None
    return run


def said(found: Diagnosis | None) -> str:
    """Its sentence, or nothing."""
    return "" if found is None else found.sentence


def near(settings: Settings | None, rate: float, momentum: float) -> bool:
    """True for settings that are these, up to what float32 leaves of them."""
    assert settings is not None
    return (settings.rate, settings.momentum) == pytest.approx((rate, momentum), abs=1e-3)


@pytest.mark.parametrize(("rate", "momentum"), [(0.05, 0.5), (0.01, 0.9), (0.2, 0.0)])
def test_settings_are_read_off_the_steps(rate: float, momentum: float) -> None:
    run = read(rate=rate, momentum=momentum)
    assert near(run.fit_settings(), rate, momentum)
    assert run.diagnose_loss() is run.diagnose_yields(3) is None
    assert run.diagnose_pictures() is run.diagnose_order() is None
    assert run.batch == 16


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_gradients_that_add_up_are_named(momentum: float) -> None:
    """Without momentum they look like a momentum of 1."""
    run = read(zeroed=False, momentum=momentum)
    assert "set them to zero" in said(run.diagnose_loss())
    assert near(run.fit_settings(), 0.05, momentum)


@pytest.mark.parametrize(
    ("how", "text"),
    [({"summed": True}, "the sum over a batch"), ({"twice": True}, "Softmax is applied before")],
)
def test_another_loss_is_named(how: dict[str, Any], text: str) -> None:
    run = read(**how)
    assert text in said(run.diagnose_loss())
    assert near(run.fit_settings(), 0.05, 0.5)


def test_another_loss_that_nobody_knows_is_said_to_be_another() -> None:
    made = record()
    made["slopes"] = [s + 0.1 for s in made["slopes"]]
    run = Descent.read(made, made)
    assert run is not None
    assert (
        said(run.diagnose_loss())
        == "The gradients are not those of the mean cross-entropy of the batch."
    )


def test_steps_of_one_size_are_named() -> None:
    run = read(adam=True, rate=0.001)
    assert run.fit_settings() is None
    assert "by the same amount, 0.001, as Adam does" in run.diagnose_steps().sentence


def test_steps_of_changing_size_have_no_settings() -> None:
    made = record()
    made["weights"][-1] = made["weights"][-1] + 0.1
    run = Descent.read(made, made)
    assert run is not None
    assert run.fit_settings() is None
    assert "No learning rate" in run.diagnose_steps().sentence


def test_weights_that_stay_are_named() -> None:
    run = read(rate=0.0)
    assert run.fit_settings() is None
    assert "never asked to step" in run.diagnose_steps().sentence


def test_epochs_are_looked_at_apart() -> None:
    assert "order in which they were given" in said(read(shuffled=False).diagnose_order())
    assert "12 steps, not after each of 3 epochs" in said(read(each_step=True).diagnose_yields(3))
    assert read(each_step=True).diagnose_pictures() is None
    assert "yields 2 times" in said(read(epochs=2).diagnose_yields(3))
    made = record()
    made["rows"][4:8] = made["rows"][:4]
    made["yields"] = []
    run = Descent.read(made, made)
    assert run is not None
    assert "yields nothing" in said(run.diagnose_yields(3))
    assert "the same in every epoch" in said(run.diagnose_order())


def test_pictures_are_counted() -> None:
    made = record()
    made["rows"][0] = np.full(16, 7)
    run = Descent.read(made, made)
    assert run is not None
    assert "repeatedly" in said(run.diagnose_pictures())
    for part in ("rows", "slopes"):
        made[part] = [p[:10] for p in record()[part]]
    run = Descent.read(made, made)
    assert run is not None
    assert said(run.diagnose_pictures()) == "An epoch shows 32 of 50 pictures."
    made["rows"][0] = np.full(10, -1)
    run = Descent.read(made, made)
    assert run is not None
    assert "not those it was given" in said(run.diagnose_pictures())
    assert run.diagnose_order() is None
    assert "are changed before" in said(run.diagnose_loss())


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("rows", 3),
        ("rows", [[1, 2]]),
        ("rows", [np.full(16, 99)] * 12),
        ("weights", [np.zeros((2, 2))] * 13),
        ("slopes", [np.zeros((16, 9))] * 12),
        ("yields", ["x"]),
        ("yields", [10**400]),
        ("rows", [[10**30]]),
        ("yields", None),
    ],
)
def test_a_record_that_is_not_whole_is_none(part: str, value: object) -> None:
    """What a box says of itself is checked completely or refused."""
    made = record()
    assert Descent.read({**made, part: value}, made) is None
    assert Descent.read(None, made) is None
