"""What a network is given: one tensor, or several, as `forward(tokens, mask)` takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

Given = torch.Tensor | tuple[object, ...] | float | str | None
"""One argument of `forward`: a tensor, a tuple of such arguments, or a plain value."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The arguments of one call of a network."""

    given: tuple[object, ...]
    """Each a `Given`, in their order."""

    @classmethod
    def read(cls, value: object, dtype: torch.dtype) -> Inputs:
        """Fresh tensors of what came over the wire; words stay whole numbers.

        A list with an array in it holds several arguments, a list of numbers is an array.
        """
        if holds_arrays(value):
            return cls(tuple(to_tensors(v, dtype) for v in _items(value)))
        return cls((to_tensors(np.array(value), dtype),))

    @property
    def tensors(self) -> list[torch.Tensor]:
        """All of them, in order."""
        return _list_tensors(self.given)

    @property
    def first(self) -> torch.Tensor:
        """The one that says how many samples there are."""
        return self.tensors[0]

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.first)

    def call(self, net: Callable[..., object]) -> object:
        """What the network returns for them, which it may change in place."""
        return net(*self.given)

    def turn(self) -> Inputs:
        """The same samples in the opposite order."""
        return Inputs(tuple(_change(g, lambda t: t.flip(0) if t.dim() else t) for g in self.given))

    def copy(self) -> Inputs:
        """Fresh tensors of the same numbers."""
        return Inputs(tuple(_change(g, torch.clone) for g in self.given))

    def as_one(self) -> object:
        """The tensor, or a tuple of several arguments."""
        return self.given[0] if len(self.given) == 1 else self.given


def holds_arrays(value: object) -> bool:
    """True for a list with an array in it, however deep."""
    return isinstance(value, (list, tuple)) and any(
        isinstance(v, np.ndarray) or holds_arrays(v) for v in value
    )


def to_tensors(value: object, dtype: torch.dtype) -> object:
    """Arrays as fresh tensors, those of floats in this precision; lists as tuples."""
    if isinstance(value, np.ndarray):
        tensor = torch.from_numpy(np.array(value))
        return tensor.to(dtype) if tensor.is_floating_point() else tensor
    if isinstance(value, (list, tuple)):
        return tuple(to_tensors(v, dtype) for v in value)
    return value


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _list_tensors(value: object) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in _items(value) for t in _list_tensors(v)]


def _change(value: object, change: Callable[[torch.Tensor], torch.Tensor]) -> object:
    if isinstance(value, torch.Tensor):
        return change(value)
    return tuple(_change(v, change) for v in value) if isinstance(value, tuple) else value
