"""Readers of single values: the value in its own type, or a sentence that names what was refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.inside.wire import Malformed
from grader.records import untrusted


@pytest.mark.parametrize(
    ("reader", "value", "sentence"),
    [
        ("count", -1, "not a count: -1"),
        ("count", True, "not a count: True"),
        ("count", 2**53, f"not a count: {2**53}"),
        ("count", 10**100, "not a count: an int"),
        ("count", "7" * 99, f"not a count: '{'7' * 38}…"),
        ("count", "\udcff\n<b>", r"not a count: '\\udcff\\n<b>'"),
        ("count", [1], "not a count: a list"),
        ("share", 1.5, "not a share between 0 and 1: 1.5"),
        ("share", float("nan"), "not a share between 0 and 1: nan"),
        ("share", 1, "not a share between 0 and 1: 1"),
        ("flag", 1, "neither true nor false: 1"),
        ("precision", "float16", "not a precision: 'float16'"),
        ("floats", None, "not an array: None"),
        ("floats", np.zeros(1, bool), "an array of bool where floats belong"),
        ("sketch", np.zeros(71), r"a sketch of shape \(71,\), not of at most 70 numbers"),
        ("settings", {"stride": 1.5}, "not a setting: 1.5"),
        ("runs", [], "0 runs"),
        ("key", "k" * 101, "a key of more than 100 characters"),
        ("list", (1, 2), "a tuple where a list belongs"),
        ("text", 1, "an int where text belongs"),
        ("mapping", [], "a list where an object belongs"),
    ],
)
def test_a_refusal_names_the_value(reader: str, value: Any, sentence: str) -> None:
    """In one line of bounded length, whatever the value is."""
    with pytest.raises(Malformed, match=f"^{sentence}$") as refused:
        getattr(untrusted, f"read_{reader}")(value)
    assert str(refused.value).isprintable()


def test_a_list_of_another_length() -> None:
    """What belongs together is read together."""
    assert untrusted.read_list([1, 2], 2) == [1, 2]
    with pytest.raises(Malformed, match="a list of 3 where 2 belong together"):
        untrusted.read_list([1, 2, 3], 2)


def test_an_error_is_capped() -> None:
    """The student's error with its text cut, as a record."""
    long = "x" * 30_000
    error = untrusted.read_error({"kind": long, "message": long, "file": long, "line": 3})
    assert error is not None
    assert (len(error.kind), len(error.message), len(error.file or "")) == (200, 2000, 400)
    assert (error.line, error.code, error.where) == (3, None, None)
    assert untrusted.read_error(None) is None
