"""What a student's file holds that could be a network that is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from grader.inside.wire import Malformed
from grader.records import untrusted

_MOST = 64
"""Networks, and arguments of one."""
_PARAMETERS = 100_000
_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """One network of the student's."""

    path: str
    """Its name, behind that of a module of the student's where only that holds it."""
    place: str
    """Where it is written: ` (line 5)`, or nothing."""
    shapes: tuple[tuple[int, ...], ...] | None
    """Of its parameters; None where it cannot be built."""
    output: tuple[int, ...] | None
    """The shape of its answer; None where it gives none, or was not asked."""
    wants: tuple[str, ...]
    """Arguments that its constructor needs besides those of the brief; `name=` by name."""

    @property
    def total(self) -> int | None:
        """How many numbers its parameters hold."""
        return None if self.shapes is None else sum(math.prod(s) for s in self.shapes)

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """The network that the box described."""
        row = untrusted.read_mapping(value)
        shapes, output = row.get("shapes"), row.get("output")
        listed = None if shapes is None else untrusted.read_list(shapes)
        if listed is not None and len(listed) > _PARAMETERS:
            raise Malformed(f"more than {_PARAMETERS:,} parameters")
        wants = untrusted.read_list(row.get("wants"))
        if len(wants) > _MOST:
            raise Malformed(f"more than {_MOST} arguments")
        return cls(
            path=_read_shown(row.get("path")),
            place=_read_shown(row.get("place")),
            shapes=None if listed is None else tuple(map(untrusted.read_shape, listed)),
            output=None if output is None else untrusted.read_shape(output),
            wants=tuple(_read_shown(w) for w in wants),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Everything that could be it."""

    ready: bool
    """True where that name gives one: then nothing has to be found."""
    bound: NetworkFacts | None
    """The class of that name, where it wants more arguments than the brief gives."""
    rows: tuple[NetworkFacts, ...]

    @classmethod
    def from_wire(cls, value: object) -> Self:
        """What the box listed, at most 64 networks."""
        head = untrusted.read_mapping(value)
        rows, bound = untrusted.read_list(head.get("rows")), head.get("bound")
        if len(rows) > _MOST:
            raise Malformed(f"more than {_MOST} networks")
        return cls(
            ready=untrusted.read_flag(head.get("ready")),
            bound=None if bound is None else NetworkFacts.from_wire(bound),
            rows=tuple(NetworkFacts.from_wire(r) for r in rows),
        )


def _read_shown(value: object) -> str:
    """A short text on one line."""
    return "".join(c for c in untrusted.read_text(value)[:_TEXT] if c.isprintable())
