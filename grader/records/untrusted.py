"""Reads one field of what came out of a box: the value in its own type, or `wire.Malformed`.

What a student's process says is never believed half, so each reader takes any value at all and
lets through exactly what its name says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from grader.inside.measuring.budget import EPOCHS
from grader.inside.wire import Malformed
from grader.records.execution import StudentError

Array = npt.NDArray[Any]
Precision = Literal["float64", "float32"]

_KEY = 100
"""Characters of a key. It goes into another box, in a head of limited length."""
_DIMENSIONS = 64
"""torch's own limit; a product of as many counts can still be printed."""


def trouble(value: Any) -> StudentError | None:
    """The student's error that a box described, its text capped."""
    if value is None:
        return None
    row = mapping(value)
    optional = {
        k: None if row.get(k) is None else text(row.get(k))[:400] for k in ("file", "code", "where")
    }
    line = row.get("line")
    return StudentError(
        kind=text(row.get("kind"))[:200],
        message=text(row.get("message", ""))[:2000],
        line=None if line is None else count(line),
        **optional,
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise Malformed(f"a {type(value).__name__} where an object belongs")
    return value


def items(value: Any) -> Sequence[Any]:
    """A list."""
    if not isinstance(value, list):
        raise Malformed(f"a {type(value).__name__} where a list belongs")
    return value


def some(value: Any) -> Sequence[Any]:
    """The runs of a measurement: at least one, at most 64."""
    rows = items(value)
    if not 1 <= len(rows) <= 64:
        raise Malformed(f"{len(rows)} runs")
    return rows


def text(value: Any) -> str:
    """Text, cut after 20,000 characters."""
    if not isinstance(value, str):
        raise Malformed(f"a {type(value).__name__} where text belongs")
    return value[:20_000]


def key(value: Any) -> str:
    """The key of an array that goes on into another box."""
    if len(text(value)) > _KEY:
        raise Malformed(f"a key of more than {_KEY} characters")
    return text(value)


def count(value: Any) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise Malformed("a count that is none")
    return value


def share(value: Any) -> float:
    """A number from 0 to 1."""
    if type(value) is not float or not 0.0 <= value <= 1.0:
        raise Malformed("a share that is none")
    return value


def shape(value: Any) -> tuple[int, ...]:
    """The shape of an array."""
    if len(items(value)) > _DIMENSIONS:
        raise Malformed(f"a shape of more than {_DIMENSIONS} dimensions")
    return tuple(count(n) for n in value)


def precision(value: Any) -> Precision:
    """`float64` or `float32`."""
    found = text(value)
    if found == "float64":
        return "float64"
    if found == "float32":
        return "float32"
    raise Malformed("an unknown precision")


def floats(value: Any) -> Array:
    """An array of float64, float32, float16 or int64, of any shape."""
    if not isinstance(value, np.ndarray) or value.dtype.str not in ("<f8", "<f4", "<f2", "<i8"):
        raise Malformed("numbers that are no array of floats")
    return value


def rows(value: Any) -> Array:
    """Class scores, as (N, classes)."""
    array = floats(value)
    if array.ndim < 2 or not array.size:
        raise Malformed("class scores that are not one row per picture")
    return array.reshape(array.shape[0], -1)


def by_epoch(value: Any, pictures: int) -> Array | None:
    """Classes (epochs, N) of that many pictures, int64; or None."""
    if value is None:
        return None
    array = floats(value)
    fits = array.ndim == 2 and len(array) <= EPOCHS and array.shape[1] == pictures
    if not fits or array.dtype.kind != "i":
        raise Malformed("answers by epoch that are not one class per picture")
    return array


def sketch(value: Any) -> Array | None:
    """At most 64 numbers in one dimension; or None."""
    if value is None:
        return None
    array = floats(value)
    if array.ndim != 1 or array.size > 64:
        raise Malformed("a sketch of impossible size")
    return array


def settings(value: Any) -> Mapping[str, Any]:
    """Numbers, texts and lists of whole numbers by name."""
    found = {}
    for name, item in mapping(value).items():
        plain = isinstance(item, (int, str)) or (
            isinstance(item, list) and all(isinstance(i, int) for i in item)
        )
        if not plain:
            raise Malformed("a setting that is no number")
        found[name[:40]] = item
    return found
