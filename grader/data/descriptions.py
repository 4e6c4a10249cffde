"""Data for probes and checks: descriptions that cross the trust line, and labels that cannot.

`normal`, `uniform` and `integers` describe random arrays, drawn once per class from its seed.
`test`
and `train` describe data sets: `.images` may be passed to a probe, `.labels` only be read in a
check.
Nothing is read before it is needed, and only `fetch` downloads.

Pictures come as the brief states them: divided by 255; where a size is given, resized with
`torch.nn.functional.interpolate(…, mode="bilinear", align_corners=False)`, which for enlarging
equals
torchvision's `Resize` on tensors; then normalised with the set's mean and standard deviation.
"""

# ruff: noqa: PT028  `test` describes a data set and is no test

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Literal, NoReturn, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from grader.data.catalogue import (
    KNOWN,
    Labels,
    Pictures,
    Split,
    known,
    normalised,
    opened,
    raw,
)
from grader.records.errors import CourseError, DataSetAbsent, GraderError, UsageError

T = TypeVar("T")
Array = npt.NDArray[Any]

# ---------------------------------------------------------------------- random arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A random array, described: equal descriptions and an equal seed give equal numbers."""

    kind: Literal["normal", "uniform", "integers"]
    shape: tuple[int, ...]
    low: float = 0.0
    """Smallest value; for `normal` unused."""
    high: float = 1.0
    """Bound that is not reached; for `normal` unused."""
    draw: int = 0
    """Descriptions that differ in this alone give independent numbers."""

    def __post_init__(self) -> None:
        if not all(type(n) is int and n > 0 for n in self.shape):
            raise CourseError(
                f"an array of shape {self.shape} cannot be drawn; pass whole numbers above 0"
            )
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise CourseError(
                f"nothing lies between {self.low} and {self.high}; pass bounds in rising order"
            )

    def describe(self) -> str:
        """Everything the numbers depend on, but the seed."""
        shape = ",".join(map(str, self.shape))
        return f"{self.kind}({shape}) from {self.low!r} to {self.high!r}, draw {self.draw}"

    def load(self, seed: int) -> Array:
        """The numbers: float64, or int64 for `integers`. The same in every process and order."""
        digest = hashlib.sha256(self.describe().encode()).digest()
        words = np.frombuffer(digest, "<u4").tolist()
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
        if self.kind == "normal":
            return generator.standard_normal(self.shape)
        if self.kind == "uniform":
            return generator.uniform(self.low, self.high, self.shape)
        return generator.integers(int(self.low), int(self.high), self.shape, dtype=np.int64)


def normal(*shape: int, draw: int = 0) -> Drawn:
    """Numbers from the standard normal distribution."""
    return Drawn(kind="normal", shape=shape, draw=draw)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, draw: int = 0) -> Drawn:
    """Numbers spread evenly from `low` to below `high`."""
    return Drawn(kind="uniform", shape=shape, low=float(low), high=float(high), draw=draw)


def integers(*shape: int, below: int = 10, draw: int = 0) -> Drawn:
    """Whole numbers from 0 to below `below`: classes of a batch, for instance."""
    return Drawn(kind="integers", shape=shape, high=float(below), draw=draw)


# ---------------------------------------------------------------------- secrets


class Secret(Generic[T]):
    """Something that students must not see: no encoder, no pickle, no content in its text."""

    __slots__ = ("_read", "_what")

    def __init__(self, read: Callable[[], T], what: str) -> None:
        self._read, self._what = read, what

    def reveal(self) -> T:
        """The content, for checks."""
        return self._read()

    def __repr__(self) -> str:
        return f"<secret: {self._what}>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{self!r} stays with the grader; call .reveal() inside a check")

    __reduce_ex__ = __reduce__ = __getstate__ = __copy__ = __deepcopy__ = _refuse
    __iter__ = __len__ = __getitem__ = __array__ = __bool__ = _refuse


# ---------------------------------------------------------------------- data sets


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
    """How many, from the first; None keeps all."""
    start: int | None = None
    """First of those that is taken, as in a slice: negative counts from their end."""
    stop: int | None = None
    """First of those that is no longer taken, as in a slice."""

    def __post_init__(self) -> None:
        its = known(self.name, CourseError)
        if self.split not in get_args(Split):
            raise CourseError(f"there is no split {self.split!r}; ask for 'test' or 'train'")
        if self.classes is not None and (
            len(set(self.classes)) < max(1, len(self.classes))
            or not set(self.classes) <= set(range(its.classes))
        ):
            raise CourseError(
                f"{its.title} has no such choice of classes as {self.classes}; pass different "
                f"numbers from 0 to {its.classes - 1}"
            )

    def describe(self) -> str:
        """What is asked for, whichever files it is read from; see `identity` for those."""
        size = self.size or KNOWN[self.name].side
        part = "" if self.part == slice(None) else f", from {self.start} to {self.stop}"
        return (
            f"{self.name} {self.split}, {size}×{size}, classes {self.classes}, limit {self.limit}"
            f"{part}"
        )

    @property
    def part(self) -> slice:
        """Which of the pictures within the limit are taken."""
        return slice(self.start, self.stop)

    def identity(self, source: Source | None = None) -> str:
        """Name, split, real or stand-in, and the SHA-256 of the labels and pixels chosen."""
        source = source or current()
        return _identity(self, source.folder, stand_in=source.stands_in(self.name))

    def load(self, seed: int = 0) -> npt.NDArray[np.float32]:  # noqa: ARG002  as `Drawn` has it
        """The pictures from the current source, read-only. The seed has no say.

        Raises DataSetAbsent.
        """
        source = current()
        return _prepared(self, source.folder, stand_in=source.stands_in(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Classes of training pictures, described; they may cross the line: no score rests on them."""

    images: Images

    def describe(self) -> str:
        """What is asked for."""
        return f"classes of {self.images.describe()}"

    def load(self, seed: int = 0) -> Labels:  # noqa: ARG002  (the seed has no say)
        """(N,) int64, in the order of the pictures. Raises DataSetAbsent."""
        return _labels(self.images)


@dataclass(frozen=True, slots=True)
class DataSet:
    """Pictures that may be shown to student code, and labels that may not."""

    images: Images
    labels: Secret[Labels] = field(compare=False)
    """(N,) int64, in the order of the pictures."""

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
) -> DataSet:
    """The test split of `mnist` or `cifar10`; read when first needed."""
    return _described(Images(name=name, split="test", size=size, classes=classes, limit=limit))


def train(
    name: str,
    *,
    size: int | None = None,
    classes: tuple[int, ...] | None = None,
    limit: int | None = None,
    start: int | None = None,
    stop: int | None = None,
) -> DataSet:
    """The training split of `mnist` or `cifar10`; read when first needed.

    `start` and `stop` take a part of the first `limit` pictures, as a slice does: with
    `limit=2500`, `stop=-500` leaves 2,000 to train with and `start=-500` the others to validate.
    """
    images = Images(
        name=name, split="train", size=size, classes=classes, limit=limit, start=start, stop=stop
    )
    return _described(images)


test.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it


def _described(images: Images) -> DataSet:
    title = KNOWN[images.name].title
    return DataSet(
        images, Secret(lambda: _labels(images), f"labels of {title}, {images.split} split")
    )


# ---------------------------------------------------------------------- where they come from


@dataclass(frozen=True, slots=True)
class Source:
    """Where data sets are looked for, and whether a stand-in may serve where one is absent."""

    root: Path | None = None
    """`--data`; None means $GRADER_DATA, or else the user's cache folder."""
    stand_in: bool = False
    """`--stand-in`: a set that is here is used all the same."""

    @property
    def folder(self) -> Path:
        """The root, decided."""
        if self.root is not None:
            return self.root
        if named := os.environ.get("GRADER_DATA"):
            return Path(named)
        from platformdirs import user_cache_path

        return user_cache_path("torch-grader") / "data"

    def has(self, name: str) -> bool:
        """True where the real set's files are below the root."""
        its = known(name, UsageError)
        return all((self.folder / its.folder / f).is_file() for f in its.files)

    def stands_in(self, name: str) -> bool:
        """False for the real set, True for the stand-in. Raises DataSetAbsent where neither may
        be used.
        """
        its = known(name, UsageError)
        if self.has(name):
            return False
        if self.stand_in:
            return True
        raise DataSetAbsent(
            f"{its.title} is not in {self.folder}. Run `grader data fetch {name}`, point --data or "
            "GRADER_DATA to a folder that has it, or pass --stand-in to use "
            f"{its.stand_in.instead} instead."
        )

    def used(self, name: str, split: Split = "test") -> str:
        """What the score rests on, for the first lines of a report. Raises DataSetAbsent."""
        its, stand_in = known(name, UsageError), self.stands_in(name)
        count = len(raw(name, split, self.folder, stand_in=stand_in)[1])
        if stand_in:
            return its.stand_in.used(split, count)
        return f"{its.title}, {count:,} {'test' if split == 'test' else 'training'} images"


_PLAIN = Source()
_current: ContextVar[Source] = ContextVar("source", default=_PLAIN)


def current() -> Source:
    """The source in use. A thread of one's own starts with the default: run it in a copied
    context.
    """
    return _current.get()


@contextmanager
def located(source: Source) -> Iterator[Source]:
    """Within, pictures and labels are read from `source`."""
    token = _current.set(source)
    try:
        yield source
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One row of `grader data`."""

    name: str
    title: str
    present: bool
    folder: str
    """Where its files are, or would be."""
    stand_in: str
    """What serves where it is absent."""


def available(source: Source | None = None) -> list[Shelf]:
    """Every data set the grader knows, and whether it is on this machine."""
    source = source or current()
    return [
        Shelf(
            name=name,
            title=its.title,
            present=source.has(name),
            folder=str(source.folder / its.folder),
            stand_in=its.stand_in.name,
        )
        for name, its in KNOWN.items()
    ]


def fetch(name: str, root: Path | None = None) -> Path:
    """Download a set with torchvision and give its folder. Nothing else in the grader downloads."""
    its, source = known(name, UsageError), Source(root)
    try:
        source.folder.mkdir(parents=True, exist_ok=True)
        opened(name, "test", source.folder, download=True)
    except (OSError, RuntimeError) as error:
        raise GraderError(
            f"{its.title} could not be downloaded to {source.folder}: {error}. "
            "Copy the files there from a machine that has them, in torchvision's layout."
        ) from error
    return source.folder / its.folder


def _chosen(images: Images, root: Path, *, stand_in: bool) -> tuple[Pictures, Labels]:
    pixels, labels = raw(images.name, images.split, root, stand_in=stand_in)
    chosen = rows(images, labels)
    if len(chosen) < len(labels):
        pixels, labels = pixels[chosen], labels[chosen]
    if images.classes is not None:
        labels = np.array([images.classes.index(int(k)) for k in labels], dtype=np.int64)
    return pixels, labels.copy()


def rows(images: Images, labels: Labels) -> npt.NDArray[np.int64]:
    """Which pictures of a split, given all its labels, a description chooses."""
    every = np.arange(len(labels))
    if images.classes is not None:
        every = every[np.isin(labels, images.classes)]
    return every[: images.limit][images.part]


def _labels(images: Images) -> Labels:
    source = current()
    return _chosen(images, source.folder, stand_in=source.stands_in(images.name))[1]


@lru_cache(maxsize=16)
def _identity(images: Images, root: Path, *, stand_in: bool) -> str:
    pixels, labels = _chosen(images, root, stand_in=stand_in)
    digest = hashlib.sha256(labels.astype("<i8").tobytes() + np.ascontiguousarray(pixels).tobytes())
    which = f"stand-in {KNOWN[images.name].stand_in.name}" if stand_in else "real"
    return f"{images.name} {images.split}, {which}, sha256 {digest.hexdigest()}"


@lru_cache(maxsize=2)
def _prepared(images: Images, root: Path, *, stand_in: bool) -> npt.NDArray[np.float32]:
    return normalised(_chosen(images, root, stand_in=stand_in)[0], images.name, images.size)
