"""What stopped a measurement, by the sentence that tells it: the box says it in words."""

from __future__ import annotations

import re

_STOPS = (
    ("stop-inputs", "mat1 and mat2 shapes cannot be multiplied"),
    ("stop-sizes", "Sizes of tensors must match|must match exactly|must match the size of tensor"),
    ("stop-ready-made", "is made of .*, and this assignment asks you to write it"),
    ("stop-autograd", "asks torch for the derivatives"),
    ("stop-numerical", "again and again, as numerical differences do"),
    ("stop-batch-lost", "its first dimension has to be"),
    ("stop-shape", r"has shape \(.*\), expected is"),
)
"""Code → what is found in the sentence; the first that fits."""


def name_stop(why: str) -> str:
    """The code of the message that names what stopped a measurement; empty for anything else."""
    return next((code for code, pattern in _STOPS if re.search(pattern, why)), "")
