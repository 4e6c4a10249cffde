"""Networks of torchvision with `pretrained=True` are built, with random weights, and that is said.

Their weights would have to be downloaded. Everything else of the call stays as it was asked for.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from grader.inside import remarks


def install() -> None:
    """Does nothing where torchvision is not there."""
    api: Any = sys.modules.get("torchvision.models._api")
    if api is not None:
        api.WeightsEnum.get_state_dict = _take_of_caller


def _take_of_caller(self: object, *_: object, **__: object) -> dict[str, object]:
    """The weights of the network that is about to load these: torchvision calls it `model`."""
    model = sys._getframe(1).f_locals.get("model")
    if not isinstance(model, torch.nn.Module):
        raise RuntimeError(f"Failed to download {self}: there is no network in the sandbox")
    remarks.add("untrained", f"`{type(model).__name__}`")
    return model.state_dict()
