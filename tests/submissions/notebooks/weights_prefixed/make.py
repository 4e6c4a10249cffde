"""Weights of a network that was compiled and wrapped for several GPUs."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    buffer = io.BytesIO()
    torch.save({f"module._orig_mod.{name}": value for name, value in state.items()}, buffer)
    return {"lenet.pt": buffer.getvalue()}
