"""The weights under a name of the student's own, which a cell opens."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    return {"best_model.pth": TRAINED.read_bytes()} if state else {}
