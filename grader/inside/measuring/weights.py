"""A student's weights file, opened in the box and fitted to their network."""

from __future__ import annotations

import os
import pickle
import zipfile

import safetensors.torch
import torch

from grader.inside import remarks
from grader.inside.loading.namespace import Unanswerable

SUFFIXES = (".pt", ".pth", ".safetensors", ".ckpt", ".pkl", ".bin")
"""How files of weights end."""

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "model_state")
"""Keys under which training scripts put the state_dict of a checkpoint."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")
"""What DataParallel, torch.compile and wrapping classes put before each key."""
_HEADER = 100_000_000
"""Longest header of a safetensors file, bytes."""
_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How torch.save began before 1.6."""
_EXPORTED = ("/models/model.json", "archive_format", "serialized_exported_program.json")
"""Members of what torch.export saves, from 2.1 on."""


def load_into(net: torch.nn.Module, directory: str, name: str) -> None:
    """Fill the network from the file; Unanswerable says which keys or shapes do not fit."""
    own = torch.nn.Module.state_dict(net)
    state = _read(own, directory, name)
    renamed = _match_names(state, own)
    state = {renamed.get(k, k): v for k, v in state.items()}
    state = {k: _lay_out(v, own.get(k)) for k, v in state.items()}
    _check(state, own, name)
    torch.nn.Module.load_state_dict(net, state, strict=True)
    if renamed:
        pairs = [f"`{old[:40]}` as `{new[:40]}`" for old, new in renamed.items()]
        more = f" and {len(pairs) - 2} more" if len(pairs) > 2 else ""
        remarks.add("renamed", f"{name}: {', '.join(pairs[:2])}{more}")


def list_shapes(directory: str, name: str) -> list[list[int]] | None:
    """The shapes of what the file holds; None where it is no file of weights."""
    try:
        state = _unwrap(_open(os.path.join(directory, name), name), name)
    except Unanswerable:
        return None
    return [list(v.shape) for v in state.values()]


def fits(net: torch.nn.Module, directory: str, name: str) -> bool:
    """Whether the file holds what the network needs, key by key. Raises Unanswerable."""
    own = torch.nn.Module.state_dict(net)
    state = _read(own, directory, name)
    return {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in own.items()}


def _read(own: dict[str, torch.Tensor], directory: str, name: str) -> dict[str, torch.Tensor]:
    """The file's tensors by name, without what may stand around or before the names."""
    state = _unwrap(_open(os.path.join(directory, name), name), name)
    return _strip_prefixes(state, set(own))


def _open(path: str, name: str) -> object:
    """What the file holds. Raises Unanswerable, with what to do, where it cannot be opened."""
    if not os.path.exists(path):
        raise Unanswerable(_explain_absent(path, name))
    if not os.path.getsize(path):
        raise Unanswerable(
            f"`{name}` is empty, a file of 0 bytes; save it again, and look at its size before "
            "you hand it in"
        )
    if _is_safetensors(path):
        try:
            return safetensors.torch.load_file(path)
        except Exception as error:
            raise Unanswerable(_explain_damaged(path, name, "it is damaged or cut off")) from error
    if _begins(path, b"\x80") and not _begins(path, _MAGIC):
        raise Unanswerable(_explain_content(name, "what pickle wrote, not torch.save"))
    if program := _name_program(path):
        raise Unanswerable(_explain_content(name, f"{program}, not only weights"))
    try:
        with open(path, "rb") as file:  # by a path torch would look at its ending
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        if _begins(path, b"version https://git-lfs"):
            raise Unanswerable(
                f"`{name}` is only a pointer of Git LFS, not the file itself; run `git lfs pull` "
                "and hand in what you have then"
            ) from None
        if not _begins(path, b"PK", _MAGIC):
            raise Unanswerable(
                f"`{name}` was not written by torch.save; "
                f"save the weights with torch.save(network.state_dict(), '{name}')"
            ) from None
        raise Unanswerable(
            _explain_content(name, "code or a whole pickled model, not only weights")
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        text = (str(error).splitlines() or [""])[0][:200]
        if "zip archive" in text or isinstance(error, EOFError):
            text = "it is damaged or cut off"
        raise Unanswerable(_explain_damaged(path, name, text)) from None


def _explain_damaged(path: str, name: str, why: str) -> str:
    return (
        f"`{name}` cannot be read as a weights file ({why}); its size is "
        f"{os.path.getsize(path):,} bytes. Copy or save it again, and try "
        f"torch.load('{name}') before you hand it in"
    )


def _explain_content(name: str, what: str) -> str:
    return (
        f"`{name}` holds {what}, so it is not opened; "
        f"save the weights alone: torch.save(network.state_dict(), '{name}')"
    )


def _explain_absent(path: str, name: str) -> str:
    """Why there is no such file: it was forgotten, or is called otherwise."""
    folder, stem = os.path.dirname(path), name.rpartition(".")[0]
    others = sorted(n for n in os.listdir(folder) if n.startswith(stem) and n.endswith(SUFFIXES))
    if others:
        return f"`{name}` was not handed in, but `{others[0]}` was; rename it to `{name}`"
    return (
        f"`{name}` was not handed in; save it with torch.save(network.state_dict(), '{name}') "
        "and hand it in beside your code"
    )


def _begins(path: str, *starts: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(40).startswith(starts)


def _is_safetensors(path: str) -> bool:
    """True where a length is followed by JSON of no more than that; a zip's would be enormous."""
    with open(path, "rb") as file:
        head = file.read(9)
    return head[8:] == b"{" and int.from_bytes(head[:8], "little") <= _HEADER


def _name_program(path: str) -> str:
    """What a zip holds that is a whole program; else an empty text."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return ""
    if any(n.endswith(_EXPORTED) for n in members):
        return "an exported program (torch.export)"
    if any("/code/" in n or n.endswith("constants.pkl") for n in members):
        return "a TorchScript program"
    return ""


def _unwrap(state: object, name: str) -> dict[str, torch.Tensor]:
    keys: list[object] = []
    for _ in range(3):
        if not isinstance(state, dict):
            raise Unanswerable(
                f"`{name}` holds a {type(state).__name__}, not a state_dict; "
                f"save it with torch.save(network.state_dict(), '{name}')"
            )
        if state and all(
            isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items()
        ):
            return dict(state)
        keys = list(state)
        inner = next((state[k] for k in WRAPPERS if isinstance(state.get(k), dict)), None)
        if inner is None:
            break
        state, keys = inner, list(inner)
    if not keys:
        raise Unanswerable(
            f"`{name}` holds no numbers: your network had no parameters when it was saved. "
            "Layers in a plain list do not count; keep them in an nn.ModuleList"
        )
    listed = ", ".join(f"`{str(k)[:40]}`" for k in keys[:6])
    raise Unanswerable(
        f"`{name}` holds no state_dict: its keys are {listed}; save network.state_dict() itself"
    )


def _strip_prefixes(state: dict[str, torch.Tensor], own: set[str]) -> dict[str, torch.Tensor]:
    """The state with prefixes taken off, if that is what keeps it from fitting."""
    for _ in range(3):
        if set(state) == own:
            break
        prefix = next((p for p in PREFIXES if state and all(k.startswith(p) for k in state)), None)
        if prefix is None or all(k.startswith(prefix) for k in own):
            break
        state = {k[len(prefix) :]: v for k, v in state.items()}
    return state


def _match_names(state: dict[str, torch.Tensor], own: dict[str, torch.Tensor]) -> dict[str, str]:
    """The file's name → the network's, where only names differ: shape by shape all is the same.

    In order; or, as safetensors keeps none, in any order if no two shapes are equal. A kernel has
    the shape of its matrix.
    """
    lacking, spare = [k for k in own if k not in state], [k for k in state if k not in own]
    wanted = [_find_matrix(own[k]) for k in lacking]
    given = [_find_matrix(state[k]) for k in spare]
    if not lacking or len(lacking) != len(spare):
        return {}
    if wanted != given:
        if set(wanted) != set(given) or len(set(given)) < len(given):
            return {}
        spare = [spare[given.index(shape)] for shape in wanted]
    return dict(zip(spare, lacking, strict=True))


def _find_matrix(tensor: torch.Tensor) -> tuple[int, int]:
    """(out, in): the kernel of a convolution is a matrix, whose inputs are those of its window."""
    out = tensor.shape[0] if tensor.dim() > 1 else tensor.numel()
    return out, tensor.numel() // max(1, out) if tensor.dim() > 1 else 0


def _lay_out(tensor: torch.Tensor, like: torch.Tensor | None) -> torch.Tensor:
    """The same numbers as a kernel where they are a matrix, or the other way round.

    A convolution that covers its whole input is a linear layer.
    """
    if like is None or tensor.shape == like.shape or 2 not in (tensor.dim(), like.dim()):
        return tensor
    return tensor.reshape(like.shape) if _find_matrix(tensor) == _find_matrix(like) else tensor


def _check(state: dict[str, torch.Tensor], own: dict[str, torch.Tensor], name: str) -> None:
    wrong = [
        f"`{k}` is {tuple(state[k].shape)} in the file and {tuple(own[k].shape)} in the network"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    lacking = [f"`{k}`" for k in own if k not in state]
    spare = [f"`{k}`" for k in state if k not in own]
    parts = wrong[:3]
    if lacking:
        parts.append(f"the file lacks {_list_text(lacking)}")
    if spare:
        parts.append(f"the network has no {_list_text(spare)}")
    if parts:
        raise Unanswerable(
            f"`{name}` does not fit the network: {'; '.join(parts)}. "
            "Save the weights from the same class that you hand in"
        )
    bad = [
        k
        for k in own
        if state[k].is_floating_point() and not bool(torch.isfinite(state[k].float()).all())
    ]
    if bad:
        raise Unanswerable(
            f"`{name}` holds NaN or infinite numbers in `{bad[0]}`: training diverged; "
            "lower the learning rate and train again"
        )


def _list_text(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
