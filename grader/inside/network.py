"""A student's network under equal weights: built fresh, written to, differentiated, stepped.

Numbers are keyed by what an operator is (kind, shape of its weight, how many of that shape came
before), so a missing or an additional layer does not shift the numbers of the others, and names and
the order of declaration do not matter.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.inside.namespace import Unanswerable, located
from grader.inside.trace import Operator, Trace, Weight

PRECISIONS = {"float64": torch.float64, "float32": torch.float32}
PAIRINGS = 6
"""How many pairings among operators of equal shape are tried."""
SAMPLE = 1 << 16
"""Values kept of one array when all of them would be too many."""
WHOLE = 8 << 20
"""Bytes up to which arrays are sent whole."""


@dataclass(eq=False)
class Prepared:
    """A fresh network whose operators are known."""

    net: torch.nn.Module
    trace: Trace
    precision: str
    x: torch.Tensor


def plain(value: torch.Tensor) -> torch.Tensor:
    """The tensor's numbers by the base class's path: detached, on the CPU, in one piece."""
    with torch._C.DisableTorchFunctionSubclass():
        return value.detach().cpu().contiguous().resolve_conj().resolve_neg()


def array(value: torch.Tensor) -> np.ndarray[Any, Any]:
    """A numpy copy of the tensor; bfloat16 as float32."""
    tensor = plain(value)
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    with torch._C.DisableTorchFunctionSubclass():
        return np.array(tensor.as_subclass(torch.Tensor).numpy(), copy=True)


def check_output(value: Any, count: int, where: str = "", *, scores: bool = False) -> torch.Tensor:
    """The network's answer as a tensor with one row per input, or why it is none.

    `where` is the place of `forward`, as `namespace.located` writes it. `scores` asks for a row of
    several numbers per input, of any kind; without it the numbers have to be floating-point.
    """
    if value is None:
        raise Unanswerable(
            f"{where}the network returns nothing (None); end `forward` with `return` and the scores"
        )
    if not isinstance(value, torch.Tensor):
        kind = type(value).__name__
        more = f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else ""
        raise Unanswerable(
            f"{where}the network returns a {kind}{more}; "
            "return one tensor with a row of class scores per picture"
        )
    if value.dim() < 1:
        raise Unanswerable(
            f"{where}the network returns a single number, as a loss is; return the scores, one row "
            "per input"
        )
    if value.shape[0] != count:
        raise Unanswerable(
            f"{where}for {count} inputs the network returns a tensor of shape "
            f"{tuple(value.shape)}; its first dimension has to be {count}, one row per input"
        )
    if scores and value.dim() < 2:
        raise Unanswerable(
            f"{where}the network returns one number for each input; return the scores of all "
            "classes, a row per input, without argmax"
        )
    if not scores and not (value.is_floating_point() or value.is_complex()):
        kind = str(value.dtype).removeprefix("torch.")
        raise Unanswerable(
            f"{where}the network returns {kind} numbers; return the scores as the last layer "
            "gives them, without argmax, round or a conversion"
        )
    return value


def build(
    make: Callable[[], Any],
    precision: str,
    x: torch.Tensor,
    *,
    directory: str,
    train: bool = False,
) -> torch.nn.Module:
    """A fresh network in the given precision, its mode set by the base class's path.

    Lazy layers, which learn their sizes from the first input, are given `x` once.
    """
    torch.set_default_dtype(PRECISIONS[precision])
    net = make()
    if not isinstance(net, torch.nn.Module):
        kind = type(net).__name__
        raise Unanswerable(
            f"{located(type(net), directory)}calling the class gives a {kind} that is no "
            f"torch.nn.Module; derive the class from it: `class {kind}(nn.Module):`"
        )
    base = torch.nn.Module
    if any(isinstance(p, torch.nn.UninitializedParameter) for p in base.parameters(net)):
        with torch.no_grad():
            net(x)
    base.to(net, PRECISIONS[precision])
    base.train(net, train)
    return net


def run(
    net: torch.nn.Module,
    x: torch.Tensor,
    directory: str,
    keep: Callable[[torch.Tensor], Any] = lambda _: None,
) -> tuple[Any, Trace, Exception | None]:
    """The network's output, the operators that ran, and the exception that stopped it, if any."""
    trace = Trace(net, x, directory, keep)
    try:
        with torch.enable_grad(), trace:
            return net(x), trace, None
    except Exception as error:  # the student's code may raise anything
        return None, trace, error
    finally:
        trace.close()


def prepare(
    make: Callable[[], Any],
    x: np.ndarray[Any, Any],
    *,
    seed: int,
    directory: str,
    precisions: Sequence[str],
    train: bool = False,
) -> tuple[Prepared, Any, Exception | None]:
    """A network that ran once on `x`, in the first precision in which it runs.

    Plain float32 tensors found on the way are converted in place; where that does not help, the
    next precision is tried. The exception of the last attempt comes back with what ran until then.
    """
    for precision in precisions:
        inputs = torch.from_numpy(np.array(x)).to(PRECISIONS[precision])
        torch.manual_seed(seed)
        net = build(make, precision, inputs, directory=directory, train=train)
        output, trace, error = run(net, inputs, directory)
        while error is not None and _convert(trace, PRECISIONS[precision]):
            torch.manual_seed(seed)
            output, trace, error = run(net, inputs, directory)
        if error is None:
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


# ---------------------------------------------------------------------- equal weights


def keyed(operators: Sequence[Operator]) -> list[tuple[str, Operator, list[tuple[str, Weight]]]]:
    """(group, operator, [(key, weight)]) for every operator that owns weights not seen before."""
    seen: set[int] = set()
    counts: dict[str, int] = {}
    found = []
    for operator in operators:
        own = []
        for weight in operator.weights:
            identity = (id(weight.leaf), weight.view.storage_offset())
            if hash(identity) not in seen:
                seen.add(hash(identity))
                own.append(weight)
        if not own:
            continue
        first = operator.weights[0]
        group = f"{operator.kind}/{'x'.join(map(str, first.view.shape))}"
        number = counts[group] = counts.get(group, -1) + 1
        found.append((group, operator, [(f"{group}/{number}/{w.role}", w) for w in own]))
    return found


def pairings(operators: Sequence[Operator]) -> Iterator[list[tuple[str, Weight]]]:
    """Ways to give keys to weights: by order of use, then others among operators of equal shape."""
    rows = keyed(operators)
    groups: dict[str, list[int]] = {}
    for index, (group, _, _) in enumerate(rows):
        groups.setdefault(group, []).append(index)
    shared = [members for members in groups.values() if len(members) > 1]
    choices = itertools.product(*(itertools.permutations(range(len(m))) for m in shared))
    for choice in itertools.islice(choices, PAIRINGS):
        number = {i: 0 for m in groups.values() for i in m}
        for members, order in zip(shared, choice, strict=True):
            number.update(zip(members, order, strict=True))
        yield [
            (f"{group}/{number[i]}/{weight.role}", weight)
            for i, (group, _, weights) in enumerate(rows)
            for _, weight in weights
        ]


def drawn(key: str, shape: Sequence[int], seed: int) -> np.ndarray[Any, Any]:
    """The numbers that belong to a key: float64 of the given shape.

    Weights are normal with deviation √(2 / fan-in) (He et al. 2015, eq. 10), so that signals keep a
    size at which a clipped or leaky activation shows; scales and variances lie between 0.5 and 1.5.
    """
    kind, *_, role = key.split("/")
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(key.encode())]))
    if role == "running_var" or (role == "weight" and "norm" in kind):
        return rng.uniform(0.5, 1.5, shape)
    numbers = rng.standard_normal(shape)
    if role != "weight":
        return numbers * 0.5
    fan_in = shape[0] if kind == "linear" else math.prod(shape[1:])
    return numbers * math.sqrt(2.0 / max(1, fan_in))


def as_received(owner: torch.Tensor, weight: Weight) -> torch.Tensor:
    """`owner`, which lies in memory like the weight's leaf, seen as the operator saw the leaf."""
    view, leaf = weight.view, weight.leaf
    offset = view.storage_offset() - leaf.storage_offset() + owner.storage_offset()
    return torch.as_strided(owner, view.shape, view.stride(), offset)


def write(
    pairs: Sequence[tuple[str, Weight]], numbers: Callable[[str, Sequence[int]], Any]
) -> None:
    """Put numbers into the weights in place, through the view that the operator received."""
    with torch.no_grad():
        for key, weight in pairs:
            target = as_received(weight.leaf.detach(), weight)
            value = torch.from_numpy(np.array(numbers(key, tuple(target.shape))))
            target.copy_(value.to(target.dtype))


def took(pairs: Sequence[tuple[str, Weight]], again: Trace) -> None:
    """Raise Unanswerable unless a second run received what was written."""
    received = {(w.role, id(w.leaf)): w for o in again.operators for w in o.weights}
    for _, weight in pairs:
        other = received.get((weight.role, id(weight.leaf)))
        same = other is not None and torch.equal(
            as_received(weight.leaf.detach(), weight),
            other.view.detach().reshape(weight.view.shape),
        )
        if not same and weight.role not in ("running_mean", "running_var"):
            label = weight.name or f"the {weight.role} of shape {tuple(weight.view.shape)}"
            raise Unanswerable(
                f"equal weights could not be set: `{label}` is replaced while the network runs",
                person=True,
            )


def settable(trace: Trace) -> None:
    """Raise Unanswerable where the grader could not follow which weights are used how."""
    if trace.trouble:
        raise Unanswerable(f"equal weights could not be set: {trace.trouble[0]}", person=True)


def loss_of(output: torch.Tensor, y: np.ndarray[Any, Any]) -> torch.Tensor:
    """Cross-entropy of raw scores or of log-probabilities, which log_softmax leaves as they are."""
    logits = torch.log_softmax(output.reshape(output.shape[0], -1), dim=1)
    target = torch.from_numpy(np.array(y, dtype=np.int64))
    return -logits[torch.arange(len(target)), target].mean()


def gradient(weight: Weight, grad: torch.Tensor | None) -> torch.Tensor | None:
    """The gradient of a leaf in the layout in which the operator received the leaf."""
    if grad is None:
        return None
    leaf = weight.leaf
    like = torch.empty_strided(leaf.shape, leaf.stride(), dtype=grad.dtype)
    like.copy_(grad)
    return as_received(like, weight)


def packed(
    rows: Sequence[tuple[str, Weight, torch.Tensor | None]], seed: int
) -> list[dict[str, Any]]:
    """Arrays with their names; above `WHOLE` bytes in sum, a seeded sample of each and its norm."""
    total = sum(t.numel() * t.element_size() for _, _, t in rows if t is not None)
    found = []
    for key, weight, tensor in rows:
        row: dict[str, Any] = {
            "key": key,
            "name": weight.name,
            "role": weight.role,
            "shape": list(weight.view.shape),
            "values": None,
            "sampled": total > WHOLE,
        }
        if tensor is not None:
            values = array(tensor).reshape(-1)
            if total > WHOLE:
                rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(key.encode()), 1]))
                values = values[rng.integers(0, values.size, min(SAMPLE, values.size))]
            row["values"] = values if total > WHOLE else values.reshape(weight.view.shape)
        found.append(row)
    return found
