"""Code that asks for a GPU runs on the CPU, and says so once.

Where `cuda` is named, torch makes the tensor by an operator that dispatches to its CUDA backend. A
CPU build has none there; two small kernels of ours take its place, which make tensors of the CPU.
So everything that makes or copies tensors works, and what names no GPU takes the path it always
took. Only what torch refuses before it dispatches is wrapped: `cuda` without a number, and calls
that speak to the driver. `torch.cuda.is_available()` stays False.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import torch

from grader.inside import remarks

_FIRST = torch.device("cuda:0")
_QUIET = (
    "synchronize set_device reset_peak_memory_stats reset_max_memory_allocated "
    "reset_max_memory_cached reset_accumulated_memory_stats ipc_collect"
).split()
_TYPES = (
    "FloatTensor DoubleTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor "
    "BoolTensor"
).split()
_kept: list[Any] = []
"""The library with the kernels; they vanish with it."""


def install() -> None:
    """A GPU may be asked for from here on. To be called once, before student code runs."""
    _dispatch()
    cuda: Any = torch.cuda
    cuda._lazy_init = _asked  # torch calls it when `cuda` is named first
    tensor: Any = torch.Tensor
    tensor.to, tensor.cuda = _to(tensor.to), _cuda(tensor.cuda)
    tensor.pin_memory = _same(tensor.pin_memory)
    tensor.new_tensor = _named(tensor.new_tensor)
    module: Any = torch.nn.Module
    module.to = _to(module.to)
    base: Any = torch
    for name in ("tensor", "as_tensor"):
        setattr(base, name, _named(getattr(base, name)))
        torch.jit._builtins._register_builtin(getattr(base, name), f"aten::{name}")
    base.set_default_device = _default(base.set_default_device)
    base.serialization.register_package(15, lambda _: None, _restored)
    _driver(cuda)


def _asked() -> None:
    remarks.add("cuda")


def _dispatch() -> None:
    plain: Any = torch.ops.aten

    def empty(size: Any, **how: Any) -> Any:
        return plain.empty.memory_format(size, **how | {"device": "cpu", "pin_memory": None})

    def strided(size: Any, stride: Any, **how: Any) -> Any:
        return plain.empty_strided.default(
            size, stride, **how | {"device": "cpu", "pin_memory": None}
        )

    library: Any = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a build for CUDA has kernels of its own
        library.impl("empty.memory_format", empty, "CUDA")
        library.impl("empty_strided", strided, "CUDA")
    _kept.append(library)


def _numbered(device: Any) -> Any:
    """A device, with a number where it is a GPU without one: only so torch dispatches."""
    kind = type(device)
    if kind is str:
        return _FIRST if device == "cuda" else device
    if kind is torch.device:
        return _FIRST if device.type == "cuda" else device
    return _FIRST if kind is int else device


def _named(plain: Callable[..., Any]) -> Callable[..., Any]:
    """For what takes a device by name only."""

    @functools.wraps(plain)
    def made(*args: Any, **how: Any) -> Any:
        if how.get("device") is not None:
            how["device"] = _numbered(how["device"])
        return plain(*args, **how)

    return made


def _to(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def to(self: Any, *args: Any, **how: Any) -> Any:
        if args:
            return plain(self, _numbered(args[0]), *args[1:], **how)
        if "device" in how:
            how["device"] = _numbered(how["device"])
        return plain(self, **how)

    return to


def _cuda(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def cuda(self: Any, device: Any = None, *args: Any, **how: Any) -> Any:
        return plain(self, _FIRST if device is None else _numbered(device), *args, **how)

    return cuda


def _same(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose result is the object itself."""

    @functools.wraps(plain)
    def same(self: Any, *_: Any, **__: Any) -> Any:
        _asked()
        return self

    return same


def _default(plain: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def set_default_device(device: Any) -> None:
        if device is not None and torch.device(device).type == "cuda":
            _asked()  # a default device is a mode that measuring would run under
            device = None
        plain(device)

    return set_default_device


def _restored(storage: Any, location: str) -> Any:
    """What was saved on a GPU is read as it is: into the CPU's memory."""
    if not location.startswith("cuda"):
        return None
    _asked()
    return storage


class Event:
    """`torch.cuda.Event`, by the clock."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _asked()
        self._at = time.perf_counter()

    def record(self, *_: Any) -> None:
        """The time is taken."""
        self._at = time.perf_counter()

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds from this one to `end`."""
        return 1000 * (end._at - self._at)

    def synchronize(self) -> None:
        """Nothing is waited for."""

    wait = record

    def query(self) -> bool:
        """True: everything is done at once."""
        return True


def _driver(cuda: Any) -> None:
    """What asks the driver answers for a machine whose only device is its CPU."""

    def saying(answer: Any) -> Callable[..., Any]:
        def say(*_: Any, **__: Any) -> Any:
            _asked()
            return answer

        return say

    for name in _QUIET:
        setattr(cuda, name, saying(None))
    cuda.current_device = saying(0)
    cuda.get_device_name = saying("CPU")
    cuda.get_device_capability = saying((0, 0))
    properties = {"name": "CPU", "total_memory": 0, "major": 0, "minor": 0}
    cuda.get_device_properties = saying(SimpleNamespace(**properties, multi_processor_count=0))
    cuda.mem_get_info = saying((0, 0))
    cuda.memory_summary = saying("")
    cuda.Event = Event
    cuda.device = lambda *_: nullcontext()
    storage: Any = torch.UntypedStorage
    storage.cuda = _same(storage.cuda)
    for name in _TYPES:
        if hasattr(cuda, name):
            delattr(cuda, name)

    def plain_type(name: str) -> Any:
        if name not in _TYPES:
            raise AttributeError(f"module 'torch.cuda' has no attribute {name!r}")
        _asked()
        return getattr(torch, name)

    cuda.__getattr__ = plain_type
