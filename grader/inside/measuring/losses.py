"""The loss of what a network returned: cross-entropy, mean squares, or the course's own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import cast

import numpy as np
import torch

from grader.inside.loading.namespace import Names, Unanswerable
from grader.inside.measuring import outputs
from grader.inside.measuring.inputs import holds_arrays, to_tensors
from grader.inside.schema.questions import LossArgs

FILE = "probes.py"
CROSS_ENTROPY, MSE = "cross_entropy", "mse"
LEAST = 1e-300
"""A probability of 0 counts as this, so that it has a logarithm."""


def read_target(args: LossArgs, dtype: torch.dtype) -> object:
    """The target as a tensor, floats in this precision; several as a tuple."""
    value = args["y"]
    return to_tensors(value if holds_arrays(value) else np.array(value), dtype)


def compute(value: object, args: LossArgs, where: str = "") -> torch.Tensor:
    """The loss of a checked answer: one number. Raises Unanswerable where it has none.

    `where` is the place of `forward`.
    """
    first = outputs.find_first(value, where)
    floats = first.dtype if first.is_floating_point() else torch.get_default_dtype()
    target = read_target(args, floats)
    name = args.get("loss") or _choose(target)
    if name in (CROSS_ENTROPY, MSE):
        outputs.require_floats(first, where)
    if name == CROSS_ENTROPY:
        return _compute_cross_entropy(first, target, args, where)
    if name == MSE:
        return _compute_mean_square(first, target, where)
    return _call_own(name, args, value, target, where)


def _choose(target: object) -> str:
    """Whole numbers are classes."""
    floats = isinstance(target, torch.Tensor) and target.is_floating_point()
    return MSE if floats else CROSS_ENTROPY


# ---------------------------------------------------------------------- the two that are ours


def _compute_cross_entropy(
    first: torch.Tensor, target: object, args: LossArgs, where: str
) -> torch.Tensor:
    """Mean of −log p of the right class, or of the target's shares of all classes."""
    target = _require_tensor(target, CROSS_ENTROPY)
    if target.dim() <= 1 and first.dim() != 2:  # one class for each sample, however it is laid out
        first = first.reshape(len(first), -1)
    if args.get("output") == "probabilities":
        logs = torch.log(first.clamp_min(LEAST if first.dtype is torch.float64 else 1e-30))
    else:
        logs = torch.log_softmax(first, dim=outputs.find_classes(first.dim()))
    axis = outputs.find_classes(first.dim())
    if target.is_floating_point():
        _require_shape(first, target, where)
        return -(logs * target).sum(dim=axis).mean()
    target = target.long()
    shape = (*first.shape[:axis], *first.shape[axis + 1 :])
    if tuple(target.shape) != shape or int(target.max()) >= first.shape[axis]:
        raise Unanswerable(
            f"{where}the network returns scores of shape {tuple(first.shape)}, from which no "
            f"cross-entropy for {int(target.max()) + 1} or more classes of shape "
            f"{tuple(target.shape)} can be computed; return one score per class"
        )
    return -logs.gather(axis, target.unsqueeze(axis)).mean()


def _compute_mean_square(first: torch.Tensor, target: object, where: str) -> torch.Tensor:
    """Mean of (answer − target)² over all numbers; nothing is spread to fit another shape."""
    target = _require_tensor(target, MSE)
    if [n for n in first.shape if n != 1] == [n for n in target.shape if n != 1]:
        target = target.reshape(first.shape)
    _require_shape(first, target, where)
    return (first - target.to(first.dtype)).square().mean()


def _require_tensor(target: object, loss: str) -> torch.Tensor:
    if not isinstance(target, torch.Tensor):
        why = f"the course asks for {loss} with several targets; it takes one"
        raise Unanswerable(why, needs_review=True)
    return target


def _require_shape(first: torch.Tensor, target: torch.Tensor, where: str) -> None:
    if first.shape != target.shape:
        raise Unanswerable(
            f"{where}the network returns a tensor of shape {tuple(first.shape)}, and the loss "
            f"compares it with a target of shape {tuple(target.shape)}; return that shape"
        )


# ---------------------------------------------------------------------- the course's own


def load_function(script: str, name: str) -> Callable[..., object]:
    """The function of that name in the course's measuring code."""
    space: Names = {"__name__": "probes", "__file__": FILE}
    exec(compile(script, FILE, "exec", dont_inherit=True), space)
    return cast("Callable[..., object]", space[name])


def _call_own(name: str, args: LossArgs, value: object, target: object, where: str) -> torch.Tensor:
    """What the course's function makes of the answer and the target.

    It holds for the reference, which was measured first; so an error in it comes of the answer.
    """
    function = load_function(args.get("script", ""), name)
    try:
        loss = function(value, target)
    except Unanswerable:
        raise
    except Exception as error:
        shown = ", ".join(str(tuple(t.shape)) for _, t in outputs.list_tensors(value))
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
        at = f" ({FILE}, line {lines[-1]})" if lines else ""
        raise Unanswerable(
            f"{where}the loss `{name}` cannot be computed from what the network returns, of shape "
            f"{shown}{at}: {type(error).__name__}: {error}"
        ) from None
    if not (isinstance(loss, torch.Tensor) and loss.numel() == 1 and loss.is_floating_point()):
        why = f"`{name}` of {FILE} returned no loss; it has to return a tensor with one number"
        raise Unanswerable(why, needs_review=True)
    return loss.reshape(())
