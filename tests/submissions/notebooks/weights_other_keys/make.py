"""Weights saved before the layers were renamed."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    buffer = io.BytesIO()
    torch.save({k.replace("conv", "c").replace("fc", "dense"): v for k, v in state.items()}, buffer)
    return {"lenet.pt": buffer.getvalue()}
