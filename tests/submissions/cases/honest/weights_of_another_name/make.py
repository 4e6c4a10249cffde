"""Files of weights under other names: one fits, several do, none does."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from torch import nn

from kit.places import ROOT

OURS = ROOT / "reference/lenet5_mnist/lenet.pt"


def make(folder: Path) -> None:
    """Beside the reference's code lie its weights, and others."""
    state = torch.load(OURS, weights_only=True)
    other = {"one.weight": torch.zeros(50, 1024), "one.bias": torch.zeros(50)}
    files = {
        "one_fits": {"best_model.pt": state, "baseline.pt": other},
        "checkpoint": {
            "run.ckpt": {"epoch": 3, "model_state_dict": state, "lr": 0.1},
            "optimizer.pth": {"state": {}, "param_groups": [{"lr": 0.1}]},
        },
        "two_fit": {"a.pt": state, "b.pt": {k: v + 1 for k, v in state.items()}},
        "none_fits": {"a.pt": other, "b.pt": nn.Linear(3, 4).state_dict()},
    }
    for student, named in files.items():
        place = folder / student
        place.mkdir(parents=True)
        shutil.copy(OURS.with_suffix(".py"), place)
        for name, content in named.items():
            torch.save(content, place / name)
