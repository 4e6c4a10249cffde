"""The data sets the grader knows, and how their pictures are read: with torchvision's own
classes.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from grader.data import stand_ins
from grader.inside.shims import vision
from grader.records.errors import GraderError

Labels = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]
Split = Literal["test", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a data set before it is read."""

    title: str
    folder: str
    """Of its files, below the root."""
    files: tuple[str, ...]
    side: int
    """Height and width, pixels."""
    mean: tuple[float, ...]
    """Of each channel, of pixels from 0 to 1."""
    deviation: tuple[float, ...]
    classes: int
    """How many there are; labels run from 0."""
    stand_in: stand_ins.StandIn


KNOWN = {
    "mnist": Known(
        title="MNIST",
        folder="MNIST/raw",
        files=tuple(
            f"{s}-{k}-ubyte" for s in ("train", "t10k") for k in ("images-idx3", "labels-idx1")
        ),
        side=28,
        mean=(0.1307,),
        deviation=(0.3081,),
        classes=10,
        stand_in=stand_ins.DIGITS,
    ),
    "cifar10": Known(
        title="CIFAR-10",
        folder="cifar-10-batches-py",
        files=("batches.meta", "test_batch", *(f"data_batch_{i}" for i in range(1, 6))),
        side=32,
        mean=(0.4914, 0.4822, 0.4465),
        deviation=(0.2470, 0.2435, 0.2616),
        classes=10,
        stand_in=stand_ins.SHAPES,
    ),
}
"""Statistics of the training sets; file names of torchvision's layout."""


def known(name: str, error: type[GraderError]) -> Known:
    """The set of that name; raises `error` with the near one where there is none."""
    if name in KNOWN:
        return KNOWN[name]
    near = difflib.get_close_matches(name.lower(), KNOWN, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KNOWN)}."
    raise error(f"no data set is called {name!r}; {remedy}")


def opened(name: str, split: Split, root: Path, *, download: bool = False) -> Any:
    """The split as torchvision opens it, from below `root`."""
    vision.install()
    from torchvision import datasets

    kind = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name]
    return kind(str(root), train=split == "train", download=download)


@lru_cache(maxsize=4)
def raw(name: str, split: Split, root: Path, *, stand_in: bool) -> tuple[Pictures, Labels]:
    """Pixels (N, C, H, W) and labels (N,) as the set has them."""
    if stand_in:
        return KNOWN[name].stand_in.made(split)
    try:
        found = opened(name, split, root)
    except Exception as error:  # its files may hold anything, and torchvision asserts
        raise GraderError(
            f"{KNOWN[name].title} in {root} cannot be read ({type(error).__name__}: {error}). "
            f"Delete its folder {KNOWN[name].folder} and run `grader data fetch {name}`."
        ) from error
    pixels = np.asarray(found.data, dtype=np.uint8)
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
    return pixels, np.asarray(found.targets, dtype=np.int64)


def normalised(pixels: Pictures, name: str, size: int | None) -> npt.NDArray[np.float32]:
    """Pixels as networks get them: /255, resized where a size is given, normalised; read-only."""
    import torch

    its = KNOWN[name]
    x = torch.from_numpy(pixels.copy()).float() / 255.0
    if size is not None and size != its.side:
        x = torch.nn.functional.interpolate(
            x, size=(size, size), mode="bilinear", align_corners=False
        )
    mean, deviation = (torch.tensor(v).view(1, -1, 1, 1) for v in (its.mean, its.deviation))
    prepared: npt.NDArray[np.float32] = ((x - mean) / deviation).numpy()
    prepared.flags.writeable = False
    return prepared
