"""Plain JSON values, and records turned into them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


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
