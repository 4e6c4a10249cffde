"""The vocabulary of operators, and where each keeps its weights.

Two vocabularies occur: decomposed names (`convolution`, `addmm`) normally, composite names
(`conv2d`, `linear`) in inference mode; `KINDS` maps both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from grader.inside.schema.questions import Setting

KINDS = {
    **dict.fromkeys(
        ("convolution", "_convolution", "conv1d", "conv2d", "conv3d", "mkldnn_convolution"),
        "convolution",
    ),
    **dict.fromkeys(("addmm", "mm", "linear", "matmul", "bmm", "baddbmm", "mv", "addmv"), "linear"),
    **dict.fromkeys(
        (
            "native_batch_norm",
            "_native_batch_norm_legit",
            "_native_batch_norm_legit_no_training",
            "_batch_norm_with_update",
            "_batch_norm_no_update",
            "batch_norm",
            "cudnn_batch_norm",
        ),
        "batch_norm",
    ),
    **dict.fromkeys(("native_layer_norm", "layer_norm"), "layer_norm"),
    **dict.fromkeys(("native_group_norm", "group_norm"), "group_norm"),
    "embedding": "embedding",
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices"), "max_pool2d"),
    **dict.fromkeys(("max_pool1d", "max_pool1d_with_indices"), "max_pool1d"),
    **dict.fromkeys(("max_pool3d", "max_pool3d_with_indices"), "max_pool3d"),
    **{f"avg_pool{d}d": f"avg_pool{d}d" for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": f"adaptive_avg_pool{d}d" for d in (1, 2, 3)},
    **{f"_adaptive_avg_pool{d}d": f"adaptive_avg_pool{d}d" for d in (2, 3)},
    **{f"adaptive_max_pool{d}d": f"adaptive_max_pool{d}d" for d in (1, 2, 3)},
}
"""Operators that are compared: those with parameters, and pooling."""

ACTIVATIONS = frozenset(
    "relu tanh sigmoid leaky_relu elu selu celu gelu silu mish hardtanh hardsigmoid hardswish "
    "relu6 softplus softmax _softmax log_softmax _log_softmax log_sigmoid threshold clamp "
    "clamp_min prelu _prelu_kernel rrelu native_dropout dropout bernoulli softsign exp log abs "
    "sin cos square pow sqrt".split()
)
"""Elementwise steps that are named where two networks part, never compared by name."""

JOINS = frozenset("add mul sub div cat maximum max where neg".split())
"""Arithmetic that is named likewise."""

SHOWN = {"_softmax": "softmax", "_log_softmax": "log_softmax", "clamp_min": "clamp"}
"""Names that a reader knows better."""

STRUCTURE = frozenset(
    "view _unsafe_view reshape t transpose permute detach alias expand clone contiguous unsqueeze "
    "squeeze flatten slice select as_strided unbind split chunk lift_fresh _to_copy to unfold "
    "copy_ numpy_T swapaxes movedim _reshape_alias empty empty_like zeros_like ones_like resize_ "
    "set_ is_same_size _local_scalar_dense size stride sym_size result_type".split()
)
"""Steps that move numbers without changing them."""

COPIES = frozenset("clone _to_copy to detach alias contiguous lift_fresh".split())
"""Those of them whose result has the same numbers in the same places."""

VIEWS = frozenset("view _unsafe_view reshape _reshape_alias".split())
"""Those that give the same numbers in the same order another shape."""

REARRANGEMENTS = STRUCTURE - frozenset(
    "as_strided copy_ empty empty_like zeros_like ones_like resize_ set_ is_same_size "
    "_local_scalar_dense size stride sym_size result_type".split()
) | frozenset("cat stack split_with_sizes unsafe_split narrow flip roll".split())
"""Those after which every number is one that was there before."""

CHANGES = (ACTIVATIONS | JOINS | {"rsub", "masked_fill", "reciprocal", "rsqrt"}) - frozenset(
    "softmax _softmax log_softmax _log_softmax cat max".split()
)
"""Steps that change each number on its own."""

SUMS = frozenset("add sub".split())
"""Those after which a number is the sum of what stood in the same place."""

REDUCTIONS = frozenset("sum mean".split())
"""Those after which a number is made of all that stood along some dimensions."""

PRODUCTS = frozenset(
    "mm bmm baddbmm matmul scaled_dot_product_attention _scaled_dot_product_attention_math "
    "_scaled_dot_product_flash_attention_for_cpu".split()
)
"""Products of two results, matrix by matrix of a batch."""


CONSTANTS = frozenset(
    "zeros_like ones_like full_like new_zeros new_ones new_full zero zeros ones full".split()
)
"""Those whose result holds none of the numbers they are given, only their shape."""

Role = tuple[str, torch.Tensor | None]
"""weight, bias, running_mean or running_var; and the tensor, where the operator has one."""


def list_tensors(value: object) -> list[torch.Tensor]:
    """Every tensor in nested arguments, in order."""
    tensors: list[torch.Tensor] = []
    stack = [value]
    while stack:
        item = stack.pop(0)
        if isinstance(item, torch.Tensor):
            tensors.append(item)
        elif isinstance(item, (list, tuple)):
            stack[:0] = list(item)
        elif isinstance(item, dict):
            stack[:0] = list(item.values())
    return tensors


def name_mean(result: torch.Tensor, shape: tuple[int, ...]) -> str | None:
    """The kind of a `mean`: one that leaves a number for each channel is average pooling to 1.

    `shape` is that of the picture, (C, H, W). Whether it was flattened before, or the mean taken
    over one dimension after the other, says nothing.
    """
    if len(shape) != 3 or result.dim() < 2:
        return None
    whole = result.shape[1] == shape[0] and result.numel() == result.shape[0] * shape[0]
    return "adaptive_avg_pool2d" if whole else None


def find_roles(kind: str, args: Sequence[object], kwargs: Mapping[str, object]) -> list[Role]:
    """The weights of an operator whose arguments stand in a fixed order."""

    def at(index: int, key: str) -> torch.Tensor | None:
        value = args[index] if len(args) > index else kwargs.get(key)
        return value if isinstance(value, torch.Tensor) else None

    if kind == "convolution":
        return [("weight", at(1, "weight")), ("bias", at(2, "bias"))]
    if kind == "batch_norm":
        names = ("weight", "bias", "running_mean", "running_var")
        return [(n, at(i + 1, n)) for i, n in enumerate(names)]
    if kind == "layer_norm":
        return [("weight", at(2, "weight")), ("bias", at(3, "bias"))]
    if kind == "group_norm":
        floats = [t for t in list_tensors(args)[1:] if t.is_floating_point()]
        return list(zip(("weight", "bias"), floats, strict=False))
    if kind == "embedding":
        return [("weight", at(0, "weight"))]
    return []


def find_linear_roles(
    name: str, args: Sequence[object], is_data: Callable[[torch.Tensor], bool]
) -> list[Role]:
    """Weight as (in, out) and bias of a matrix product, whichever side the weight stands on."""
    given = [a if isinstance(a, torch.Tensor) else None for a in args[:3]]
    if name == "linear":
        weight, bias = given[1], given[2] if len(given) > 2 else None
        turned = weight.t() if weight is not None and weight.dim() == 2 else weight
        return [("weight", turned), ("bias", bias)]
    first = 1 if name in ("addmm", "baddbmm", "addmv") else 0
    bias, left, right = given[0] if first else None, given[first], given[first + 1]
    if left is None or right is None:
        raise TypeError("a matrix product of something else than tensors")
    if is_data(left) and not is_data(right):
        return [("weight", right), ("bias", bias)]
    if is_data(right) and not is_data(left):
        return [("weight", left.transpose(-1, -2) if left.dim() >= 2 else left), ("bias", bias)]
    return [("bias", bias)]


def find_axis(
    name: str, args: Sequence[object], result: torch.Tensor, is_data: Callable[[torch.Tensor], bool]
) -> int:
    """Along which dimension of the result of a product or a convolution its outputs lie."""
    if name in ("mv", "addmv"):
        return 0
    if KINDS[name] == "convolution":
        weight = args[1]
        batched = isinstance(weight, torch.Tensor) and weight.dim() == result.dim()
        return 1 if batched else 0
    left = args[1 if name in ("addmm", "baddbmm") else 0]
    return -1 if isinstance(left, torch.Tensor) and is_data(left) else -2


def is_plain_convolution(args: Sequence[object]) -> bool:
    """True where each output is a sum over a window of all channels: no groups, not transposed."""
    x, weight = args[0], args[1]
    if not isinstance(x, torch.Tensor) or not isinstance(weight, torch.Tensor):
        return False
    transposed = len(args) > 6 and args[6] is True
    channels = x.shape[1 if x.dim() == weight.dim() else 0]
    return not transposed and weight.shape[1] == channels


def find_dropped(name: str, args: Sequence[object]) -> float | None:
    """The share that a dropout takes away; None for another operator."""
    share = args[1] if len(args) > 1 else 0.5  # torch leaves a default out
    if not isinstance(share, float):
        return None
    if name == "bernoulli":  # drawn for what is kept
        return round(1.0 - share, 6)
    return round(share, 6) if name in ("native_dropout", "dropout") else None


def find_settings(args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, Setting]:
    """Stride, padding and dilation of a convolution."""
    settings: dict[str, Setting] = {}
    for index, key in enumerate(("stride", "padding", "dilation")):
        value = args[3 + index] if len(args) > 3 + index else kwargs.get(key)
        if isinstance(value, (list, tuple)):
            settings[key] = [int(v) for v in value]
        elif isinstance(value, (int, str)):
            settings[key] = value
    return settings
