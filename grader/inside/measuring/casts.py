"""While a network is measured it computes in the precision of the measurement.

Autocast and casts to bfloat16 or half make a network fast and its numbers coarse. Measured with
them, a right network's numbers are too coarse to be told from a wrong one's, and its weights are
not those that its operators receive. So they do nothing meanwhile, and a note says so.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from grader.inside import remarks

Method = Callable[..., object]
_OWN_USER = "torch.utils.checkpoint"
"""torch's own code that enters autocast, as it was before, where the student asked for none."""
_LOW = (torch.bfloat16, torch.float16)
_LOW_TYPES = ("torch.HalfTensor", "torch.BFloat16Tensor", "torch.cuda.HalfTensor")
_CASTS = {"half": torch.float16, "bfloat16": torch.bfloat16, "double": torch.float64}


@contextmanager
def hold() -> Iterator[None]:
    """Nothing is computed in a lower precision, nor in a higher one than is measured in."""
    autocast: Any = torch.autocast
    changes: list[tuple[type[Any], str, Method]] = [
        (autocast, "__enter__", _enter),
        (autocast, "__exit__", _leave),
    ]
    for owner in (torch.Tensor, torch.nn.Module):
        changes += [(owner, name, _keep(getattr(owner, name))) for name in ("to", "type")]
        changes += [(owner, n, _keep(getattr(owner, n), dtype)) for n, dtype in _CASTS.items()]
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in changes]
    with torch.autocast("cpu", enabled=False):  # the code may have left it on
        try:
            for owner, name, method in changes:
                setattr(owner, name, method)
            yield
        finally:
            for owner, name, plain in before:
                if plain is None:  # it was a base class's
                    delattr(owner, name)
                else:
                    setattr(owner, name, plain)


def _enter(context: object) -> object:
    if sys._getframe(1).f_globals.get("__name__") != _OWN_USER:
        remarks.add("precision")
    return context


def _leave(*_: object) -> None:
    """Nothing was entered."""


def _keep(plain: Method, dtype: torch.dtype | None = None) -> Method:
    """A method that converts; it passes over conversions to a precision that is not measured in."""

    @functools.wraps(plain)
    def convert(self: Any, *args: object, **how: object) -> object:
        kept = [a for a in args if not _is_other(a)]
        more = {k: v for k, v in how.items() if not _is_other(v)}
        if not _is_other(dtype) and len(kept) == len(args) and len(more) == len(how):
            return plain(self, *args, **how)
        if any(map(_is_low, (dtype, *args, *how.values()))):
            remarks.add("precision")
        if isinstance(self, torch.Tensor) and not self.is_floating_point():
            return self.to(torch.get_default_dtype())  # whole numbers do become others
        return plain(self, *kept, **more) if (kept or more) and dtype is None else self

    return convert


def _is_low(wanted: object) -> bool:
    return wanted in _LOW_TYPES if isinstance(wanted, str) else _find_dtype(wanted) in _LOW


def _is_other(wanted: object) -> bool:
    """True for a precision that is not measured in; float32 is tried where float64 fails."""
    high = _find_dtype(wanted) is torch.float64 and torch.get_default_dtype() is torch.float32
    return high or _is_low(wanted)


def _find_dtype(wanted: object) -> object:
    """That of a dtype, of a kind of tensor, or of a tensor."""
    return wanted if isinstance(wanted, torch.dtype) else getattr(wanted, "dtype", None)
