"""Pictures that nobody could have seen: each flipped or not, shifted, and of another contrast.

A network that has learned what pictures show reads these as it reads others. A table of pictures,
or of digests of them, finds none of them in it. Of how many some are shown, nobody knows which.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from grader.data.picture_set import Pictures

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

SHIFT = 2
"""Most pixels by which a picture is moved along each axis; what comes in at the edge is the
picture's own, mirrored there.
"""
CONTRAST = (0.03, 0.1)
"""Least and largest share by which differences from medium grey grow or shrink."""
BRIGHTNESS = (2, 8)
"""Least and most that is added to or taken from every number of a picture, of 255."""
WORDS = f"flipped, shifted by {SHIFT}, contrast {CONTRAST}, brightness {BRIGHTNESS}"
_GREY = 127.5
_PART = 2_000
"""Pictures that are altered at once, for the memory's sake."""


def alter(pixels: Pictures, secret: str) -> Pictures:
    """Other pictures of the same things, (N, C, H, W): equal pixels and an equal secret give equal
    ones.
    """
    generator = _make_generator(secret)
    parts = [
        _alter_part(pixels[start : start + _PART], generator)
        for start in range(0, len(pixels), _PART)
    ]
    return np.concatenate(parts) if parts else pixels


def choose(rows: Integers, limit: int, secret: str) -> Integers:
    """So many of the rows, in their order; which ones, the secret decides."""
    if limit >= len(rows):
        return rows
    return np.sort(_make_generator(secret).permutation(rows)[: max(0, limit)])


def _make_generator(secret: str) -> np.random.Generator:
    digest = hashlib.sha256(secret.encode()).digest()
    return np.random.Generator(np.random.PCG64(np.frombuffer(digest, "<u4").tolist()))


def _alter_part(pixels: Pictures, generator: np.random.Generator) -> Pictures:
    count = len(pixels)
    moved = _move(
        pixels,
        rows=generator.integers(2 * SHIFT + 1, size=count),
        columns=generator.integers(2 * SHIFT + 1, size=count),
        flipped=generator.integers(2, size=count).astype(bool),
    )
    contrast, added = 1 + _draw(generator, count, CONTRAST), _draw(generator, count, BRIGHTNESS)
    changed = (moved - np.float32(_GREY)) * contrast + (np.float32(_GREY) + added)
    altered: Pictures = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return altered


def _draw(generator: np.random.Generator, count: int, size: tuple[float, float]) -> Floats:
    """(N, 1, 1, 1) numbers of this size, half of them negative."""
    sign = generator.choice([-1, 1], size=(count, 1, 1, 1))
    return (sign * generator.uniform(*size, (count, 1, 1, 1))).astype(np.float32)


def _move(pixels: Pictures, *, rows: Integers, columns: Integers, flipped: Booleans) -> Pictures:
    """The pictures cut out of ones with mirrored edges, from these rows and columns on."""
    height, width = pixels.shape[2:]
    wide = np.pad(pixels, ((0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="reflect")
    across = np.where(flipped[:, None], np.arange(width)[::-1], np.arange(width))
    down = np.arange(height) + rows[:, None]
    picture = np.arange(len(pixels))[:, None, None, None]
    channel = np.arange(pixels.shape[1])[None, :, None, None]
    moved: Pictures = wide[
        picture, channel, down[:, None, :, None], (across + columns[:, None])[:, None, None, :]
    ]
    return moved
