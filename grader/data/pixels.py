"""Pictures of a data set as arrays: as its files have them, and as networks get them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.data import catalogue
from grader.data.picture_set import Labels, Pictures, Split
from grader.records.errors import GraderError


@lru_cache(maxsize=4)
def read_split(name: str, split: Split, root: Path, *, stand_in: bool) -> tuple[Pictures, Labels]:
    """Pixels (N, C, H, W) and labels (N,) as the set has them."""
    picture_set = catalogue.find(name)
    if stand_in:
        return picture_set.stand_in.make(split)
    try:
        return picture_set.loader.read(root, split)
    except GraderError:  # a sentence already
        raise
    except Exception as error:  # its files may hold anything, and torchvision asserts
        raise GraderError(
            f"{picture_set.title} in {root} cannot be read ({type(error).__name__}: {error}). "
            f"Delete its folder {picture_set.folder} and run `grader data fetch {name}`."
        ) from error


def scale(
    pixels: Pictures, name: str, size: int | None = None, *, normalised: bool = True
) -> npt.NDArray[np.float32]:
    """Pixels as networks get them: /255, resized where a size is given, and normalised unless that
    is not asked for; read-only.
    """
    import torch

    picture_set = catalogue.find(name)
    x = torch.from_numpy(pixels.copy()).float() / 255.0
    if size is not None and size != picture_set.side:
        x = torch.nn.functional.interpolate(
            x, size=(size, size), mode="bilinear", align_corners=False
        )
    if normalised:
        mean = torch.tensor(picture_set.mean).view(1, -1, 1, 1)
        x = (x - mean) / torch.tensor(picture_set.deviation).view(1, -1, 1, 1)
    prepared: npt.NDArray[np.float32] = x.numpy()
    prepared.flags.writeable = False
    return prepared
