"""What steps compute that are called otherwise: pooling by reshape, a lookup by a product."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from grader.inside.measuring.flow import locate_storage
from grader.inside.measuring.operators import STRUCTURE

GREATEST = frozenset("amax max maximum".split())
"""Steps that may end a maximum pooling."""
MEANS = frozenset("mean add div mul".split())
"""Steps that may end an average pooling."""
NEAR = 1e-4
"""How far a mean may be from 0, or an average from another one, in any precision."""
PARTS = GREATEST | MEANS | {"sum", "im2col"}
"""Steps that such a pooling consists of, besides rearrangements."""


def follow_picture(
    pictures: dict[int, torch.Tensor],
    name: str,
    data: list[torch.Tensor],
    outputs: list[torch.Tensor],
) -> torch.Tensor | None:
    """The result of which a step gives a part, or pools one; of what else it gives, itself.

    `pictures` holds them by storage, and is added to.
    """
    before = next((p for t in data if (p := pictures.get(locate_storage(t))) is not None), None)
    moved = name in STRUCTURE or (name in PARTS and before is not None)
    for tensor in outputs:
        whole = before is not None and name in PARTS and tensor.numel() == before.numel()
        kept = before if moved and not whole else tensor if tensor.dim() == 4 else None
        if kept is not None:
            pictures[locate_storage(tensor)] = kept
    return before if name in PARTS else None


def recognise_pooling(name: str, picture: torch.Tensor, result: torch.Tensor) -> str | None:
    """The kind of pooling that made `result` of `picture`, (N, C, H, W); None for another step."""
    if picture.dim() != 4 or not result.numel() or not result.is_floating_point():
        return None
    size = math.isqrt(max(1, picture.numel() // result.numel()))
    height, width = (n // size for n in picture.shape[2:])
    if size < 2 or picture.shape[0] * picture.shape[1] * height * width != result.numel():
        return None
    flat = result.detach().reshape(-1)
    if name in GREATEST:
        pooled = F.max_pool2d(picture.detach(), size).reshape(-1)
        return "max_pool2d" if torch.equal(pooled, flat) else None
    if name in MEANS:
        pooled = F.avg_pool2d(picture.detach(), size).reshape(-1)
        return "avg_pool2d" if torch.allclose(pooled, flat, rtol=NEAR, atol=NEAR) else None
    return None


def is_one_hot(rows: torch.Tensor, axis: int) -> bool:
    """True where each row along the axis is a one among zeros, so that a product looks it up."""
    if rows.dim() < 2 or rows.shape[axis] < 2:
        return False
    zero_or_one = (rows == 0) | (rows == 1)
    return bool(zero_or_one.all()) and bool((rows.sum(axis) == 1).all())


def is_centred(rows: torch.Tensor) -> bool:
    """True where the mean along the last dimension was taken off, as a layer norm does."""
    if rows.dim() < 2 or rows.shape[-1] < 3 or not rows.is_floating_point():
        return False
    values = rows.detach()
    spread = values.abs().mean(-1)
    return bool((values.mean(-1).abs() <= NEAR * spread).all()) and bool((spread > 0).all())


def list_allowed(kind: str) -> set[str]:
    """The steps after which a bias may still come; a norm by hand may divide at last."""
    return {"add", "div", "mul"} if kind == "layer_norm" else {"add"}
