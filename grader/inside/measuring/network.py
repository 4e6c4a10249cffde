"""A student's network: built fresh, run, differentiated, its numbers in rows."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from grader.inside.loading.namespace import Unanswerable, describe_place
from grader.inside.measuring import layout, patience
from grader.inside.measuring.inputs import Inputs
from grader.inside.measuring.naming import note_makers
from grader.inside.measuring.order import Weight
from grader.inside.measuring.trace import Trace, keep_nothing
from grader.inside.schema.questions import NamedRow, Precision, Sketch
from grader.inside.wire import Array

FILLS = (torch.ops.aten.normal_.default, torch.ops.aten.uniform_.default)
"""What draws the first numbers of weights."""
PRECISIONS: dict[Precision, torch.dtype] = {"float64": torch.float64, "float32": torch.float32}
_FLOATS = (torch.float64, torch.float32, torch.float16)
"""Those that NumPy has."""
PERIOD = 1_000_003
"""Random numbers drawn for one array; a prime, so that no two rows begin alike."""
SAMPLE = 1 << 16
"""Values kept of one array when all of them would be too many."""
CONVERSIONS = 20
"""How often tensors on the way are converted: a network may make new ones in each pass."""
WHOLE = 8 << 20
"""Bytes up to which arrays are sent whole."""


@dataclass(eq=False)
class Prepared:
    """A fresh network whose operators are known."""

    net: torch.nn.Module
    trace: Trace
    precision: Precision
    x: Inputs


def plain(value: torch.Tensor) -> torch.Tensor:
    """The tensor's numbers by the base class's path: detached, on the CPU, in one piece."""
    with torch._C.DisableTorchFunctionSubclass():
        return value.detach().cpu().contiguous().resolve_conj().resolve_neg()


def array(value: torch.Tensor) -> Array:
    """A numpy copy of the tensor; of a kind of numbers that NumPy has not, as float32."""
    tensor = plain(value)
    with torch._C.DisableTorchFunctionSubclass():
        tensor = tensor.as_subclass(torch.Tensor)
        if tensor.is_quantized:
            tensor = tensor.dequantize()
        elif tensor.is_floating_point() and tensor.dtype not in _FLOATS:
            tensor = tensor.float()
        return np.array(tensor.numpy(), copy=True)


def require_numbers(value: torch.Tensor, what: str) -> None:
    """Raise Unanswerable for a tensor of which there is no array; `what` begins the sentence."""
    with torch._C.DisableTorchFunctionSubclass():
        if value.is_meta:
            raise Unanswerable(f"{what} is a tensor on the device meta, which holds no numbers")
        if value.is_nested:
            raise Unanswerable(f"{what} is a nested tensor; return one of a single shape")


def build(
    make: Callable[[], object],
    precision: Precision,
    x: Inputs,
    *,
    directory: str,
    train: bool = False,
) -> torch.nn.Module:
    """A fresh network in the given precision, its mode set by the base class's path.

    Lazy layers, which learn their sizes from the first input, are given `x` once.
    """
    torch.set_default_dtype(PRECISIONS[precision])
    with note_makers(os.path.join(directory, "")):
        net = require_module(make(), directory)
    settle(net, x)
    torch.nn.Module.to(net, PRECISIONS[precision])
    torch.nn.Module.train(net, train)
    return net


def require_module(net: object, directory: str) -> torch.nn.Module:
    """What the student's class gives. Raises Unanswerable where that is no network."""
    if isinstance(net, torch.nn.Module):
        return net
    kind = type(net).__name__
    raise Unanswerable(
        f"{describe_place(type(net), directory)}calling the class gives a {kind} that is no "
        f"torch.nn.Module; derive the class from it: `class {kind}(nn.Module):`"
    )


def settle(net: torch.nn.Module, x: Inputs) -> None:
    """Lazy layers know their sizes, which they learn from the first input."""
    held = torch.nn.Module.parameters(net)
    if any(isinstance(p, torch.nn.UninitializedParameter) for p in held):
        with torch.no_grad():
            x.copy().call(net)


class Quick(TorchDispatchMode):
    """While a network is built, its large tensors are filled with numbers that repeat.

    Drawing hundreds of millions takes longer than all else, and other numbers take their place.
    """

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        tensor = args[0] if func in FILLS else None
        if not (
            isinstance(tensor, torch.Tensor) and tensor.numel() > PERIOD and tensor.is_contiguous()
        ):
            return func(*args, **(kwargs or {}))
        flat = tensor.view(-1)
        func(flat[:PERIOD], *args[1:], **(kwargs or {}))
        layout.repeat(flat[PERIOD:], flat[:PERIOD])
        return tensor


def run(
    net: torch.nn.Module,
    x: Inputs,
    directory: str,
    keep: Callable[[torch.Tensor], Sketch] = keep_nothing,
) -> tuple[object, Trace, BaseException | None]:
    """The network's output, the operators that ran, and the exception that stopped it, if any."""
    x = x.copy()  # a network may change what it is given
    trace = Trace(net, x.tensors, directory, keep)
    fused = torch._C._get_mkldnn_enabled()
    if any(isinstance(m, torch.nn.RNNBase) for m in torch.nn.Module.modules(net)):
        torch._C._set_mkldnn_enabled(False)  # in float32 it makes one unreadable operator of it
    try:
        with torch.enable_grad(), trace:
            return patience.call(lambda: x.call(net), type(net)), trace, None
    except (Exception, SystemExit) as error:  # the student's code may raise anything
        return None, trace, error
    finally:
        torch._C._set_mkldnn_enabled(fused)
        trace.close()


def prepare(
    make: Callable[[], object],
    x: object,
    *,
    seed: int,
    directory: str,
    precisions: Sequence[Precision],
    train: bool = False,
) -> tuple[Prepared, object, BaseException | None]:
    """A network that ran once on `x`, in the first precision in which it runs.

    Plain float32 tensors found on the way are converted in place; where that does not help, or
    results are cast to float32, the next precision is tried. The exception of the last attempt
    comes back with what ran until then.
    """
    for precision in precisions:
        inputs = Inputs.read(x, PRECISIONS[precision])
        torch.manual_seed(seed)
        with Quick():  # type: ignore[no-untyped-call]
            net = build(make, precision, inputs, directory=directory, train=train)
        output, trace, error = run(net, inputs, directory)
        for _ in range(CONVERSIONS):
            if error is None or not _convert(trace, PRECISIONS[precision]):
                break
            torch.manual_seed(seed)
            output, trace, error = run(net, inputs, directory)
        insists = error is None and trace.received.narrowed and precision != precisions[-1]
        if not insists and (error is None or isinstance(error, TimeoutError)):
            break
    return Prepared(net, trace, precision, inputs), output, error


def _convert(trace: Trace, dtype: torch.dtype) -> bool:
    """True where a plain tensor of another precision was found and converted in place."""
    changed = False
    for leaf in trace.leaves.values():
        if leaf.is_floating_point() and leaf.dtype != dtype and not leaf._is_view():
            leaf.data = leaf.data.to(dtype)
            changed = True
    return changed


# ---------------------------------------------------------------------- gradients


def lay_out_gradient(weight: Weight, grad: torch.Tensor | None) -> torch.Tensor | None:
    """The gradient of a leaf in the layout in which the operator received the leaf."""
    if grad is None:
        return None
    leaf = weight.leaf
    if grad.stride() != leaf.stride():
        like = torch.empty_strided(leaf.shape, leaf.stride(), dtype=grad.dtype)
        grad = like.copy_(grad)
    return layout.read(grad, weight)


def make_rows(
    named: Sequence[tuple[str, Weight, torch.Tensor | None]], seed: int
) -> list[NamedRow]:
    """Arrays with their names; above `WHOLE` bytes in sum, a seeded sample of each."""
    total = sum(t.numel() * t.element_size() for _, _, t in named if t is not None)
    rows = []
    for key, weight, tensor in named:
        row: NamedRow = {
            "key": key,
            "name": weight.name,
            "shape": list(weight.shape),
            "values": None,
            "sampled": total > WHOLE,
        }
        if tensor is not None and total > WHOLE:
            rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(key.encode()), 1]))
            places = rng.integers(0, tensor.numel(), min(SAMPLE, tensor.numel()))
            at = np.unravel_index(places, tuple(tensor.shape))
            row["values"] = array(tensor.detach()[tuple(map(torch.from_numpy, at))])
        elif tensor is not None:
            row["values"] = array(layout.show(weight, tensor)).reshape(weight.shape)
        rows.append(row)
    return rows
