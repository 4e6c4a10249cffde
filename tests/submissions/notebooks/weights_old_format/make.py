"""Weights as PyTorch saved them before 1.6."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return {"lenet.pt": buffer.getvalue()}
