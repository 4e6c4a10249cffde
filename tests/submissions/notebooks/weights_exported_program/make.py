"""A program of torch.export in place of weights."""

import io
from pathlib import Path

import torch

TRAINED = Path(__file__).resolve().parents[4] / "reference/lenet5_mnist/lenet.pt"


def files():
    state = torch.load(TRAINED, weights_only=True)
    buffer = io.BytesIO()
    program = torch.export.export(torch.nn.Linear(2, 1), (torch.zeros(1, 2),))
    torch.export.save(program, buffer)
    return {"lenet.pt2": buffer.getvalue()} if state else {}
