"""A verdict holds plain values: numbers of any library are taken, what no page can show is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from grader import Verdict
from grader.records.json_values import read_number, to_json, to_plain


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.int64(1), 1.0),
        (np.bool_(True), 1.0),
        (np.array(0.5), 0.5),
        (torch.tensor(0.5), 0.5),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (True, 1.0),
        (1, 1.0),
        (np.float32(1) + np.finfo(np.float32).eps, 1.0),
        (-1e-9, 0.0),
    ],
)
def test_a_share_of_any_kind(fraction: Any, expected: float) -> None:
    """It becomes a float of Python's; what rounding put beyond 1 or below 0 is 1 or 0."""
    verdict = Verdict(fraction=fraction)
    assert type(verdict.fraction) is float
    assert verdict.fraction == expected


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"fraction": float("nan")}, "fraction lies between 0 and 1, not nan"),
    ({"fraction": np.float32("inf")}, "fraction lies between 0 and 1, not "),
    ({"fraction": Decimal("sNaN")}, "fraction lies between 0 and 1, not Decimal('sNaN')"),
    ({"fraction": Fraction(10**400)}, "fraction lies between 0 and 1, not Fraction(1000"),
    ({"fraction": 1.01}, "fraction lies between 0 and 1, not 1.01"),
    ({"fraction": "0.5"}, "fraction lies between 0 and 1, not '0.5'"),
    ({"fraction": None}, "fraction lies between 0 and 1, not None"),
    ({"fraction": 0.5j}, "fraction lies between 0 and 1, not 0.5j"),
    ({"fraction": np.array([0.5])}, "fraction lies between 0 and 1, not array"),
    ({"fraction": torch.tensor([1.0])}, "fraction lies between 0 and 1, not tensor"),
    ({"feedback": None}, "feedback is None; give text"),
    ({"feedback": ["a"]}, "feedback is ['a']; give text"),
    ({"hint": 3}, "hint is 3; give text"),
    ({"trust": "sure"}, "trust is 'sure'; give one of 'claim', 'evidence', 'proof'"),
    ({"needs_review": "no"}, "needs_review is 'no'; give True or False"),
    ({"needs_review": 1}, "needs_review is 1; give True or False"),
    ({"evidence": [1]}, "evidence is a list; give a dictionary"),
    ({"evidence": {"a": np.zeros(2)}}, "evidence['a'] is a ndarray; give numbers"),
    ({"evidence": {"a": torch.zeros(2)}}, "evidence['a'] is a Tensor; give numbers"),
    ({"evidence": {"a": [{"b": {1, 2}}]}}, "evidence['a'][0]['b'] is a set; give numbers"),
    ({"evidence": {"a": object()}}, "evidence['a'] is a object; give numbers"),
    ({"evidence": {"a": 1j}}, "evidence['a'] is a complex; give numbers"),
    ({"evidence": {"a": b"x"}}, "evidence['a'] is a bytes; give numbers"),
    ({"evidence": {(1, 2): 3}}, "a key of a verdict's evidence is a tuple; give text"),
    ({"evidence": {"a": 1 << 20_000}}, "evidence['a'] is a whole number of 20,001 bits"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_no_record_can_hold(fields: dict[str, Any], said: str) -> None:
    """It is refused where it is made, with the field and the place in it."""
    with pytest.raises((TypeError, ValueError)) as error:
        Verdict(**{"fraction": 1.0, **fields})
    assert said in str(error.value)


def test_evidence_without_end() -> None:
    """What holds itself, or is nested beyond what a page can show, is refused."""
    endless: dict[str, Any] = {}
    endless["a"] = {"b": [endless]}
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep]
    for evidence in (endless, {"a": deep}):
        with pytest.raises(TypeError, match="goes deeper than 32 levels, or it holds itself"):
            Verdict(fraction=1, evidence=evidence)


def test_evidence_becomes_plain() -> None:
    """NumPy's numbers become Python's, tuples lists, and all of it can be written as JSON."""
    given = {
        "table": {"columns": ("a", "b"), "rows": [(np.int64(1), np.float32(0.5))]},
        "right": np.bool_(True),
        "none": None,
        3: np.float64("nan"),
        "text": "\ud800",
    }
    verdict = Verdict(fraction=1, evidence=given)  # type: ignore[arg-type]
    assert verdict.evidence["table"] == {"columns": ["a", "b"], "rows": [[1, 0.5]]}
    assert verdict.evidence["right"] is True
    assert verdict.evidence["text"] == "\\ud800"
    assert json.loads(json.dumps(to_json(verdict)))["evidence"]["3"] == "nan"


def test_evidence_that_was_changed_afterwards_is_read_again() -> None:
    """A copy is checked as the first was."""
    verdict = Verdict(fraction=1, evidence={"a": 1})
    verdict.evidence["b"] = np.zeros(3)  # type: ignore[index]
    with pytest.raises(TypeError, match=r"evidence\['b'\] is a ndarray"):
        verdict.copy()


def test_what_is_no_number() -> None:
    """Text, None and arrays are none; nor is anything read from what only looks like one."""

    class Odd:
        ndim = 0

        def item(self) -> str:
            return "1"

    assert [read_number(v) for v in ("1", None, [1], np.zeros(1), 1j, Odd())] == [None] * 6
    assert read_number(np.int8(3)) == 3
    assert to_plain({"a": (1, "b")}, "it") == {"a": [1, "b"]}
