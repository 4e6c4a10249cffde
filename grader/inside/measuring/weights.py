"""A student's weights file, opened in the box and fitted to their network."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import safetensors.torch
import torch

from grader.inside.loading import handed_in
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import fitting

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "model_state")
"""Keys under which training scripts put the state_dict of a checkpoint."""
_HEADER = 100_000_000
"""Longest header of a safetensors file, bytes."""
_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How torch.save began before 1.6."""
_EXPORTED = ("/models/model.json", "archive_format", "serialized_exported_program.json")
"""Members of what torch.export saves, from 2.1 on."""


def load_into(net: torch.nn.Module, directory: str, name: str) -> None:
    """Fill the network from the file; Unanswerable says which keys or shapes do not fit."""
    fitting.fill(net, read(directory, name), name)


def list_shapes(directory: str, name: str) -> list[list[int]] | None:
    """The shapes of what the file holds; None where it is no file of weights."""
    try:
        state = read(directory, name)
    except Unanswerable:
        return None
    return [list(v.shape) for v in state.values()]


def fits(net: torch.nn.Module, directory: str, name: str) -> bool:
    """Whether the file holds what the network needs, key by key. Raises Unanswerable."""
    own = torch.nn.Module.state_dict(net)
    return fitting.are_alike(read(directory, name), own)


def read(directory: str, name: str) -> dict[str, torch.Tensor]:
    """The file's tensors by name, without what may stand around them. Raises Unanswerable."""
    path = os.path.join(directory, name)
    content = handed_in.read(path)
    if content is None:
        raise _explain_absent(path, name)
    return _unwrap(_open(content, name), name)


def _open(content: bytes, name: str) -> object:
    """What the file holds. Raises Unanswerable, with what to do, where it cannot be opened."""
    if not content:
        raise Unanswerable(
            f"`{name}` is empty, a file of 0 bytes; save it again, and look at its size before "
            "you hand it in",
            code="saved-empty",
            about=name,
        )
    if _is_safetensors(content):
        try:
            return safetensors.torch.load(content)
        except Exception as error:
            why = "it is damaged or cut off"
            raise _explain_damaged(content, name, why) from error
    if content.startswith(b"\x80") and not content.startswith(_MAGIC):
        raise _explain_content(name, "what pickle wrote, not torch.save")
    if program := _name_program(content):
        raise _explain_content(name, f"{program}, not only weights")
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        if content.startswith(b"version https://git-lfs"):
            raise Unanswerable(
                f"`{name}` is only a pointer of Git LFS, not the file itself; run `git lfs pull` "
                "and hand in what you have then",
                code="saved-damaged",
                about=name,
            ) from None
        if not content.startswith((b"PK", _MAGIC)):
            raise Unanswerable(
                f"`{name}` was not written by torch.save; "
                f"save the weights with torch.save(network.state_dict(), '{name}')",
                code="saved-damaged",
                about=name,
            ) from None
        raise _explain_content(name, "code or a whole pickled model, not only weights") from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        text = (str(error).splitlines() or [""])[0][:200]
        if "zip archive" in text or isinstance(error, EOFError):
            text = "it is damaged or cut off"
        raise _explain_damaged(content, name, text) from None


def _explain_damaged(content: bytes, name: str, why: str) -> Unanswerable:
    return Unanswerable(
        f"`{name}` cannot be read as a weights file ({why}); its size is "
        f"{len(content):,} bytes. Copy or save it again, and try "
        f"torch.load('{name}') before you hand it in",
        code="saved-damaged",
        about=name,
    )


def _explain_content(name: str, what: str) -> Unanswerable:
    return Unanswerable(
        f"`{name}` holds {what}, so it is not opened; "
        f"save the weights alone: torch.save(network.state_dict(), '{name}')",
        code="saved-not-alone",
        about=name,
    )


def _explain_absent(path: str, name: str) -> Unanswerable:
    """Why there is no such file: it was forgotten, or is called otherwise."""
    folder, stem = os.path.dirname(path), name.rpartition(".")[0]
    came = handed_in.list_weights(folder)
    if others := [n for n in came if n.startswith(stem)]:
        sentence = f"`{name}` was not handed in, but `{others[0]}` was; rename it to `{name}`"
        return Unanswerable(sentence, code="saved-renamed", about=name)
    how = f"save it with torch.save(network.state_dict(), '{name}') and hand it in beside your code"
    saved = [n for n in handed_in.list_saved(folder) if n not in came]
    seen = f"your code saved `{saved[0]}` while it ran here; " if saved else ""
    sentence = f"`{name}` was not handed in; {seen}{how}"
    return Unanswerable(sentence, code="saved-missing", about=name)


def _is_safetensors(content: bytes) -> bool:
    """True where a length is followed by JSON of no more than that; a zip's would be enormous."""
    return content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= _HEADER


def _name_program(content: bytes) -> str:
    """What a zip holds that is a whole program; else an empty text."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
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
                f"save it with torch.save(network.state_dict(), '{name}')",
                code="saved-no-state",
                about=name,
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
            "Layers in a plain list do not count; keep them in an nn.ModuleList",
            code="saved-empty",
            about=name,
        )
    listed = ", ".join(f"`{str(k)[:40]}`" for k in keys[:6])
    raise Unanswerable(
        f"`{name}` holds no state_dict: its keys are {listed}; save network.state_dict() itself",
        code="saved-no-state",
        about=name,
    )
