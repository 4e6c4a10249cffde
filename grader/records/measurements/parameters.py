"""What a network owns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from grader.inside.wire import Malformed
from grader.records import untrusted
from grader.records.measurements.dropouts import NO_DROPOUT, Dropouts

_MOST = 100_000
"""Parameters of a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter, tensor or buffer of a network."""

    name: str
    shape: tuple[int, ...]
    kind: str
    """parameter, buffer, tensor (trained, but not registered with the module) or constant (held or
    used besides all those)."""
    trainable: bool
    """Whether it takes a gradient."""
    used: bool | None
    """Whether the network's answers depend on it; None where that is not known, as where `forward`
    did not run."""

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The parameter that the box described."""
        row = untrusted.read_mapping(value)
        return cls(
            name=untrusted.read_text(row.get("name")),
            shape=untrusted.read_shape(row.get("shape")),
            kind=untrusted.read_text(row.get("kind")),
            trainable=row.get("trainable") is True,
            used=None if row.get("used") is None else untrusted.read_flag(row["used"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Everything a network owns, each counted once."""

    rows: tuple[Parameter, ...]
    dropouts: Dropouts = NO_DROPOUT
    """Those that ran: in train mode all of them, in eval mode none should."""
    single: Parameters | None = None

    @property
    def trainable(self) -> tuple[Parameter, ...]:
        """What an optimiser changes that is given the network's `parameters()`."""
        return tuple(r for r in self.rows if r.trainable and r.kind == "parameter")

    @property
    def unregistered(self) -> tuple[Parameter, ...]:
        """What takes a gradient and is used, but is not among the network's `parameters()`."""
        return tuple(r for r in self.rows if r.trainable and r.kind == "tensor")

    @property
    def total(self) -> int:
        """Number of trainable parameters."""
        return sum(r.count for r in self.trainable)

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The parameters that the box listed, at most 100,000."""
        head = untrusted.read_mapping(value)
        rows = untrusted.read_list(head.get("rows"))
        if len(rows) > _MOST:
            raise Malformed(f"more than {_MOST:,} parameters")
        return cls(
            rows=tuple(Parameter.from_wire(r) for r in rows),
            dropouts=Dropouts.from_wire(head.get("dropouts", {})),
        )
