"""Classes of torchvision such as `MNIST` read what the grader serves, whichever root is named.

The classes are torchvision's own, with transforms, indexing and `classes`; only where their
pictures come from is another place: a folder with arrays and a description of the class. Relatives
of a class, of which no folder is served, are left alone.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypedDict

from grader.inside import remarks

CLASS = "class.json"
"""The file in a served folder that describes the class, a `ServedClass`."""


class StudentClass(TypedDict):
    """The class of `torchvision.datasets` by which students' code reads one data set."""

    name: str
    differs_by: str
    """An attribute in which it differs from its relatives, which may inherit from it."""
    tensors: bool
    """Whether it holds `data` and `targets` as tensors, or as an array and a list."""
    classes: list[str] | None
    """Names of the classes, where each object has them instead of the class."""


class ServedClass(StudentClass):
    """The same, with what is served."""

    instead: str
    """What stands in for the set, where that is not here; or empty."""


class DataSet(Protocol):
    """An instance of torchvision's class, as far as it is filled here."""

    train: bool
    data: object
    targets: object
    classes: list[str]
    class_to_idx: dict[str, int]


def install(folders: Iterable[str]) -> None:
    """From here on the sets are read from these folders; one without arrays is of an absent set.

    Does nothing where torchvision is not there.
    """
    module: Any = sys.modules.get("torchvision.datasets")
    for folder in folders if module is not None else ():
        with open(os.path.join(folder, CLASS), encoding="utf-8") as file:
            described: ServedClass = json.load(file)
        kind = getattr(module, described["name"])
        kind.__init__ = _make_init(kind, described, folder)


def _make_init(kind: type[Any], described: ServedClass, folder: str) -> Callable[..., None]:
    plain, differs_by, title = kind.__init__, described["differs_by"], described["name"]
    own = getattr(kind, differs_by)

    @functools.wraps(plain)
    def init(
        self: DataSet,
        root: object,
        train: bool = True,  # noqa: FBT001, FBT002 - as torchvision has it
        transform: object = None,
        target_transform: object = None,
        download: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        if getattr(type(self), differs_by) is not own:
            plain(self, root, train, transform, target_transform, download)
            return
        start = os.path.join(folder, "train" if train else "test")
        if not os.path.exists(f"{start}-labels.npy"):
            raise RuntimeError(f"{title} is not on the machine that grades")
        base: Any = sys.modules["torchvision.datasets.vision"]
        base.VisionDataset.__init__(
            self, root, transform=transform, target_transform=target_transform
        )
        self.train = train
        count = _fill(self, described, start)
        if described["instead"]:
            remarks.add("instead", f"{title}, in place of which {described['instead']} are served")
        elif not train:
            remarks.add("drawn", f"{title}(train=False) served {count:,} images")

    return init


def _fill(dataset: DataSet, described: StudentClass, start: str) -> int:
    import numpy as np
    import torch

    # Pages that nobody writes to are shared by all boxes.
    pictures = np.asarray(np.load(f"{start}-pictures.npy", mmap_mode="c", allow_pickle=False))
    labels = np.load(f"{start}-labels.npy", allow_pickle=False)
    if described["tensors"]:
        dataset.data, dataset.targets = torch.from_numpy(pictures), torch.from_numpy(labels)
    else:
        dataset.data, dataset.targets = pictures, labels.tolist()
    if classes := described["classes"]:
        dataset.classes = list(classes)
        dataset.class_to_idx = {c: i for i, c in enumerate(classes)}
    return len(labels)
