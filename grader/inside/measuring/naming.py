"""What the student's code calls its tensors, and which of its lines runs."""

from __future__ import annotations

import os
import sys
from types import FrameType

import torch

from grader.inside.loading import namespace


def list_named(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers and plain tensors in attributes, by the base class's own path.

    An overridden `parameters()` is not asked.
    """
    base = torch.nn.Module
    named: list[tuple[str, torch.Tensor]] = list(base.named_parameters(module))
    named += list(base.named_buffers(module))
    for path, child in base.named_modules(module):
        held = [(k, v) for k, v in vars(child).items() if isinstance(v, torch.Tensor)]
        named += [(f"{path}.{k}" if path else k, v) for k, v in held]
    return [(n, t) for n, t in named if isinstance(t, torch.Tensor)]


def find_place(directory: str) -> tuple[str, int] | None:
    """The student's file and line that runs now; None where none does.

    `directory` is where the files lie, with a separator at its end.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name in namespace.CELLS:
            return namespace.CELLS[name], frame.f_lineno
        if name.startswith(directory):
            return name[len(directory) :].replace(os.sep, "/"), frame.f_lineno
        frame = frame.f_back
    return None
