"""Plain JSON values, and records turned into them."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

Fields: TypeAlias = Mapping[str, Any]
"""A record as `to_json` wrote it; another one raises LookupError or TypeError where it is read."""

DEEPEST = 32
"""Levels of lists and dictionaries in one another."""
LONGEST_BITS = 2048
"""Of a whole number; Python itself writes no more than 4,300 digits."""


def to_plain(value: object, name: str, levels: int = DEEPEST) -> Json:
    """What an author's check gave, as plain values: numbers of NumPy's and torch's become Python's,
    tuples lists.

    Raises TypeError, with `name` and the place in it, for what no page can show: arrays, sets,
    objects, and what holds more `levels` or itself.
    """
    if not levels and isinstance(value, (Mapping, list, tuple)):
        raise TypeError(
            f"{name:.80}… goes deeper than {DEEPEST} levels, or it holds itself; give a flat table"
        )
    if isinstance(value, Mapping):
        odd = [k for k in value if not isinstance(k, str) and read_number(k) is None]
        if odd:
            raise TypeError(f"a key of {name} is a {type(odd[0]).__name__}; give text")
        return {str(k): to_plain(v, f"{name}[{k!r:.40}]", levels - 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(v, f"{name}[{n}]", levels - 1) for n, v in enumerate(value)]
    if isinstance(value, str):
        return escape_surrogates(value)
    number = read_number(value)
    if value is not None and number is None:
        raise TypeError(
            f"{name} is a {type(value).__name__}; give numbers, text, lists or dictionaries of them"
        )
    if isinstance(number, int) and number.bit_length() > LONGEST_BITS:
        raise TypeError(f"{name} is a whole number of {number.bit_length():,} bits; give text")
    return number


def read_number(value: object) -> bool | int | float | None:
    """A number of Python's own for one of any library's: `numpy.float32(0.5)`, a tensor without
    dimensions, `Fraction(1, 2)`; NaN for what no float can hold. None for anything else: text,
    None, arrays, complex numbers.
    """
    if getattr(value, "ndim", None) == 0 and callable(item := getattr(value, "item", None)):
        value = item()
    if isinstance(value, (bool, int)):
        return value if isinstance(value, bool) else int(value)
    if not isinstance(value, (numbers.Real, Decimal)):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):  # Fraction(10**400), Decimal("sNaN")
        return math.nan


def escape_surrogates(text: str) -> str:
    """Text that can be written to a file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def record_to_json(record: DataclassInstance) -> dict[str, Json]:
    """A record as a JSON object: each of its fields by name."""
    return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}


def to_json(value: object) -> Json:
    """Records, tuples and mappings as plain JSON values; NaN and infinities as text.

    Raises TypeError for anything else, so that an array never slips into a record by accident.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return record_to_json(value)
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} does not belong in a record")
