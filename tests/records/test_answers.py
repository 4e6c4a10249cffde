"""How much of an answer is kept, read and compared: sizes are looked at before anything is made of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import functions
from grader.inside.schema.questions import QUESTIONS
from grader.inside.schema.sizes import VALUE_ENTRIES, VALUES
from grader.inside.wire import Malformed, pack
from grader.records import bounds
from grader.records import measurements as m
from grader.records.answers import keep_declared
from grader.records.execution import Missing
from kit.measuring import returned

JUNK = np.ones(1000)


def holds_junk(value: object) -> bool:
    """True where the array is anywhere in it."""
    if isinstance(value, dict):
        return any(map(holds_junk, value.values()))
    return any(map(holds_junk, value)) if isinstance(value, list) else value is JUNK


# ---------------------------------------------------------------------- kept


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        ("layers", {"layers": [{"name": "a", "shape": [1], "result": np.ones(2)}], "unset": ""}),
        ("parameters", {"rows": [{"name": "a"}], "dropouts": {"layers": ["a"], "places": [[0, 0.5]]}}),
        ("outputs", {"runs": [{"kind": "tuple", "item": [{"kind": "tensor", "item": np.ones(3)}]}]}),
        ("gradients", {"runs": [[{"key": "a/1/0/weight", "values": np.ones(2)}]]}),
        ("steps", {"runs": [[[{"key": "a", "values": np.ones(2)}], []]], "unregistered": ["a"]}),
        ("logits", {"logits": np.ones((3, 2)), "operands": [["a/1/0/weight", np.ones(2)]]}),
        ("train", {"logits": np.ones((3, 2)), "losses": np.ones(2), "spent": False}),
        ("networks", {"rows": [{"path": "Net", "shapes": [[2, 3]], "output": None}], "bound": None}),
        ("value", {"value": {"kind": "dict", "item": [["a", {"kind": "int", "item": 1}]]}, "changed": [0]}),
        ("call", {"value": {"kind": "array", "item": np.ones(2)}, "changed": []}),
        ("script", {"value": {"kind": "list", "item": [{"kind": "str", "item": "a"}]}}),
    ],
)  # fmt: skip
def test_only_what_is_declared_is_kept(ask: str, answer: dict[str, Any]) -> None:
    """Whatever rides along in any part of an answer is gone, and all else is as it came."""
    assert ask in QUESTIONS

    def load(value: object) -> object:
        if isinstance(value, dict):
            return {**{k: load(v) for k, v in value.items()}, "more": JUNK}
        return [load(v) for v in value] if isinstance(value, list) else value

    kept = keep_declared(ask, load(answer))
    assert holds_junk(load(answer))
    assert not holds_junk(kept)
    assert repr(kept) == repr(answer)


@pytest.mark.parametrize("answer", [None, 3, [], [[]], {"value": 3}, {"value": {"kind": JUNK}}])
@pytest.mark.parametrize("ask", QUESTIONS)
def test_another_form_is_left_to_whoever_reads_it(ask: str, answer: object) -> None:
    """It is refused there, in words."""
    kept = keep_declared(ask, answer)
    with pytest.raises(Malformed):
        m.READERS[ask](kept)


@pytest.mark.parametrize("ask", ["value", "call", "parameters", "networks"])
def test_what_our_code_never_sends_is_not_kept(ask: str) -> None:
    """Megabytes in place of a value, or of names and shapes, are for a person to look at."""
    huge = np.zeros(40_000_000, bool)
    answer: dict[str, Any] = {
        "value": {"value": {"kind": "array", "item": huge}},
        "call": {"value": {"kind": "list", "item": [{"kind": "array", "item": huge}]}},
        "parameters": {"rows": [{"name": huge}]},
        "networks": {"rows": [{"shapes": [[huge]]}]},
    }
    kept = keep_declared(ask, answer[ask])
    assert isinstance(kept, Missing)
    assert kept.needs_review
    assert "40,000,000 bytes" in kept.why


def test_what_is_missing_stays_so() -> None:
    """With its reason."""
    missing = Missing(why="it failed")
    assert keep_declared("value", missing) is missing


# ---------------------------------------------------------------------- refused in the box


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (np.zeros(60_000_000, bool), r"`a` holds 60,000,000 numbers in shape \(60000000,\); 2,000,000"),
        (torch.zeros(1).expand(10**9), r"`a` holds 1,000,000,000 numbers"),
        (np.broadcast_to(np.int8(0), (9_000, 9_000)), "`a` holds 81,000,000 numbers"),
        ([np.zeros(1_500_000)] * 2, "`a` holds more than 2,000,000 numbers"),
        ({"b": "x" * 1_500_000, "c": ["x" * 500_001]}, "`a` holds more than 2,000,000"),
        ([["x" * 250] * 9_000] * 300, "`a` holds more than 2,000,000 numbers"),
        (np.zeros((2,) * 31 + (0,)), "`a` is an array of 32 dimensions; 16 are"),
        (torch.zeros((1,) * 17), "`a` is an array of 17 dimensions"),
        (np.zeros((10**4, 10**4, 0)), r"`a` holds no numbers, but rows without end, in shape \(10000, 10000, 0\)"),
        ([0] * 10_001, "`a` is a list of 10,001 entries; 10,000 are the most"),
        ({str(i): i for i in range(10_001)}, "`a` is a dict of 10,001 entries"),
        ([[[[[[[[[1]]]]]]]]], "`a` is nested more than 8 deep"),
        (1j, "`a` is a complex number; a real one is needed"),
        (10**400, "`a` is a whole number of more than 400 digits; look for a power"),
        ([-(1 << 5000)], "`a` is a whole number of more than 400 digits"),
        (np.array(["x"]), "`a` is an array of <U1, not of numbers"),
        ({1, 2}, "`a` is a set; return a number"),
        ([[0] * 1_000] * 1_000, "`a` is longer than 3,000,000 characters where it is written down"),
        ("\u202e" * 1_000_000, "`a` is longer than 3,000,000 characters"),
        ([[[]] * 10_000] * 10_000, "`a` is longer than 3,000,000 characters"),
        (torch.empty(3, device="meta"), "`a` is a tensor on the device meta"),
        (torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "`a` is a nested tensor"),
    ],
)  # fmt: skip
def test_sizes_are_looked_at_first(value: object, why: str) -> None:
    """Of an array of which nothing is stored, too; the student reads what was seen and allowed."""
    with pytest.raises(Unanswerable, match=f"^{why}"):
        functions.value({"a": value}, {"name": "a"})
    with pytest.raises(Unanswerable, match=f"^{why.replace('`a`', 'what `f` returns')}"):
        functions.call({"f": lambda: value}, {"name": "f"})


@pytest.mark.parametrize(
    "value",
    [np.zeros(VALUES), [0] * VALUE_ENTRIES, np.zeros((0, 5)), 10**399, np.ones(3) * 1j, "x" * 100],
)
def test_what_is_allowed_is_read_outside(value: object) -> None:
    """The two sides agree: an honest value of the greatest size is no tampering."""
    assert keep_declared("value", functions.value({"a": value}, {"name": "a"})) is not None
    returned(value)


@pytest.mark.parametrize(
    "value",
    [
        np.longdouble([1, 2]),
        np.clongdouble([1, 2]),
        torch.tensor([1.0, 2.0]).to(torch.float8_e5m2),
        torch.tensor([1.0, 2.0], dtype=torch.bfloat16),
        torch.tensor([1.0, 2.0]).to_sparse(),
        torch.tensor([1, 2], dtype=torch.uint16),
    ],
)
def test_numbers_that_numpy_or_the_wire_has_not_are_converted(value: object) -> None:
    """They are numbers all the same."""
    answer = functions.value({"a": value}, {"name": "a"})
    assert pack(answer)
    assert answer["value"]["item"].tolist() == [1, 2]


# ---------------------------------------------------------------------- refused outside


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "array", "item": np.zeros((2,) * 31 + (0,))},
        {"kind": "tensor", "item": np.zeros((1,) * 17)},
        {"kind": "array", "item": np.zeros((2**15, 2**15, 0))},
        {"kind": "list", "item": [{"kind": "int", "item": 1}] * 10_001},
        {"kind": "dict", "item": [["a", {"kind": "int", "item": 1}]] * 10_001},
    ],
)
def test_what_becomes_more_than_was_sent_is_malformed(value: object) -> None:
    """Rows without numbers in them are as many lists."""
    with pytest.raises(Malformed):
        m.Returned.from_wire({"value": value})


# ---------------------------------------------------------------------- compared


def layers(count: int) -> m.Layers:
    row = {"name": "a", "kind": "linear", "shape": [1], "weights": [], "steps": [], "settings": {}}
    return m.Layers.from_wire({"layers": [row] * count, "precision": "float64"})


def parameters(count: int) -> m.Parameters:
    row = {"name": "a", "shape": [1], "kind": "parameter", "trainable": True}
    return m.Parameters.from_wire({"rows": [row] * count})


@pytest.mark.parametrize(
    ("seen", "expected", "why"),
    [
        (returned(np.zeros(10_001)), returned(3), "`a` has 10,001 numbers or characters, and 10,000 are the most"),
        (returned([[0] * 5000] * 4), returned(3), "`a` has 20,000 numbers"),
        (returned("x" * 20_000), returned(3), "`a` has 20,000 numbers"),
        (returned({"b": np.zeros((0, 9_999, 9))}), returned(3), "`a` has 89,992 numbers"),
        (layers(1_001), layers(7), "`a` has 1,001 layers, and 1,000 are the most"),
        (parameters(1_001), parameters(7), "`a` has 1,001 parameters"),
        (returned(np.zeros(10_000)), returned(3), ""),
        (returned(np.zeros(160_000)), returned(np.zeros(10_000)), ""),
        (layers(1_600), layers(100), ""),
        (layers(1_001), returned(3), ""),
    ],
)  # fmt: skip
def test_far_more_than_there_can_be_is_not_compared(seen: Any, expected: Any, why: str) -> None:
    """Beside the reference's, and never for having more than a little answer has."""
    excess = m.describe_excess(seen, expected, "a")
    assert excess.startswith(why)
    assert bool(excess) == bool(why)


# ---------------------------------------------------------------------- recorded


def test_evidence_is_cut_to_what_is_read() -> None:
    """What is left out is counted; what is short stays as it is."""
    short = {"table": {"columns": ["a"], "rows": [[1], [2]]}}
    assert bounds.cut_evidence(short) is short
    rows = [{"name": f"layer {i}", "shape": [1, 2, 3]} for i in range(10_000)]
    cut = bounds.cut_evidence({"parameters": {"rows": rows, "total": 7}, "mismatch": {"seen": 1.0}})
    kept = cut["parameters"]
    assert isinstance(kept, dict)
    assert kept["total"] == 7
    assert kept["rows"][:2] == rows[:2]  # type: ignore[index]
    assert cut["left_out"] == {"parameters": 10_000 - len(kept["rows"])}  # type: ignore[arg-type]
    assert cut["mismatch"] == {"seen": 1.0}
    assert len(json.dumps(cut)) <= bounds.EVIDENCE


@pytest.mark.parametrize(
    "evidence",
    [
        {"table": {"rows": [["x" * 20_000] * 50] * 50}},
        {str(i): "x" * 20_000 for i in range(2_000)},
        {"x" * 100_000: 1},
        {"a": [[["x" * 99] * 99] * 99]},
    ],
)
def test_no_evidence_is_larger_than_allowed(evidence: Any) -> None:
    """However it is made large."""
    assert len(json.dumps(bounds.cut_evidence(evidence))) <= bounds.EVIDENCE
