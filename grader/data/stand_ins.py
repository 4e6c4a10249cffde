"""Offline stand-ins for data sets that are not on this machine.

`digits` stands in for MNIST: the 1,797 scanned digits that come with scikit-learn (8×8, 17 greys),
in MNIST's framing. There a digit fills a box of 20 rows and the picture's centre is its centre of
mass; plainly enlarged digits lie elsewhere, and networks trained on MNIST misread two in five of
them. `shapes`, which are generated, stand in for CIFAR-10: see the module of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.data.shapes import shapes

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

SIDE = 28
"""Height and width of a framed digit, pixels."""
BOX = (20, 18)
"""Rows and columns that the 8×8 scan is enlarged to."""
TEST_PER_CLASS = 50
"""Digits of each class that make up the test split; the other 1,297 are the training split."""
ORDER = 1998
"""Seed of the fixed permutation that deals the digits out (numpy's frozen `RandomState`)."""


def digits(split: str) -> tuple[Pictures, Labels]:
    """Pictures (N, 1, 28, 28) and labels (N,): 500 for `test`, 50 of each class; 1,297 for
    `train`.
    """
    from sklearn.datasets import load_digits

    scans = load_digits()
    order = np.random.RandomState(ORDER).permutation(len(scans.target))
    labels = scans.target[order].astype(np.int64)
    rank = np.empty_like(labels)
    for each in range(10):
        rank[labels == each] = np.arange(np.count_nonzero(labels == each))
    chosen = rank < TEST_PER_CLASS if split == "test" else rank >= TEST_PER_CLASS
    return framed(scans.images[order][chosen]), labels[chosen]


def framed(scans: npt.NDArray[Any]) -> Pictures:
    """8×8 scans with values 0 to 16, (N, 8, 8), as MNIST would show them: (N, 1, 28, 28)."""
    import torch

    small = torch.from_numpy(np.asarray(scans, dtype=np.float64) * (255.0 / 16.0))[:, None]
    large = torch.nn.functional.interpolate(small, size=BOX, mode="bicubic", align_corners=False)
    boxes = large.clamp(0.0, 255.0).numpy()[:, 0]
    pictures = np.zeros((len(boxes), 1, SIDE, SIDE), dtype=np.uint8)
    for picture, box in zip(pictures[:, 0], boxes, strict=True):
        top, left = _corner(box)
        picture[top : top + BOX[0], left : left + BOX[1]] = np.rint(box)
    return pictures


def _corner(box: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Where the box's first pixel lies, so that its centre of mass is the picture's centre."""
    corner = []
    for axis, length in enumerate(BOX):
        profile = box.sum(axis=1 - axis)
        centre = float(profile @ np.arange(length)) / float(profile.sum())
        corner.append(min(max(round(SIDE / 2 - centre), 0), SIDE - length))
    return corner[0], corner[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What serves where a data set is absent, and how it is called in sentences."""

    name: str
    made: Callable[[str], tuple[Pictures, Labels]]
    """Pictures (N, C, H, W) and labels (N,) of the split of that name."""
    instead: str
    """What `--stand-in` uses."""
    kind: str
    """Before "training", where it is that split; then `pictures`."""
    pictures: str

    def used(self, split: str, count: int) -> str:
        """What a score rests on, for a report: it cannot be taken for the real set."""
        which = self.kind if split == "test" else f"{self.kind} training"
        return f"STAND-IN: {count:,} {which} {self.pictures}"


DIGITS = StandIn(
    name="digits",
    made=digits,
    instead="scikit-learn's digits",
    kind="scanned",
    pictures="digits of scikit-learn in MNIST's framing",
)
SHAPES = StandIn(
    name="shapes",
    made=shapes,
    instead="generated pictures of shapes",
    kind="generated",
    pictures="pictures of shapes in CIFAR-10's format",
)
