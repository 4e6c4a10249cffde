"""Where data sets lie on this machine, which of them are there, and how they come there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from grader.data import catalogue
from grader.data.picture_set import Split
from grader.data.pixels import read_split
from grader.records.errors import DataSetAbsent, GraderError
from grader.records.json_values import Json, record_to_json


@dataclass(frozen=True, slots=True)
class Source:
    """Where data sets are looked for, whether a stand-in may serve where one is absent, and what
    decides how the pictures that judge are shown.
    """

    root: Path | None = None
    """`--data`; None means $GRADER_DATA, or else the user's cache folder."""
    stand_in: bool = False
    """`--stand-in`: a set that is here is used all the same."""
    secret: str = field(default="", repr=False)
    """From this the order of pictures and their changes are drawn. Unlike the seed it never enters
    a box, so nothing there can draw them again.
    """

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
        picture_set = catalogue.find(name)
        return all((self.folder / picture_set.folder / f).is_file() for f in picture_set.files)

    def stands_in(self, name: str) -> bool:
        """False for the real set, True for the stand-in. Raises DataSetAbsent where neither may
        be used.
        """
        picture_set = catalogue.find(name)
        if self.has(name):
            return False
        if self.stand_in:
            return True
        raise DataSetAbsent(
            f"{picture_set.title} is not in {self.folder}. Run `grader data fetch {name}`, point "
            "--data or GRADER_DATA to a folder that has it, or pass --stand-in to use "
            f"{picture_set.stand_in.instead} instead."
        )

    def describe_use(self, name: str, split: Split = "test") -> str:
        """What the score rests on, for the first lines of a report. Raises DataSetAbsent."""
        picture_set, stand_in = catalogue.find(name), self.stands_in(name)
        count = len(read_split(name, split, self.folder, stand_in=stand_in)[1])
        if stand_in:
            return picture_set.stand_in.describe_use(split, count)
        return f"{picture_set.title}, {count:,} {'test' if split == 'test' else 'training'} images"


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
    fault: str = ""
    """Why the package that brings it cannot be used, in a sentence; then the rest is empty."""

    def facts(self) -> dict[str, Json]:
        """The row as a record for programs; `fault` is in it where there is one."""
        row = record_to_json(self)
        return row if self.fault else {k: v for k, v in row.items() if k != "fault"}


def available(source: Source) -> list[Shelf]:
    """Every data set the grader knows, and whether it is on this machine."""
    return [_shelve(name, source) for name in catalogue.names()]


def _shelve(name: str, source: Source) -> Shelf:
    try:
        picture_set = catalogue.find(name)
    except GraderError as error:
        return Shelf(name=name, title="", present=False, folder="", stand_in="", fault=str(error))
    return Shelf(
        name=name,
        title=picture_set.title,
        present=source.has(name),
        folder=str(source.folder / picture_set.folder),
        stand_in=picture_set.stand_in.name,
    )


def fetch(name: str, root: Path | None = None) -> Path:
    """Download a set and give its folder. Nothing else in the grader downloads."""
    picture_set, source = catalogue.find(name), Source(root)
    try:
        source.folder.mkdir(parents=True, exist_ok=True)
        picture_set.loader.download(source.folder)
    except (OSError, RuntimeError) as error:
        raise GraderError(
            f"{picture_set.title} could not be downloaded to {source.folder}: {error}. "
            "Copy the files there from a machine that has them, in torchvision's layout."
        ) from error
    return source.folder / picture_set.folder
