"""What one step makes of shadows: tensors of whole numbers that stand beside a network's own.

A shadow says of each number which output of a product it is, or in which place of which weight it
lies; −1 where that is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch

from grader.inside.measuring.operators import COPIES, VIEWS, list_tensors

THROUGH = 1 << 60
"""Added to a shadow that went through a product with another result, as values through attention.
"""


def move(
    func: Callable[..., object],
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    find: Callable[[torch.Tensor], torch.Tensor | None],
) -> list[torch.Tensor]:
    """The same step on the shadows, where numbers without one are −1; nothing if it fails."""

    def cast(value: object) -> object:
        if isinstance(value, torch.Tensor):
            shadow = find(value)
            return torch.full((), -1).expand(value.shape) if shadow is None else shadow
        return [cast(v) for v in value] if isinstance(value, (list, tuple)) else value

    given = [cast(a) for a in args]
    first, shape = given[0], args[1] if len(args) > 1 else None
    if name in COPIES:
        return list_tensors(first)
    try:
        if name in VIEWS and isinstance(first, torch.Tensor) and isinstance(shape, (list, tuple)):
            return [first.reshape(tuple(shape))]  # whatever its strides are
        return list_tensors(func(*given, **{k: cast(v) for k, v in kwargs.items()}))
    except (RuntimeError, TypeError):
        return []


def thin(shadow: torch.Tensor) -> torch.Tensor:
    """The same without what is only repeated."""
    for dim, stride in enumerate(shadow.stride()):
        if not stride:
            shadow = shadow.narrow(dim, 0, 1)
    return shadow


def spread(shadow: torch.Tensor, shape: Sequence[int]) -> torch.Tensor | None:
    """The shadow repeated to this shape, as a product with another tensor does; None if unfit."""
    try:
        return shadow.expand(tuple(shape))
    except RuntimeError:
        return None


def find_shared(other: torch.Tensor, shape: Sequence[int]) -> list[int]:
    """Along which dimensions of a product of this shape `other` is one and the same number."""
    own = [1] * (len(shape) - other.dim()) + list(other.shape)
    return [i for i, (one, n) in enumerate(zip(own, shape, strict=True)) if one == 1 < n]


def mix(shadow: torch.Tensor, dims: Sequence[int], shape: Sequence[int]) -> torch.Tensor | None:
    """The shadow of sums along these dimensions; None where they mix different outputs.

    So each number is a mixture of one output at several places, as attention makes it.
    """
    if not shadow.numel():
        return None
    one = shadow = thin(shadow)
    for dim in dims:
        one = one.narrow(dim, 0, 1)
    if not torch.equal(one.expand(shadow.shape), shadow):
        return None
    mixed = torch.where(one < 0, one, one % THROUGH + THROUGH)
    return spread(mixed if one.dim() == len(shape) else mixed.squeeze(tuple(dims)), shape)


def list_rows(shadow: torch.Tensor, dims: Sequence[int]) -> torch.Tensor:
    """(rows, numbers) what lies together along these dimensions."""
    shadow = thin(shadow)
    rest = [i for i in range(shadow.dim()) if i not in dims]
    return shadow.permute(*rest, *dims).reshape(-1, math.prod(shadow.shape[i] for i in dims))


def is_single(rows: torch.Tensor) -> bool:
    """True where each row holds one number again and again."""
    return bool((rows == rows[:, :1]).all())


def read_dims(args: Sequence[object], dims: int) -> list[int]:
    """The dimensions that a sum or a mean runs over, all where none are given."""
    given = args[1] if len(args) > 1 else None
    listed = [given] if isinstance(given, int) else given
    if not isinstance(listed, (list, tuple)) or not listed:
        return list(range(dims))
    return [int(d) % dims for d in listed if isinstance(d, int)]
