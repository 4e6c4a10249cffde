"""Training pictures for the box: what a student's `datasets.MNIST(…)` finds there.

Of the training split the last part is served where the code asks for the test split, and nothing of
the test split is: neither its pictures nor its labels. Pictures of the training split with which
an assignment judges, whose labels it does not show, are left out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from grader.data import descriptions
from grader.data.catalogue import raw
from grader.inside.shims.datasets import NAMES
from grader.records.errors import DataSetAbsent

CARVED = {"mnist": 6, "cifar10": 5}
"""One in so many training pictures, the last ones, is served for `train=False`."""

_PREFIX = "grader-served-"
"""Of the temporary folder; the number of the process that owns it follows."""


class Served:
    """Folders of arrays for the box, one for each data set, written when first asked for.

    They lie in a temporary folder, which `close` removes.
    """

    def __init__(
        self, source: descriptions.Source, kept_back: Iterable[descriptions.Images] = ()
    ) -> None:
        """`kept_back` are pictures of training splits that are not to be served."""
        self.source = source
        self._kept_back: Sequence[descriptions.Images] = sorted(
            set(kept_back), key=descriptions.Images.describe
        )
        self._folders: dict[str, str] = {}
        self._root: Path | None = None
        self._lock = threading.Lock()

    def named(self, provides: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
        """Those of the data sets that a file names: for others nothing is read or written."""
        return [n for n in provides if any(NAMES[n].encode() in f for f in files.values())]

    def identity(self, name: str) -> str:
        """Everything that the files depend on: the data set, and what is left out of it."""
        try:
            whole = descriptions.train(name).images.identity(self.source)
        except DataSetAbsent:
            return f"{name} absent"
        without = "; ".join(i.describe() for i in self._kept_back if i.name == name)
        return f"{whole}, one in {CARVED[name]} carved, without: {without or 'nothing'}"

    def folder(self, name: str) -> str:
        """Where the arrays of a set lie; empty where the set is absent and nothing stands in."""
        with self._lock:
            if name not in self._folders:
                self._folders[name] = self._written(name)
            return self._folders[name]

    def _written(self, name: str) -> str:
        try:
            stand_in = self.source.stands_in(name)
        except DataSetAbsent:
            return ""
        pixels, labels = raw(name, "train", self.source.folder, stand_in=stand_in)
        kept = np.ones(len(labels), dtype=bool)
        for images in self._kept_back:
            if images.name == name:
                kept[descriptions.rows(images, labels)] = False
        border = len(labels) - len(labels) // CARVED[name]
        if self._root is None:
            _sweep()
            self._root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
            self._root.chmod(0o755)  # boxes run under another uid; this is no secret
        folder = self._root / name
        folder.mkdir(mode=0o755)
        for part, rows in (("train", slice(border)), ("test", slice(border, None))):
            # as torchvision holds them: MNIST (N, H, W), CIFAR-10 (N, H, W, C)
            pictures = pixels[rows][kept[rows]].transpose(0, 2, 3, 1)
            _save(
                folder / f"{part}-pictures.npy", pictures[..., 0] if name == "mnist" else pictures
            )
            _save(folder / f"{part}-labels.npy", labels[rows][kept[rows]])
        return str(folder)

    def close(self) -> None:
        """Nothing of it is left."""
        with self._lock:
            if self._root is not None:
                shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
            self._folders.clear()


def _save(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)
    path.chmod(0o444)


def _sweep() -> None:
    """Folders of graders that were killed are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
