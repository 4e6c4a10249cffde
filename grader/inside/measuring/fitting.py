"""Arrays by the names of a file, fitted to a network: by name, and by shape where names differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import torch

from grader.inside import remarks
from grader.inside.loading.namespace import Unanswerable

State = Mapping[str, torch.Tensor]
"""Tensors by name."""
Named = Sequence[tuple[str, tuple[int, ...]]]
"""Names with their shapes, in order."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")
"""What DataParallel, torch.compile and wrapping classes put before each key."""
_LONGEST = 2000
"""Tensors of which two lists are aligned."""
_SHOWN = 3
"""Shapes that a sentence lists."""


def fill(net: torch.nn.Module, state: State, name: str) -> None:
    """The network holds what the file `name` held. Unanswerable says which keys or shapes do not
    fit.
    """
    own = torch.nn.Module.state_dict(net)
    _require_plain(state, name)
    state = _strip_prefixes(state, set(own))
    pairs = pair(_list_shapes(state), _list_shapes(own))
    state = {k: _lay_out(v, own.get(pairs.get(k, ""))) for k, v in state.items()}
    _require_fit(state, own, pairs, name)
    _require_finite(state, name)
    torch.nn.Module.load_state_dict(net, {pairs[k]: v for k, v in state.items()}, strict=True)
    names = {new: old for old, new in pairs.items() if old != new}
    renamed = [f"`{names[new][:40]}` as `{new[:40]}`" for new in own if new in names]
    if renamed:
        more = f" and {len(renamed) - 2} more" if len(renamed) > 2 else ""
        remarks.add("renamed", f"{name}: {', '.join(renamed[:2])}{more}")


def fill_ours(net: torch.nn.Module, state: State) -> None:
    """The brief's network holds a student's arrays, whose names are the student's.

    They fit by name or, where they do not, by shape in the order in which they were saved. Matrices
    may lie the other way round, as `x @ w` keeps them. Counters do not matter.
    """
    own = _leave_floats(torch.nn.Module.state_dict(net))
    state = _strip_prefixes(_leave_floats(state), set(own))
    given, wanted = _list_shapes(state, loose=True), _list_shapes(own, loose=True)
    tried = [pair(given, wanted), match(given, wanted)]
    pairs = next((p for p in tried if _is_whole(p, state, own)), None)
    if pairs is None:
        raise Unanswerable(_explain_misfit(state, own, tried[0]))
    _require_finite(state, "the file")
    turned = _turn({pairs[k]: _lay_out(v, own[pairs[k]]) for k, v in state.items()}, own)
    torch.nn.Module.load_state_dict(net, {**torch.nn.Module.state_dict(net), **turned})


def are_alike(state: State, own: State) -> bool:
    """Whether names and shapes are those of the network, but for prefixes."""
    state = _strip_prefixes(state, set(own))
    return {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in own.items()}


# ---------------------------------------------------------------------- which belongs to which


def pair(given: Named, wanted: Named) -> dict[str, str]:
    """The file's name → the network's: the same, or by shape where only names differ."""
    known, own = {k for k, _ in given}, {k for k, _ in wanted}
    spare = [(k, s) for k, s in given if k not in own]
    lacking = [(k, s) for k, s in wanted if k not in known]
    return {k: k for k, _ in given if k in own} | match(spare, lacking)


def match(given: Named, wanted: Named) -> dict[str, str]:
    """Names of one list → those of the other, by shape alone.

    In order; or, as safetensors keeps none, in any order if no two shapes are equal. Where a few
    shapes differ, the others say which belong together: then a shape is wrong, and no name.
    """
    shapes, sizes = [s for _, s in given], [s for _, s in wanted]
    old, new = [k for k, _ in given], [k for k, _ in wanted]
    if shapes == sizes:
        return dict(zip(old, new, strict=True))
    if Counter(shapes) == Counter(sizes):
        unique = len(set(shapes)) == len(shapes)
        return {k: new[sizes.index(s)] for k, s in given} if unique else {}
    if max(len(old), len(new)) > _LONGEST:
        return {}
    pairs: dict[str, str] = {}
    same = 0
    steps = SequenceMatcher(None, shapes, sizes, autojunk=False).get_opcodes()
    for kind, a, b, c, d in steps:
        same += (b - a) * (kind == "equal")
        if b - a == d - c:
            pairs |= dict(zip(old[a:b], new[c:d], strict=True))
    return pairs if 2 * same >= max(len(old), len(new)) else {}


def _list_shapes(state: State, *, loose: bool = False) -> Named:
    """Names with shapes; `loose` where a matrix may lie either way."""
    shapes = ((k, tuple(v.shape)) for k, v in state.items())
    if loose:
        return [(k, tuple(sorted(s)) if len(s) == 2 else s) for k, s in shapes]
    return list(shapes)


def _strip_prefixes(state: State, own: set[str]) -> State:
    """The state with prefixes taken off, if that is what keeps it from fitting."""
    for _ in range(3):
        if set(state) == own:
            break
        prefix = next((p for p in PREFIXES if state and all(k.startswith(p) for k in state)), None)
        if prefix is None or all(k.startswith(prefix) for k in own):
            break
        state = {k[len(prefix) :]: v for k, v in state.items()}
    return state


def _leave_floats(state: State) -> State:
    return {k: v for k, v in state.items() if v.is_floating_point()}


def _is_whole(pairs: Mapping[str, str], state: State, own: State) -> bool:
    """True where each tensor of the file has one of the network's, and each of those one."""
    if len(pairs) != len(state) or set(pairs.values()) != set(own):
        return False
    return all(_fits(state[k], own[n]) for k, n in pairs.items())


def _fits(given: torch.Tensor, wanted: torch.Tensor) -> bool:
    return _lay_out(given, wanted).shape == wanted.shape or _is_turned(given, wanted)


def _lay_out(given: torch.Tensor, wanted: torch.Tensor | None) -> torch.Tensor:
    """The numbers of a matrix as the kernel that is the same, or the other way round.

    A convolution that covers its whole input is a linear layer.
    """
    if wanted is None or not given.dim() or given.shape[:1] != wanted.shape[:1]:
        return given
    matrix = 2 in (given.dim(), wanted.dim()) and given.dim() != wanted.dim() > 1 < given.dim()
    return given.reshape(wanted.shape) if matrix and given.numel() == wanted.numel() else given


def _is_turned(given: torch.Tensor, wanted: torch.Tensor) -> bool:
    return given.dim() == 2 and given.shape != wanted.shape and given.t().shape == wanted.shape


def _turn(state: State, own: State) -> dict[str, torch.Tensor]:
    """Matrices as the network keeps them; square ones are turned where all others have to be."""
    oblong = [k for k, v in state.items() if v.dim() == 2 and v.shape[0] != v.shape[1]]
    every = bool(oblong) and all(_is_turned(state[k], own[k]) for k in oblong)
    return {
        k: v.t() if _is_turned(v, own[k]) or (every and v.dim() == 2) else v
        for k, v in state.items()
    }


# ---------------------------------------------------------------------- what does not fit


def _require_fit(state: State, own: State, pairs: Mapping[str, str], name: str) -> None:
    wrong = [
        f"`{old}` is {tuple(state[old].shape)} in the file and "
        f"{'' if old == new else f'`{new}` is '}{tuple(own[new].shape)} in the network"
        for old, new in pairs.items()
        if state[old].shape != own[new].shape
    ]
    lacking = [f"`{k}`" for k in own if k not in set(pairs.values())]
    spare = [f"`{k}`" for k in state if k not in pairs]
    parts = wrong[:_SHOWN]
    if lacking:
        parts.append(f"the file lacks {_list_text(lacking)}")
    if spare:
        parts.append(f"the network has no {_list_text(spare)}")
    if parts:
        raise Unanswerable(
            f"`{name}` does not fit the network: {'; '.join(parts)}. "
            "Save the weights from the same class that you hand in",
            code="saved-misfit",
            about=name,
        )


def _explain_misfit(state: State, own: State, pairs: Mapping[str, str]) -> str:
    """What keeps arrays from fitting the brief's network, whose names say nothing to students."""
    parts = [
        f"`{old[:40]}` is {tuple(state[old].shape)}, and {tuple(own[new].shape)} is needed there"
        for old, new in pairs.items()
        if not _fits(state[old], own[new])
    ][:_SHOWN]
    lacking = [str(tuple(own[k].shape)) for k in own if k not in set(pairs.values())]
    spare = [f"`{k[:40]}` {tuple(v.shape)}" for k, v in state.items() if k not in pairs]
    if lacking:
        parts.append(f"nothing in the file is its {_list_text(lacking)}")
    if spare:
        parts.append(f"it has no place for {_list_text(spare)}")
    return f"the weights do not fit the network of the brief: {'; '.join(parts)}"


def _require_plain(state: State, name: str) -> None:
    """Raise Unanswerable for tensors that no network of the brief holds, before their shapes."""
    for key, value in state.items():
        if value.is_meta or value.is_nested or value.layout is not torch.strided:
            raise Unanswerable(
                f"`{name}` holds in `{key[:40]}` a tensor that is sparse, nested or without "
                "numbers; save the weights as layers of torch hold them",
                code="saved-not-plain",
                about=name,
            )


def _require_finite(state: State, name: str) -> None:
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value.float()).all()):
            shown = name if name == "the file" else f"`{name}`"
            raise Unanswerable(
                f"{shown} holds NaN or infinite numbers in `{key}`: training diverged; "
                "lower the learning rate and train again",
                code="saved-not-finite",
                about=name,
            )


def _list_text(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
