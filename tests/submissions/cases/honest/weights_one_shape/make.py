"""Weights under the names of another network, of which one does not fit."""

from pathlib import Path

import torch

NAMES = ("conv1", "conv2", "fc1", "fc2", "fc3")
SHAPES = {
    "conv1": (6, 1, 5, 5),
    "conv2": (16, 6, 5, 5),
    "fc1": (120, 400),
    "fc2": (84, 120),
    "fc3": (10, 84),
}


def state(shapes: dict[str, tuple[int, ...]], names: dict[str, str]) -> dict[str, torch.Tensor]:
    """Small numbers of these shapes, weight and bias of each layer."""
    held = {}
    for layer, shape in shapes.items():
        held[f"{names[layer]}.weight"] = torch.full(shape, 0.01)
        held[f"{names[layer]}.bias"] = torch.zeros(SHAPES[layer][0])
    return held


def make(folder: Path) -> None:
    """Each student's lenet.pt."""
    other = {name: name for name in NAMES}
    own = dict(zip(NAMES, "abcde", strict=True))
    torch.save(state({**SHAPES, "conv1": (6, 1, 3, 3)}, other), folder / "one/lenet.pt")
    lacking = state(SHAPES, other)
    del lacking["fc1.bias"]
    torch.save(lacking, folder / "one_missing/lenet.pt")
    torch.save(state({**SHAPES, "fc2": (120, 84)}, other), folder / "turned/lenet.pt")
    torch.save(state({**SHAPES, "fc2": (80, 120)}, own), folder / "same_names/lenet.pt")
