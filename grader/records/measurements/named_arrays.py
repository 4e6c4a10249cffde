"""Numbers that belong to the weights of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.untrusted import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArray:
    """Numbers that belong to one weight: its gradient, or its value after a step."""

    key: str
    """Operator kind, weight shape, number among those of that shape, role."""
    name: str
    """The student's name for it, or empty."""
    shape: tuple[int, ...]
    values: Array | None
    """float64 or float32, of `shape` or a sample of it; None where there is no gradient."""
    sampled: bool

    @property
    def label(self) -> str:
        """The student's name, or kind, role and shape."""
        kind, *_, role = self.key.split("/")
        return f"`{self.name}`" if self.name else f"the {role} of shape {self.shape} of a {kind}"

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The numbers, whose size has to agree with the shape."""
        row = untrusted.read_mapping(value)
        shape, sampled = untrusted.read_shape(row.get("shape")), row.get("sampled") is True
        values = None if row.get("values") is None else untrusted.read_floats(row["values"])
        if values is not None and not sampled and values.shape != shape:
            raise Malformed("numbers whose shape is not the one announced")
        return cls(
            key=untrusted.read_text(row.get("key")),
            name=untrusted.read_name(row.get("name")),
            shape=shape,
            values=values,
            sampled=sampled,
        )


NamedArrays: TypeAlias = tuple[NamedArray, ...]
"""One for each weight of a network."""


def read_named_arrays(value: object) -> NamedArrays:
    """The numbers of each weight that the box listed."""
    return tuple(NamedArray.from_wire(v) for v in untrusted.read_list(value))
