"""Data sets, described: pictures that cross the trust line, and labels that cannot.

`.images` may be passed to a probe, `.labels` only be read in a check. Nothing is read before it is
needed; and it is read from the source that is given.

Pictures come as the brief states them: divided by 255; where a size is given, resized with
`torch.nn.functional.interpolate(…, mode="bilinear", align_corners=False)`, which for enlarging
equals torchvision's `Resize` on tensors; then normalised with the set's mean and standard
deviation, unless the assignment asks for them as they are. Pictures that are altered were flipped,
shifted and changed in contrast before all that, by the secret of the source.
"""

# ruff: noqa: PT028  `test` describes a data set and is no test

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt

from grader.data import alterations, catalogue
from grader.data.picture_set import Labels, Pictures, Split
from grader.data.pixels import read_split, scale
from grader.data.secret import Secret
from grader.data.source import Source
from grader.records.errors import CourseError

LARGEST_SIDE = 1024
"""Pixels to which a picture may be enlarged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The pictures of a data set, described; they cross the line as float32 (N, C, H, W)."""

    name: str
    split: Split
    size: int | None = None
    """Height and width they are resized to, pixels; None keeps the set's own."""
    classes: tuple[int, ...] | None = None
    """Classes kept; a label becomes its place in this list. None keeps all."""
    limit: int | None = None
    """How many, from the first, or of altered ones by a secret draw; None keeps all."""
    start: int | None = None
    """First of those that is taken, as in a slice: negative counts from their end."""
    stop: int | None = None
    """First of those that is no longer taken, as in a slice."""
    normalised: bool = True
    """False leaves every number between 0 and 1."""
    altered: bool = False
    """Whether each one is flipped, shifted and changed in contrast by a secret draw."""

    def __post_init__(self) -> None:
        picture_set = catalogue.find(self.name, CourseError)
        if self.split not in get_args(Split):
            raise CourseError(f"there is no split {self.split!r}; ask for 'test' or 'train'")
        self._require_numbers()
        if self.classes is not None and (
            len(set(self.classes)) < max(1, len(self.classes))
            or not set(self.classes) <= set(range(picture_set.classes))
        ):
            raise CourseError(
                f"{picture_set.title} has no such choice of classes as {self.classes}; pass "
                f"different numbers from 0 to {picture_set.classes - 1}"
            )

    def _require_numbers(self) -> None:
        """Raises CourseError for a number that no description of pictures can have."""
        for name in ("size", "limit", "start", "stop"):
            value, lowest = getattr(self, name), 1 if name in ("size", "limit") else None
            whole = value is None or type(value) is int
            if not whole or (lowest is not None and value is not None and value < lowest):
                above = " above 0" if lowest else ""
                raise CourseError(f"{name} is {value!r:.80}; give a whole number{above}, or None")
        if self.size is not None and self.size > LARGEST_SIDE:
            raise CourseError(f"size is {self.size:,}; {LARGEST_SIDE:,} pixels are the most")
        if self.classes is not None:
            if not isinstance(self.classes, (list, tuple)) or not all(
                type(n) is int for n in self.classes
            ):
                raise CourseError(f"classes is {self.classes!r:.80}; give whole numbers: (0, 2)")
            object.__setattr__(self, "classes", tuple(self.classes))

    def describe(self) -> str:
        """What is asked for, whichever files it is read from; see `identity` for those."""
        size = self.size or catalogue.find(self.name).side
        part = "" if self.part == slice(None) else f", from {self.start} to {self.stop}"
        plain = "" if self.normalised else ", from 0 to 1"
        altered = f", {alterations.WORDS}" if self.altered else ""
        return (
            f"{self.name} {self.split}, {size}×{size}, classes {self.classes}, limit {self.limit}"
            f"{part}{plain}{altered}"
        )

    @property
    def part(self) -> slice:
        """Which of the pictures within the limit are taken."""
        return slice(self.start, self.stop)

    def identity(self, source: Source) -> str:
        """Name, split, real or stand-in, the SHA-256 of the labels and pixels chosen, or from which
        a secret chooses, and by what they are normalised.
        """
        return _identity(self, source.folder, stand_in=source.stands_in(self.name))

    def load(self, seed: int, source: Source) -> npt.NDArray[np.float32]:  # noqa: ARG002  as `Drawn`
        """The pictures from the source, read-only. The seed has no say; of altered ones the
        source's secret has. Raises DataSetAbsent.
        """
        secret = source.secret if self.altered else ""
        return _prepare(self, source.folder, secret, stand_in=source.stands_in(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Classes of training pictures, described; they may cross the line: no score rests on them."""

    images: Images

    def describe(self) -> str:
        """What is asked for."""
        return f"classes of {self.images.describe()}"

    def load(self, seed: int, source: Source) -> Labels:  # noqa: ARG002  as `Drawn` has it
        """(N,) int64, in the order of the pictures. The seed has no say. Raises DataSetAbsent."""
        return _read_labels(self.images, source)


class SecretLabels(Secret[Labels]):
    """The labels of described pictures, (N,) int64 in their order."""

    __slots__ = ("_images", "_source")

    def __init__(self, images: Images) -> None:
        title = catalogue.find(images.name).title
        super().__init__(
            lambda: _read_labels(self._images, self._source),
            f"labels of {title}, {images.split} split",
        )
        self._images, self._source = images, Source()

    @property
    def images(self) -> Images:
        """The pictures that they belong to."""
        return self._images

    def reveal(self, source: Source | None = None) -> Labels:
        """The labels, from the source that is given or else from the one that was set.

        Raises DataSetAbsent.
        """
        return super().reveal() if source is None else _read_labels(self._images, source)

    def show(self, which: Sequence[int]) -> Pictures | None:
        """The pictures of these places, (N, C, H, W) uint8 as the set has them; None where nobody
        may see them: of a set that is not public, and of those that a secret altered.
        """
        if self._images.altered or not catalogue.find(self._images.name).public:
            return None
        stand_in = self._source.stands_in(self._images.name)
        pixels, _ = _choose(self._images, self._source.folder, stand_in=stand_in)
        shown: Pictures = pixels[np.asarray(which, np.int64)]
        return shown

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of the labels; nothing for numbers."""
        known = catalogue.find(self._images.name).student_class.classes or ()
        chosen = self._images.classes
        return known if chosen is None or not known else tuple(known[k] for k in chosen)

    def set_source(self, source: Source) -> None:
        """From here on checks read the labels from this source, beside the pictures of a class."""
        self._source = source


@dataclass(frozen=True, slots=True)
class DataSet:
    """Pictures that may be shown to student code, and labels that may not."""

    images: Images
    labels: SecretLabels = field(compare=False)

    @property
    def targets(self) -> Targets:
        """The labels of a training split as something that a probe may show to student code."""
        if self.images.split != "train":
            raise CourseError("only the targets of a training split may be shown to student code")
        return Targets(images=self.images)


def test(
    name: str,
    *,
    size: int | None = None,
    classes: tuple[int, ...] | None = None,
    limit: int | None = None,
    normalised: bool = True,
    altered: bool = False,
) -> DataSet:
    """The test split of `mnist` or `cifar10`; read when first needed.

    `normalised=False` leaves the numbers between 0 and 1, for networks that normalise themselves.
    `altered` flips each picture or not, shifts it and changes its contrast by a secret draw, so
    that no picture is one that could be known; with `limit`, which ones are shown is drawn as well.
    """
    images = Images(
        name=name,
        split="test",
        size=size,
        classes=classes,
        limit=limit,
        normalised=normalised,
        altered=altered,
    )
    return DataSet(images, SecretLabels(images))


def train(
    name: str,
    *,
    size: int | None = None,
    classes: tuple[int, ...] | None = None,
    limit: int | None = None,
    start: int | None = None,
    stop: int | None = None,
    normalised: bool = True,
    altered: bool = False,
) -> DataSet:
    """The training split of `mnist` or `cifar10`; read when first needed. The rest as in `test`.

    `start` and `stop` take a part of the first `limit` pictures, as a slice does: with
    `limit=2500`, `stop=-500` leaves 2,000 to train with and `start=-500` the others to validate.
    """
    images = Images(
        name=name,
        split="train",
        size=size,
        classes=classes,
        limit=limit,
        start=start,
        stop=stop,
        normalised=normalised,
        altered=altered,
    )
    return DataSet(images, SecretLabels(images))


test.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it


def rows(images: Images, labels: Labels, secret: str = "") -> npt.NDArray[np.int64]:
    """Which pictures of a split, given all its labels, a description chooses."""
    every = np.arange(len(labels))
    if images.classes is not None:
        every = every[np.isin(labels, images.classes)]
    if images.altered and images.limit is not None:
        every = alterations.choose(every, images.limit, f"{secret}: which, {images.describe()}")
    return every[: images.limit][images.part]


def _choose(
    images: Images, root: Path, secret: str = "", *, stand_in: bool
) -> tuple[Pictures, Labels]:
    pixels, labels = read_split(images.name, images.split, root, stand_in=stand_in)
    chosen = rows(images, labels, secret)
    if len(chosen) < len(labels):
        pixels, labels = pixels[chosen], labels[chosen]
    if images.classes is not None:
        labels = np.array([images.classes.index(int(k)) for k in labels], dtype=np.int64)
    return pixels, labels.copy()


def _read_labels(images: Images, source: Source) -> Labels:
    secret = source.secret if images.altered else ""
    return _choose(images, source.folder, secret, stand_in=source.stands_in(images.name))[1]


@lru_cache(maxsize=16)
def _identity(images: Images, root: Path, *, stand_in: bool) -> str:
    if images.altered:  # any of them may be shown
        images = replace(images, limit=None)
    pixels, labels = _choose(images, root, stand_in=stand_in)
    digest = hashlib.sha256(labels.astype("<i8").tobytes() + np.ascontiguousarray(pixels).tobytes())
    known = catalogue.find(images.name)
    which = f"stand-in {known.stand_in.name}" if stand_in else "real"
    return (
        f"{images.name} {images.split}, {which}, sha256 {digest.hexdigest()}, "
        f"mean {known.mean}, deviation {known.deviation}"
    )


@lru_cache(maxsize=2)
def _prepare(images: Images, root: Path, secret: str, *, stand_in: bool) -> npt.NDArray[np.float32]:
    pixels, _ = _choose(images, root, secret, stand_in=stand_in)
    if images.altered:
        pixels = alterations.alter(pixels, f"{secret}: {images.describe()}")
    return scale(pixels, images.name, images.size, normalised=images.normalised)
