"""Probes: pure data, with keys that change with the question and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from grader import data
from grader.assignment import probe
from grader.data.secret import Secret
from grader.inside import wire
from grader.records.errors import CourseError

X, Y = data.normal(3, 4), data.integers(3, below=2)
NET = probe.module("Net")
MAKERS: dict[str, Any] = {
    "layers": lambda: NET.layers(X),
    "parameters": lambda: NET.parameters(X),
    "outputs": lambda: NET.outputs(X),
    "gradients": lambda: NET.gradients(X, Y),
    "steps": lambda: NET.steps(X, Y),
    "declared": lambda: probe.module("Net", output="raw").outputs(X),
    "other loss": lambda: NET.gradients(X, Y, loss="mse"),
    "two inputs": lambda: NET.outputs((X, Y)),
    "other rate": lambda: NET.steps(X, Y, lr=0.5),
    "logits": lambda: NET.logits(data.test("mnist").images, weights="a.pt"),
    "sized": lambda: NET.logits(data.test("mnist", size=32).images, weights="a.pt"),
    "other file": lambda: NET.logits(data.test("mnist").images, weights="b.pt"),
    "own": lambda: NET.own_logits(data.test("mnist").images, weights="a.pt", seconds=5),
    "own, altered": lambda: NET.own_logits(
        data.test("mnist", altered=True).images, weights="a.pt", seconds=5
    ),
    "own, more time": lambda: NET.own_logits(data.test("mnist").images, weights="a.pt", seconds=6),
    "other network": lambda: probe.module("Other").layers(X),
    "with width": lambda: probe.module("Net", 3).layers(X),
    "other input": lambda: NET.layers(data.normal(3, 4, draw=1)),
    "other shape": lambda: NET.layers(data.normal(3, 5)),
    "array": lambda: NET.layers(np.zeros((3, 4))),
    "other array": lambda: NET.layers(np.ones((3, 4))),
    "call": lambda: probe.call("f", 1, [2.0], np.zeros(2)),
    "call with tensors": lambda: probe.call("f", 1, [2.0], np.zeros(2), tensors=True),
    "call without": lambda: probe.call("f"),
    "value": lambda: probe.value("f"),
    "survey": lambda: probe.survey("Net", [NET.layers(X)]),
    "survey of another": lambda: probe.survey("Other", [probe.module("Other").layers(X)]),
    "survey without input": lambda: probe.survey("net", [probe.live("net").logits(X)]),
}


@pytest.mark.parametrize(
    ("one", "shows"),
    [
        (NET.gradients(X, Y), True),
        (NET.steps(X, np.array([0, 1, 1])), True),
        (NET.steps(X, [0, 1, 1], by="step"), True),
        (NET.gradients(X, data.train("mnist", limit=3).targets), True),
        (NET.logits(X, weights="a.pt"), True),
        (NET.gradients(X, X), False),
        (NET.gradients(X, Y, loss="mse"), False),
        (NET.gradients(X, Y, loss="own"), False),
        (NET.outputs(X), False),
        (probe.live("net").logits(X), False),
    ],
)
def test_where_class_labels_are_shown(one: probe.Probe[Any], shows: bool) -> None:  # noqa: FBT001
    """Whole numbers beside an input, for cross-entropy, and what a trained network is asked."""
    assert one.shows_classes == shows


def test_an_unknown_output_is_refused() -> None:
    """With what there is."""
    with pytest.raises(CourseError, match="'softmax' is not known; give one of 'logits', "):
        probe.module("Net", output="softmax")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MAKERS)
def test_keys_are_stable(name: str) -> None:
    """The same question has the same key each time it is asked."""
    assert MAKERS[name]().key == MAKERS[name]().key


def test_keys_tell_questions_apart() -> None:
    """Whatever differs in a question differs in its key."""
    keys = {name: make().key for name, make in MAKERS.items()}
    assert len(set(keys.values())) == len(keys)


@pytest.mark.process
def test_keys_outlive_the_process() -> None:
    """Another process, with another hash seed, finds the same keys: ledgers rely on it."""
    program = (
        "from grader import data, probe; print(probe.module('Net').layers(data.normal(3, 4)).key)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == MAKERS["layers"]().key


def test_keys_do_not_hold_the_seed() -> None:
    """The numbers change with the seed, the question does not."""
    one = NET.layers(X)
    first, again, other = (one.arguments(seed, data.Source())["x"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_argument_crosses() -> None:
    """Arguments, once loaded, are what the wire carries."""
    for name, make in MAKERS.items():
        made = make()
        if "images" not in made.args:
            tree, arrays = wire.pack(made.arguments(1, data.Source()))
            assert wire.unpack(tree, arrays).keys() == made.arguments(1, data.Source()).keys(), name


@pytest.mark.parametrize(
    "refused",
    [
        Secret(lambda: [1, 2], "labels"),
        data.test("mnist").labels,
        data.test("mnist"),
        object(),
        {1, 2},
        b"bytes",
        lambda x: x,
    ],
    ids=["secret", "labels", "data set", "object", "set", "bytes", "function"],
)
def test_secrets_are_refused(refused: Any) -> None:
    """Labels and objects cannot be passed to any probe, not even inside a list."""
    for made in (
        lambda: probe.call("f", refused),
        lambda: probe.call("f", [1, [refused]]),
        lambda: NET.layers(refused),
        lambda: NET.gradients(X, refused),
        lambda: probe.module("Net", refused),
    ):
        with pytest.raises(CourseError, match="cannot be passed to a probe"):
            made()


def test_a_secret_says_nothing() -> None:
    """Its text names what it is and holds nothing of it; it is neither copied nor pickled."""
    import copy
    import pickle

    secret = Secret(lambda: [4, 2], "labels of MNIST")
    assert repr(secret) == str(secret) == "<secret: labels of MNIST>"
    assert secret.reveal() == [4, 2]
    for leak in (copy.copy, copy.deepcopy, pickle.dumps, list, len, bool, np.asarray):
        with pytest.raises(TypeError, match="stays with the grader"):
            leak(secret)
    with pytest.raises(wire.Malformed):
        wire.pack({"x": secret})


def test_which_answers_are_proven() -> None:
    """Only trained weights can be recomputed outside; values are asked in both precisions."""
    proof = {name for name, make in MAKERS.items() if make().recompute}
    twice = {name for name, make in MAKERS.items() if make().both_precisions}
    assert proof == {"logits", "sized", "other file"}
    assert {"layers", "outputs", "gradients", "steps"} <= twice
    assert not twice & {"parameters", "call", "value", *proof}
