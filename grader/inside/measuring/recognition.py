"""What steps compute that are called otherwise: pooling by reshape, a lookup by a product."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

GREATEST = frozenset("amax max maximum".split())
"""Steps that may end a maximum pooling."""
MEANS = frozenset("mean add div mul".split())
"""Steps that may end an average pooling."""
NEAR = 1e-4
"""How far a mean may be from 0, or an average from another one, in any precision."""
PARTS = GREATEST | MEANS | {"sum", "im2col"}
"""Steps that such a pooling consists of, besides rearrangements."""


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
