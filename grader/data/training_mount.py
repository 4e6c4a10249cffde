"""Training pictures for the box: what a student's `datasets.MNIST(…)` finds there.

Of the training split the last part is served where the code asks for the test split, and nothing of
the test split is: neither its pictures nor its labels. Pictures of the training split with which
an assignment judges, whose labels it does not show, are left out.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from grader.data import catalogue
from grader.data.descriptions import Images, rows, train
from grader.data.picture_set import Labels
from grader.data.pixels import read_split
from grader.data.source import Source
from grader.records.errors import DataSetAbsent

Array = npt.NDArray[np.generic]

_PREFIX = "grader-served-"
"""Of the temporary folder; the number of the process that owns it follows."""
_CLASS = "class.json"
"""File in the folder of a data set that describes the student's class; arrays lie beside it."""


class TrainingMount:
    """Folders of arrays for the box, one for each data set, written when first asked for.

    They lie in a temporary folder, which `close` removes.
    """

    def __init__(self, source: Source, kept_back: Iterable[Images] = ()) -> None:
        """`kept_back` are pictures of training splits that are not to be served."""
        self.source = source
        self._kept_back = sorted(set(kept_back), key=Images.describe)
        self._folders: dict[str, str] = {}
        self._root: Path | None = None
        self._lock = threading.Lock()

    def find_named(self, provides: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
        """Those of the data sets that a file names: for others nothing is read or written."""
        classes = {name: catalogue.find(name).student_class.name.encode() for name in provides}
        return [n for n, name in classes.items() if any(name in f for f in files.values())]

    def identity(self, name: str) -> str:
        """Everything that the files depend on: the data set, and what is left out of it."""
        try:
            whole = train(name).images.identity(self.source)
        except DataSetAbsent:
            return f"{name} absent"
        without = "; ".join(i.describe() for i in self._kept_back if i.name == name)
        known = catalogue.find(name)
        served = f"one in {known.carved} carved for {known.student_class}"
        return f"{whole}, {served}, without: {without or 'nothing'}"

    def folder(self, name: str) -> str:
        """Where the arrays of a set lie; without them where it is absent and nothing stands in."""
        with self._lock:
            if name not in self._folders:
                self._folders[name] = str(self._write(name))
            return self._folders[name]

    def _write(self, name: str) -> Path:
        student_class = catalogue.find(name).student_class
        arrays = self._arrange(name)
        folder = self._make_root() / name
        folder.mkdir(mode=0o755)
        (folder / _CLASS).write_text(json.dumps(asdict(student_class)), encoding="utf-8")
        for file, array in arrays.items():
            np.save(folder / file, np.ascontiguousarray(array), allow_pickle=False)
        for path in folder.iterdir():
            path.chmod(0o444)
        return folder

    def _make_root(self) -> Path:
        if self._root is None:
            _sweep()
            self._root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
            self._root.chmod(0o755)  # boxes run under another uid; this is no secret
        return self._root

    def _arrange(self, name: str) -> dict[str, Array]:
        """The arrays as the student's class holds them, by file name; none for an absent set."""
        picture_set = catalogue.find(name)
        try:
            stand_in = self.source.stands_in(name)
        except DataSetAbsent:
            return {}
        pixels, labels = read_split(name, "train", self.source.folder, stand_in=stand_in)
        kept = self._select(name, labels)
        border = len(labels) - len(labels) // picture_set.carved
        arrays: dict[str, Array] = {}
        for part, where in (("train", slice(border)), ("test", slice(border, None))):
            pictures = pixels[where][kept[where]].transpose(0, 2, 3, 1)
            flat = picture_set.student_class.tensors
            arrays[f"{part}-pictures.npy"] = pictures[..., 0] if flat else pictures
            arrays[f"{part}-labels.npy"] = labels[where][kept[where]]
        return arrays

    def _select(self, name: str, labels: Labels) -> npt.NDArray[np.bool_]:
        """Which pictures of the training split are served, of which these are the labels."""
        kept = np.ones(len(labels), dtype=bool)
        for images in self._kept_back:
            if images.name == name:
                kept[rows(images, labels)] = False
        return kept

    def close(self) -> None:
        """Nothing of it is left."""
        with self._lock:
            if self._root is not None:
                shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
            self._folders.clear()


def _sweep() -> None:
    """Folders of graders that were killed are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
