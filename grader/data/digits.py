"""scikit-learn's digits in MNIST's format: where MNIST is absent, they stand in.

They are 1,797 scanned digits (8×8, 17 greys), put into MNIST's framing. There a digit fills a box
of 20 rows and the picture's centre is its centre of mass; digits that are only enlarged lie
elsewhere, and networks trained on MNIST misread two in five of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.data.picture_set import Labels, Pictures
from grader.records.extras import require_course

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
    require_course("the stand-in for MNIST", "scikit-learn")
    from sklearn.datasets import load_digits

    scans = load_digits()
    order = np.random.RandomState(ORDER).permutation(len(scans.target))
    labels = scans.target[order].astype(np.int64)
    rank = np.empty_like(labels)
    for each in range(10):
        rank[labels == each] = np.arange(np.count_nonzero(labels == each))
    chosen = rank < TEST_PER_CLASS if split == "test" else rank >= TEST_PER_CLASS
    return frame(scans.images[order][chosen]), labels[chosen]


def frame(scans: npt.NDArray[Any]) -> Pictures:
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
