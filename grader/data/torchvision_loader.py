"""Data sets that torchvision reads and downloads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.data.picture_set import Labels, Pictures, Split
from grader.inside.shims import vision
from grader.records.extras import require_course


@dataclass(frozen=True, slots=True)
class TorchvisionLoader:
    """Reads a set with the class of that name in `torchvision.datasets`."""

    name: str

    def read(self, root: Path, split: Split) -> tuple[Pictures, Labels]:
        """Pixels (N, C, H, W) and labels (N,); torchvision asserts and raises as it likes."""
        data_set = self._open(root, split)
        pixels = np.asarray(data_set.data, dtype=np.uint8)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        return pixels, np.asarray(data_set.targets, dtype=np.int64)

    def download(self, root: Path) -> None:
        """Both splits lie below `root`: torchvision's archives hold both."""
        self._open(root, "test", download=True)

    def _open(self, root: Path, split: Split, *, download: bool = False) -> Any:
        require_course(f"reading the data set {self.name}", "torchvision")
        vision.install()
        from torchvision import datasets

        return getattr(datasets, self.name)(str(root), train=split == "train", download=download)
