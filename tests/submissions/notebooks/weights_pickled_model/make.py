"""The whole network in place of its weights."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    buffer = io.BytesIO()
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 1)), buffer)
    return {"lenet.pt": buffer.getvalue()} if state else {}
