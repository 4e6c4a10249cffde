"""Reads what came out of a box: each value is checked completely or refused with `wire.Malformed`.

Each reader takes any value at all and returns exactly what its name says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from grader.inside.schema.questions import Precision, Setting
from grader.inside.schema.sizes import EPOCHS_CAP
from grader.inside.wire import Malformed
from grader.records.execution import StudentError

Array: TypeAlias = npt.NDArray[Any]

ORDER = "|i1"
"""Dtype of class scores of which only the order is kept: see `measurements.kept`."""
_KEY = 100
"""Characters of a key. It goes into another box, in a head of limited length."""
_NAME = 200
"""Characters of a name that are shown."""
_DIMENSIONS = 64
"""torch's own limit; a product of as many counts can still be printed."""
_RUNS = 64
"""Pairings of weights of one measurement."""
_SKETCH = 70
"""Numbers of a sketch."""


def read_error(value: object) -> StudentError | None:
    """The student's error that a box described, its text capped; or None."""
    if value is None:
        return None
    row = read_mapping(value)
    places = {
        k: None if row.get(k) is None else read_text(row[k])[:400]
        for k in ("file", "code", "where")
    }
    line = row.get("line")
    return StudentError(
        kind=read_text(row.get("kind"))[:200],
        message=read_text(row.get("message", ""))[:2000],
        line=None if line is None else read_count(line),
        **places,
    )


def read_mapping(value: object) -> Mapping[str, object]:
    """An object with text keys, as everything on the wire has them."""
    if not isinstance(value, dict):
        raise Malformed(f"{_name_type(value)} where an object belongs")
    return value


def read_list(value: object, length: int | None = None) -> Sequence[object]:
    """A list, of that length where one is given."""
    if not isinstance(value, list):
        raise Malformed(f"{_name_type(value)} where a list belongs")
    if length is not None and len(value) != length:
        raise Malformed(f"a list of {len(value)} where {length} belong together")
    return value


def read_runs(value: object) -> Sequence[object]:
    """The runs of a measurement: at least one, at most 64."""
    runs = read_list(value)
    if not 1 <= len(runs) <= _RUNS:
        raise Malformed(f"{len(runs)} runs")
    return runs


def read_text(value: object) -> str:
    """Text, cut after 20,000 characters."""
    if not isinstance(value, str):
        raise Malformed(f"{_name_type(value)} where text belongs")
    return value[:20_000]


def read_name(value: object) -> str:
    """A name, cut after 200 characters: it stands in sentences and tables."""
    return read_text(value)[:_NAME]


def read_key(value: object) -> str:
    """The key of an array that goes on into another box."""
    key = read_text(value)
    if len(key) > _KEY:
        raise Malformed(f"a key of more than {_KEY} characters")
    return key


def read_count(value: object) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise Malformed(f"not a count: {_quote(value)}")
    return value


def read_share(value: object) -> float:
    """A number from 0 to 1."""
    if type(value) is not float or not 0.0 <= value <= 1.0:
        raise Malformed(f"not a share between 0 and 1: {_quote(value)}")
    return value


def read_flag(value: object) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise Malformed(f"neither true nor false: {_quote(value)}")
    return value


def read_shape(value: object) -> tuple[int, ...]:
    """The shape of an array."""
    sides = read_list(value)
    if len(sides) > _DIMENSIONS:
        raise Malformed(f"a shape of more than {_DIMENSIONS} dimensions")
    return tuple(read_count(n) for n in sides)


def read_precision(value: object) -> Precision:
    """`float64` or `float32`."""
    name = read_text(value)
    if name == "float64":
        return "float64"
    if name == "float32":
        return "float32"
    raise Malformed(f"not a precision: {_quote(name)}")


def read_floats(value: object) -> Array:
    """An array of float64, float32, float16 or int64, of any shape."""
    if not isinstance(value, np.ndarray):
        raise Malformed(f"not an array: {_quote(value)}")
    if value.dtype.str not in ("<f8", "<f4", "<f2", "<i8"):
        raise Malformed(f"an array of {value.dtype} where floats belong")
    return value


def read_scores(value: object) -> Array:
    """Class scores, as (N, classes), or their order."""
    is_order = isinstance(value, np.ndarray) and value.dtype.str == ORDER
    array: Array = value if is_order else read_floats(value)  # type: ignore[assignment]
    if array.ndim < 2 or not array.size:
        raise Malformed("class scores that are not one row per picture")
    return array.reshape(array.shape[0], -1)


def read_classes_by_epoch(value: object, pictures: int) -> Array | None:
    """Classes (epochs, N) of that many pictures, int64; or None."""
    if value is None:
        return None
    array = read_floats(value)
    fits = array.ndim == 2 and len(array) <= EPOCHS_CAP and array.shape[1] == pictures
    if not fits or array.dtype.kind != "i":
        raise Malformed("answers by epoch that are not one class per picture")
    return array


def read_sketch(value: object) -> Array | None:
    """At most 70 numbers in one dimension; or None."""
    if value is None:
        return None
    array = read_floats(value)
    if array.ndim != 1 or array.size > _SKETCH:
        raise Malformed(f"a sketch of shape {array.shape}, not of at most {_SKETCH} numbers")
    return array


def read_settings(value: object) -> dict[str, Setting]:
    """Numbers, texts and lists of whole numbers by name."""
    return {name[:40]: _read_setting(item) for name, item in read_mapping(value).items()}


def _read_setting(value: object) -> Setting:
    if isinstance(value, (int, str)):
        return value[:_NAME] if isinstance(value, str) else value
    if isinstance(value, list) and all(isinstance(i, int) for i in value):
        return value
    raise Malformed(f"not a setting: {_quote(value)}")


def _quote(value: object) -> str:
    """A value for a sentence: a short one as Python writes it, of anything else its type."""
    plain = value is None or isinstance(value, (bool, float, str))
    if plain or (isinstance(value, int) and abs(value) < 2**64):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:39]}…"
    return _name_type(value)


def _name_type(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
