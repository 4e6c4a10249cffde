"""Training pictures for the box: what a student's `datasets.MNIST(…)` finds there.

Both splits have as many pictures as at home, since code may count on that: `random_split(data,
[50000, 10000])`. Where it asks for the test split, the last training pictures are served, and
nothing of the test split is: neither its pictures nor its labels. In place of training pictures
with which an assignment judges, whose labels it does not show, others stand, as they do where
there are not enough: then they are repeated.

Where a set is absent its stand-in is served whether or not it may be graded with: what students
train with in their own code earns nothing by itself.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.data import catalogue
from grader.data.descriptions import Images, rows, train
from grader.data.picture_set import Labels, PictureSet, Split
from grader.data.pixels import read_split
from grader.data.source import Source
from grader.inside.shims.datasets import CLASS, ServedClass
from grader.records.errors import GraderError
from grader.records.temporary import TemporaryFolder

Array = npt.NDArray[np.generic]


class TrainingMount:
    """Folders of arrays for the box, one for each data set, written when first asked for.

    They lie in a temporary folder, which `close` removes.
    """

    def __init__(self, source: Source, kept_back: Iterable[Images] = ()) -> None:
        """`kept_back` are pictures of training splits that are not to be served."""
        self.source = source
        self._kept_back = sorted(set(kept_back), key=Images.describe)
        self._folders: dict[str, str] = {}
        self._root: TemporaryFolder | None = None
        self._lock = threading.Lock()

    def find_named(self, provides: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
        """Those of the data sets that a file names: for others nothing is read or written."""
        classes = {name: catalogue.find(name).student_class.name.encode() for name in provides}
        return [n for n, name in classes.items() if any(name in f for f in files.values())]

    def identity(self, name: str) -> str:
        """Everything that the files depend on: the data set, and what is left out of it."""
        source = self._find_source(name)
        if source is None:
            return f"{name} absent"
        without = "; ".join(i.describe() for i in self._kept_back if i.name == name)
        known = catalogue.find(name)
        served = f"{dict(known.sizes)} served for {known.student_class}"
        return f"{train(name).images.identity(source)}, {served}, without: {without or 'nothing'}"

    def folder(self, name: str) -> str:
        """Where the arrays of a set lie; without them where neither it nor its stand-in is here."""
        with self._lock:
            if name not in self._folders:
                self._folders[name] = str(self._write(name))
            return self._folders[name]

    def _write(self, name: str) -> Path:
        known, source = catalogue.find(name), self._find_source(name)
        folder = self._make_root() / name
        folder.mkdir(mode=0o755)
        described: ServedClass = {
            **asdict(known.student_class),  # type: ignore[typeddict-item]
            "instead": known.stand_in.instead if source and source.stands_in(name) else "",
        }
        (folder / CLASS).write_text(json.dumps(described), encoding="utf-8")
        for file, array in self._arrange(name, source).items():
            np.save(folder / file, np.ascontiguousarray(array), allow_pickle=False)
        for path in folder.iterdir():
            path.chmod(0o444)
        return folder

    def _make_root(self) -> Path:
        if self._root is None:
            self._root = TemporaryFolder("served")
        folder = Path(self._root.path)
        folder.chmod(0o755)  # boxes run under another uid; this is no secret
        return folder

    def _find_source(self, name: str) -> Source | None:
        """Where the pictures come from; None where there are none."""
        if self.source.has(name):
            return self.source
        source = replace(self.source, stand_in=True)
        try:
            read_split(name, "train", source.folder, stand_in=True)
        except GraderError:  # what makes the stand-in is not installed
            return None
        return source

    def _arrange(self, name: str, source: Source | None) -> dict[str, Array]:
        """The arrays as the student's class holds them, by file name; none for an absent set."""
        if source is None:
            return {}
        known = catalogue.find(name)
        stand_in = source.stands_in(name)
        pixels, labels = read_split(name, "train", source.folder, stand_in=stand_in)
        arrays: dict[str, Array] = {}
        for split, chosen in self._choose(known, name, labels).items():
            pictures = pixels[chosen].transpose(0, 2, 3, 1)
            flat = known.student_class.tensors
            arrays[f"{split}-pictures.npy"] = pictures[..., 0] if flat else pictures
            arrays[f"{split}-labels.npy"] = labels[chosen]
        return arrays

    def _choose(
        self, known: PictureSet, name: str, labels: Labels
    ) -> dict[Split, npt.NDArray[np.int64]]:
        """Which pictures of the training split serve as either split; these are its labels."""
        kept = np.ones(len(labels), dtype=bool)
        for images in self._kept_back:
            if images.name == name:
                kept[rows(images, labels)] = False
        own = np.flatnonzero(kept)
        whole = np.resize(np.arange(len(labels)), known.sizes["train"])
        gone = ~kept[whole]
        whole[gone] = np.resize(own, np.count_nonzero(gone))
        size = known.sizes["test"]
        return {"train": whole, "test": np.resize(own[-size:], size)}

    def close(self) -> None:
        """Nothing of it is left."""
        with self._lock:
            if self._root is not None:
                self._root.remove()
            self._root = None
            self._folders.clear()
