"""Generated pictures of ten shapes in CIFAR-10's format: where CIFAR-10 is absent, they stand in.

Each shape has its own place, size, turn and two colours, on a background that shades from one
colour to another, under noise. So the colour of a pixel tells little, and what lies around it much:
a linear classifier gets a quarter of them right, a small convolutional network nearly all.

Every number comes from numpy's frozen `RandomState`, as uniform draws, and from arithmetic that
IEEE 754 rounds in one way: no sine, logarithm or matrix product, which differ between processors.
So the bytes are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

SIDE = 32
"""Height and width of a picture, pixels."""
PER_CLASS = {"test": 50, "train": 250}
"""Pictures of each of the ten shapes."""
SEEDS = {"test": 2009, "train": 10}

CENTRE = (11.0, 20.0)
"""Where a shape's centre may lie, pixels from the left and from the top."""
RADIUS = (6.0, 11.0)
"""Half of a shape's height, pixels."""
TURN = 0.2
"""Tangent of half the largest angle by which a shape is turned, to either side: 23 degrees."""
DARK, LIGHT = (0, 140), (110, 256)
"""Bounds of the channels of a dark colour and of a light one, of 255."""
INVERTED = 0.3
"""Share of the pictures whose shape is dark and whose background is light."""
NOISE = 24
"""Largest number that is added to or taken from a channel of a pixel."""


def _width(u: Floats, v: Floats) -> Floats:
    """Distance from the centre along the farther axis."""
    return np.maximum(np.abs(u), np.abs(v))


SHAPES: dict[str, Callable[[Floats, Floats], Bools]] = {
    "disc": lambda u, v: u * u + v * v < 1,
    "square": lambda u, v: _width(u, v) < 0.85,
    "triangle": lambda u, v: (np.abs(u) < 0.55 * (v + 0.9)) & (v < 0.9),
    "cross": lambda u, v: (np.minimum(np.abs(u), np.abs(v)) < 0.3) & (_width(u, v) < 1),
    "ring": lambda u, v: np.abs(u * u + v * v - 0.65) < 0.35,
    "frame": lambda u, v: np.abs(_width(u, v) - 0.7) < 0.2,
    "stripes": lambda u, v: (np.abs(np.abs(v) - 0.45) > 0.22) & (_width(u, v) < 0.95),
    "checks": lambda u, v: (u * v > 0) & (_width(u, v) < 0.9),
    "crescent": lambda u, v: (u * u + v * v < 1) & ((u - 0.5) * (u - 0.5) + v * v > 0.6),
    "hourglass": lambda u, v: (np.abs(u) < np.abs(v)) & (np.abs(v) < 0.9),
}
"""Which points belong to a shape, in order of class: `u` to the right, `v` down, 1 at its edge."""


def shapes(split: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Pictures (N, 3, 32, 32) and labels (N,): 500 for `test`, 2,500 for `train`."""
    rng = np.random.RandomState(SEEDS[split])
    labels = rng.permutation(np.repeat(np.arange(len(SHAPES), dtype=np.int64), PER_CLASS[split]))
    inside = _inside(rng, labels)[:, None]
    inverted = _uniform(rng, len(labels), 1, 1, 1) < INVERTED
    dark_colours, light_colours = _shade(rng, len(labels), DARK), _shade(rng, len(labels), LIGHT)
    noise = rng.randint(-NOISE, NOISE + 1, (len(labels), 3, SIDE, SIDE), dtype=np.int16)
    colours = np.where(inside ^ inverted, light_colours, dark_colours)
    pictures = np.clip(np.rint(colours).astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return pictures, labels


def _uniform(rng: np.random.RandomState, *shape: int) -> Floats:
    """Numbers from 0 to 1."""
    return rng.random_sample(shape).astype(np.float32)


def _inside(rng: np.random.RandomState, labels: npt.NDArray[np.int64]) -> Bools:
    """(N, 32, 32): which pixels belong to the shape of each picture."""

    def draw(low: float, high: float) -> Floats:
        return _uniform(rng, len(labels), 1, 1) * np.float32(high - low) + np.float32(low)

    x, y, radius, turn = draw(*CENTRE), draw(*CENTRE), draw(*RADIUS), draw(-TURN, TURN)
    # of the angle whose half has this tangent, divided by the radius
    scale = radius * (1 + turn * turn)
    cosine, sine = (1 - turn * turn) / scale, 2 * turn / scale
    pixels = np.arange(SIDE, dtype=np.float32)
    right, down = pixels[None, None, :] - x, pixels[None, :, None] - y
    u, v = cosine * right + sine * down, cosine * down - sine * right
    inside = np.empty(u.shape, dtype=np.bool_)
    for label, holds in enumerate(SHAPES.values()):
        rows = labels == label
        inside[rows] = holds(u[rows], v[rows])
    return inside


def _shade(rng: np.random.RandomState, count: int, bounds: tuple[int, int]) -> Floats:
    """(N, 3, 32, 32): colours that pass evenly from one at the top left to one at the bottom right,
    or from the top right to the bottom left.
    """
    first, last = rng.randint(*bounds, (2, count, 3, 1, 1), dtype=np.int64).astype(np.float32)
    mirrored = _uniform(rng, count, 1, 1, 1) < 0.5
    pixels = np.arange(SIDE, dtype=np.float32) / (2 * SIDE - 2)
    way = np.where(mirrored, pixels[::-1], pixels) + pixels[:, None]
    shaded: Floats = first + (last - first) * way
    return shaded
