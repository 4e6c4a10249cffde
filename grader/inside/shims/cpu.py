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
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

from grader.inside import remarks

Function = Callable[..., object]
_FIRST = torch.device("cuda:0")
_QUIET = (
    "synchronize set_device reset_peak_memory_stats reset_max_memory_allocated "
    "reset_max_memory_cached reset_accumulated_memory_stats ipc_collect"
).split()
_TYPES = (
    "FloatTensor DoubleTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor "
    "BoolTensor"
).split()
_kept: list[torch.library.Library] = []
"""The library with the kernels; they vanish with it."""


def install() -> None:
    """A GPU may be asked for from here on. To be called once, before student code runs."""
    _install_kernels()
    cuda: Any = torch.cuda
    cuda._lazy_init = _note  # torch calls it when `cuda` is named first
    tensor: Any = torch.Tensor
    tensor.to, tensor.cuda = _wrap_to(tensor.to), _wrap_cuda(tensor.cuda)
    tensor.pin_memory = _return_self(tensor.pin_memory)
    tensor.new_tensor = _wrap_maker(tensor.new_tensor)
    module: Any = torch.nn.Module
    module.to = _wrap_to(module.to)
    base: Any = torch
    for name in ("tensor", "as_tensor"):
        setattr(base, name, _wrap_maker(getattr(base, name)))
        torch.jit._builtins._register_builtin(getattr(base, name), f"aten::{name}")
    base.set_default_device = _wrap_default(base.set_default_device)
    base.serialization.register_package(15, lambda _: None, _restore)
    _answer_for_driver(torch.cuda)
    _hide_apple()


def _hide_apple() -> None:
    """A Mac's GPU is not there, as it is not where the submission is graded."""
    base: Any = torch
    if not base.backends.mps.is_available():
        return
    base.backends.mps.is_available = base.mps.is_available = lambda: False
    if hasattr(base, "accelerator"):
        base.accelerator.is_available = lambda: False
        base.accelerator.current_accelerator = lambda *_, **__: None


def _note() -> None:
    remarks.add("cuda")


def _install_kernels() -> None:
    plain: Any = torch.ops.aten

    def empty(size: object, **how: object) -> object:
        return plain.empty.memory_format(size, **how | {"device": "cpu", "pin_memory": None})

    def strided(size: object, stride: object, **how: object) -> object:
        return plain.empty_strided.default(
            size, stride, **how | {"device": "cpu", "pin_memory": None}
        )

    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a build for CUDA has kernels of its own
        library.impl("empty.memory_format", empty, "CUDA")
        library.impl("empty_strided", strided, "CUDA")
    _kept.append(library)


def _number(device: object) -> object:
    """A device, with a number where it is a GPU without one: only so torch dispatches."""
    if type(device) is str:
        return _FIRST if device == "cuda" else device
    if isinstance(device, torch.device):
        return _FIRST if device.type == "cuda" else device
    return _FIRST if type(device) is int else device


def _wrap_maker(plain: Function) -> Function:
    """For what takes a device by name only."""

    @functools.wraps(plain)
    def make(*args: object, **how: object) -> object:
        if how.get("device") is not None:
            how["device"] = _number(how["device"])
        return plain(*args, **how)

    return make


def _wrap_to(plain: Function) -> Function:
    @functools.wraps(plain)
    def to(self: object, *args: object, **how: object) -> object:
        if args:
            return plain(self, _number(args[0]), *args[1:], **how)
        if "device" in how:
            how["device"] = _number(how["device"])
        return plain(self, **how)

    return to


def _wrap_cuda(plain: Function) -> Function:
    @functools.wraps(plain)
    def cuda(self: object, device: object = None, *args: object, **how: object) -> object:
        return plain(self, _FIRST if device is None else _number(device), *args, **how)

    return cuda


def _return_self(plain: Function) -> Function:
    """A method whose result is the object itself."""

    @functools.wraps(plain)
    def same(self: object, *_: object, **__: object) -> object:
        _note()
        return self

    return same


def _wrap_default(plain: Function) -> Function:
    @functools.wraps(plain)
    def set_default_device(device: torch.device | str | int | None) -> None:
        if device is not None and torch.device(device).type == "cuda":
            _note()  # a default device is a mode that measuring would run under
            device = None
        plain(device)

    return set_default_device


def _restore(storage: object, location: str) -> object:
    """What was saved on a GPU is read as it is: into the CPU's memory."""
    if not location.startswith("cuda"):
        return None
    _note()
    return storage


class Event:
    """`torch.cuda.Event`, by the clock."""

    def __init__(self, *_: object, **__: object) -> None:
        _note()
        self._at = time.perf_counter()

    def record(self, *_: object) -> None:
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


def _answer_for_driver(module: ModuleType) -> None:
    """What asks the driver answers for a machine whose only device is its CPU."""
    cuda: Any = module
    for name in _QUIET:
        setattr(cuda, name, _always(None))
    cuda.current_device = _always(0)
    cuda.get_device_name = _always("CPU")
    cuda.get_device_capability = _always((0, 0))
    properties = {"name": "CPU", "total_memory": 0, "major": 0, "minor": 0}
    cuda.get_device_properties = _always(SimpleNamespace(**properties, multi_processor_count=0))
    cuda.mem_get_info = _always((0, 0))
    cuda.memory_summary = _always("")
    cuda.Event = Event
    cuda.device = _enter_nothing
    storage: Any = torch.UntypedStorage
    storage.cuda = _return_self(storage.cuda)
    for name in _TYPES:
        if hasattr(cuda, name):
            delattr(cuda, name)
    cuda.__getattr__ = _find_type


def _always(answer: object) -> Function:
    def say(*_: object, **__: object) -> object:
        _note()
        return answer

    return say


def _enter_nothing(*_: object) -> AbstractContextManager[None]:
    return nullcontext()


def _find_type(name: str) -> object:
    """`torch.cuda.FloatTensor` is `torch.FloatTensor`."""
    if name not in _TYPES:
        raise AttributeError(f"module 'torch.cuda' has no attribute {name!r}")
    _note()
    return getattr(torch, name)
