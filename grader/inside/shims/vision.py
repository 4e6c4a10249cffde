"""Lets `import torchvision` work where its compiled part does not load.

torchvision's only wheel is built for CUDA. Beside a torch without CUDA its operators are missing,
and the import dies while it describes two of them. Declared by name, they let everything in Python
work: data sets, transforms, models. Compiled operators and image decoders stay missing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

MISSING = ("nms", "qnms")
"""The operators that torchvision describes in Python whether or not they were compiled."""

DESCRIBES = "torchvision._meta_registrations"
"""The module in which that happens, after `torchvision.extension` has tried to load."""

_kept: list[Any] = []
"""The library with the two names; they vanish with it."""


class _Watch(MetaPathFinder):
    """Finds no module; acts just before the one that would fail."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> None:
        if fullname == DESCRIBES and not _kept and not _compiled():
            _declare()


def install() -> None:
    """A first `import torchvision` works from now on; until then each import costs a comparison."""
    if DESCRIBES not in sys.modules and not any(isinstance(f, _Watch) for f in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


def _compiled() -> bool:
    return bool(importlib.import_module("torchvision.extension")._has_ops())


def _declare() -> None:
    library: Any = importlib.import_module("torch.library").Library("torchvision", "FRAGMENT")
    for name in MISSING:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)
