"""What the grader knows of a data set before it is read: one `PictureSet` for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]
Split = Literal["test", "train"]


class Loader(Protocol):
    """Reads the set's own files. Both methods may raise anything: files may hold anything."""

    def read(self, root: Path, split: Split) -> tuple[Pictures, Labels]:
        """Pixels (N, C, H, W) and labels (N,) of a split, from below `root`."""

    def download(self, root: Path) -> None:
        """Its files lie below `root`. Raises OSError or RuntimeError where they cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What serves where a data set is absent, and how it is called in sentences."""

    name: str
    make: Callable[[str], tuple[Pictures, Labels]]
    """Pictures (N, C, H, W) and labels (N,) of the split of that name."""
    instead: str
    """What `--stand-in` uses."""
    kind: str
    """Before "training", where it is that split; then `pictures`."""
    pictures: str

    def describe_use(self, split: Split, count: int) -> str:
        """What a score rests on, for a report: it cannot be taken for the real set."""
        which = self.kind if split == "test" else f"{self.kind} training"
        return f"STAND-IN: {count:,} {which} {self.pictures}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentClass:
    """The class by which students' code reads the set. It crosses into the box as JSON.

    Its constructor is called as `MNIST(root, train, transform, target_transform, download)`.
    """

    name: str
    """Of the class in `torchvision.datasets`."""
    differs_by: str
    """An attribute in which it differs from its relatives, which may inherit from it."""
    tensors: bool
    """True where it holds `data` as a tensor (N, H, W) and `targets` as one; False where `data`
    is an array (N, H, W, C) and `targets` a list.
    """
    classes: tuple[str, ...] | None = None
    """Names of the classes, where each object has them instead of the class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """A data set of pictures, each of one class: everything that is particular to it."""

    title: str
    folder: str
    """Of its files, below the root."""
    files: tuple[str, ...]
    """Names in that folder: where all of them are, the set is there."""
    side: int
    """Height and width, pixels."""
    mean: tuple[float, ...]
    """Of each channel of the training split, of pixels from 0 to 1."""
    deviation: tuple[float, ...]
    """Standard deviation, likewise."""
    classes: int
    """How many there are; labels run from 0."""
    loader: Loader
    stand_in: StandIn
    sizes: Mapping[Split, int]
    """How many pictures each split has, which is how many students' code finds."""
    student_class: StudentClass
    public: bool = False
    """True where everybody may see its pictures, those of the test split too: reports show some.
    Those of a secret set are never shown.
    """
