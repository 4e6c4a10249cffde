"""What is kept of an answer: nothing that nobody reads, and large scores as an order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.compare.predictions import measure_accuracy, split_by_class
from grader.compare.training import training_loss
from grader.data.secret import Secret
from grader.records.execution import Missing
from grader.records.measurements import Logits, Trained
from grader.records.measurements.kept import SCORES, drop_weights, order_scores

JUNK: Any = np.zeros(9, "u1")
ROW = {
    "name": "a",
    "kind": "linear",
    "shape": [2],
    "weights": [["weight", "a.weight", [2, 2]]],
    "keys": [],
    "settings": {"stride": [1, 1]},
    "steps": [],
    "file": None,
    "line": None,
    "start": np.zeros(3),
    "result": None,
    "end": None,
    "again": False,
}
NAMED = {"key": "k", "name": "a", "shape": [2], "values": np.ones(2), "sampled": False}
ITEM = {"kind": "tensor", "item": np.ones(2)}
ANSWERS: dict[str, dict[str, Any]] = {
    "layers": {
        "precision": "float64",
        "error": {"kind": "E", "message": "m", "file": None, "line": 3, "code": "x", "where": "f"},
        "unset": "",
        "before": ["relu"],
        "layers": [ROW, ROW],
    },
    "parameters": {
        "rows": [{"name": "a", "shape": [2], "kind": "buffer", "trainable": True, "used": None}],
        "dropouts": {"layers": ["a"], "places": [[1, 0.5]]},
    },
    "outputs": {
        "precision": "float64",
        "runs": [{"kind": "tuple", "item": [ITEM, {"kind": "dict", "item": [["k", ITEM]]}]}],
        "place": "",
    },
    "gradients": {"precision": "float64", "runs": [[NAMED]]},
    "steps": {
        "precision": "float64",
        "runs": [[[NAMED], [NAMED]]],
        "before": [NAMED],
        "dropouts": {"layers": [], "places": []},
        "unregistered": ["b"],
    },
    "logits": {"logits": np.ones((2, 3)), "operands": [["k", np.ones(2)]], "unset": ""},
    "train": {
        "logits": np.ones((2, 3)),
        "operands": [],
        "unset": "",
        "losses": np.ones(4),
        "spent": False,
        "epochs": np.ones((1, 2), np.int64),
    },
    "networks": {
        "ready": False,
        "bound": {"path": "N", "place": "", "shapes": [[2]], "output": [3], "wants": ["n"]},
        "rows": [{"path": "N", "place": "", "shapes": None, "output": None, "wants": []}],
    },
    "call": {
        "value": {"kind": "list", "item": [ITEM, {"kind": "list", "item": [ITEM]}]},
        "changed": [0],
    },
    "value": {
        "value": {"kind": "dict", "item": [["a", {"kind": "int", "item": 1}]]},
        "changed": [],
    },
    "script": {"value": ITEM, "changed": []},
}


def test_what_is_missing_stays_missing() -> None:
    """So does what is no answer of a trained network."""
    missing = Missing(why="no")
    assert drop_weights(missing) is missing
    assert drop_weights(ANSWERS["steps"]) is ANSWERS["steps"]


def test_weights_are_dropped() -> None:
    """Where answers came with them: a proof has taken them, nobody reads them any more."""
    answer: Any = drop_weights({**ANSWERS["logits"], "state": [["a", np.ones(2)]]})
    read = Logits.from_wire(answer)
    assert read.operands == read.state == ()
    assert read.own is not None


BIG = (SCORES // 4 + 1, 4)


@settings(deadline=None, max_examples=20)
@given(
    start=hnp.arrays(
        np.float32,
        (8, 4),
        elements=st.floats(-3, 3, width=32) | st.sampled_from([np.nan, np.inf, -np.inf]),
    ),
    seed=st.integers(0, 9),
)
def test_an_order_is_judged_as_the_scores_are(start: Any, seed: int) -> None:
    """Whatever the numbers, and turned round as well; it takes a tenth of the space."""
    scores = np.resize(start, BIG)
    truth = np.random.Generator(np.random.PCG64(seed)).integers(0, 4, BIG[0])
    order: Any = order_scores(scores)
    assert order.dtype == np.int8
    assert order_scores(order) is order
    assert measure_accuracy(order, truth) == measure_accuracy(scores, truth)
    clear = (order == -1).any(axis=1)
    if clear.any():  # where a row is all the same, its greatest is its least
        turned = [measure_accuracy(-a[clear], truth[clear]) for a in (order, scores)]
        assert turned[0] == turned[1]
    assert split_by_class(order, truth) == split_by_class(scores, truth)
    read = Logits.from_wire({"logits": order})
    assert read.own is not None
    assert (read.own == order).all()


def test_few_scores_stay_as_they_are() -> None:
    """A loss is computed from them; of many it is refused in a sentence for the author."""
    few, many = np.zeros((100, 10), np.float32), np.zeros((1001, 10), np.float32)
    assert order_scores(few) is few
    assert order_scores(many[0]) is not None
    answer: Any = drop_weights({**ANSWERS["train"], "logits": many, "epochs": None})
    student = Trained.from_wire(answer)
    with pytest.raises(ValueError, match="give the pictures a `limit`"):
        training_loss(
            student, Secret(lambda: np.zeros(1001, np.int64), "labels"), full=0.1, zero=1.0
        )
