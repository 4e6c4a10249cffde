"""Specimens as they are handed in: what the folders in `submissions/` lack is made here.

What a specimen lacks is the reference's, or weights that are derived from the reference's. One that
is meant to lack its weights says so in expected.toml: `lacks = ["lenet.pt"]`. Every layer of
LeNet-5 has a shape of its own, which is how a specimen's layers find their numbers under any name
and in any order.
"""

import hashlib
import io
import shutil
import struct
import sys
import tomllib
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from kit.places import ROOT

REFERENCE = ROOT / "reference" / "lenet5_mnist" / "lenet.pt"
State = dict[str, torch.Tensor]


def handed_in(specimen: Path, folder: Path) -> Path:
    """The specimen below this folder, with the weights that it lacks and is not meant to lack."""
    expected = specimen.parent / "expected.toml"
    facts = tomllib.loads(expected.read_text()).get(specimen.name, {}) if expected.is_file() else {}
    place = PLACES.get(specimen.name, "lenet.pt")
    made = shutil.copytree(specimen, folder / specimen.name)
    if not (made / place).exists() and place not in facts.get("lacks", []):
        (made / place).write_bytes(weights(specimen))
    return made


def weights(specimen: Path) -> bytes:
    """The file of weights that belongs to a specimen."""
    table, otherwise = (RIGHT, _plain) if specimen.parent.name == "right" else (BROKEN, _copied)
    return table.get(specimen.name, otherwise)(specimen, torch.load(REFERENCE, weights_only=True))


@contextmanager
def network_of(folder: Path) -> Iterator[torch.nn.Module]:
    """The folder's network after one forward pass, which lazy layers need; its draws are seeded.
    Within the block its class can be pickled.
    """
    module = ModuleType("lenet")
    source = (folder / "lenet.py").read_text(encoding="utf-8")
    sys.modules["lenet"] = module  # pickles name the module of a class
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, "lenet.py", "exec"), vars(module))
            torch.manual_seed(5)
            made: torch.nn.Module = module.LeNet5()
            made(torch.zeros(2, 1, 32, 32))
            yield made
    finally:
        del sys.modules["lenet"]


@contextmanager
def fitted(folder: Path, numbers: State) -> Iterator[torch.nn.Module]:
    """The folder's network with the reference's numbers; layers of no such shape keep their own."""
    with network_of(folder) as made:
        rest = dict(numbers)
        for value in made.state_dict().values():
            for turned in (False, True):
                name = next(
                    (k for k, v in rest.items() if _turned(v, turned).shape == value.shape), None
                )
                if name is not None:
                    value.copy_(_turned(rest.pop(name), turned))
                    break
        assert not rest, f"{folder.name} has no place for {', '.join(rest)}"
        yield made


def _turned(value: torch.Tensor, turned: bool) -> torch.Tensor:  # noqa: FBT001
    return value.t() if turned and value.dim() == 2 else value


def saved(what: Any, **options: Any) -> bytes:
    """The bytes that torch.save writes."""
    buffer = io.BytesIO()
    torch.save(what, buffer, **options)
    return buffer.getvalue()


# ---------------------------------------------------------------------- right


def _plain(folder: Path, numbers: State) -> bytes:
    with fitted(folder, numbers) as trained:
        return saved(trained.state_dict())


def _old_format(folder: Path, numbers: State) -> bytes:
    with fitted(folder, numbers) as trained:
        return saved(trained.state_dict(), _use_new_zipfile_serialization=False)


def _checkpoint(key: str) -> Callable[[Path, State], bytes]:
    def made(folder: Path, numbers: State) -> bytes:
        with fitted(folder, numbers) as trained:
            optimizer = torch.optim.SGD(trained.parameters(), lr=0.01, momentum=0.9)
            return saved(
                {
                    "epoch": 3,
                    key: trained.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "loss": 0.03,
                }
            )

    return made


def _prefixed(prefix: str) -> Callable[[Path, State], bytes]:
    def made(folder: Path, numbers: State) -> bytes:
        with fitted(folder, numbers) as trained:
            return saved({prefix + k: v for k, v in trained.state_dict().items()})

    return made


RIGHT: dict[str, Callable[[Path, State], bytes]] = {
    "old_format": _old_format,
    "checkpoint": _checkpoint("state_dict"),
    "model_state_dict": _checkpoint("model_state_dict"),
    "data_parallel": _prefixed("module."),
    "compiled": _prefixed("_orig_mod."),
}

# ---------------------------------------------------------------------- wrong


def _copied(_folder: Path, _numbers: State) -> bytes:
    return REFERENCE.read_bytes()


def _untrained(folder: Path, _numbers: State) -> bytes:
    with network_of(folder) as made:
        return saved(made.state_dict())


def _nan(folder: Path, numbers: State) -> bytes:
    return saved({k: torch.full_like(v, float("nan")) for k, v in numbers.items()})


def _pickled(folder: Path, numbers: State) -> bytes:
    with fitted(folder, numbers) as trained:
        return saved(trained)


def _script(folder: Path, numbers: State) -> bytes:
    buffer = io.BytesIO()
    with fitted(folder, numbers) as trained:
        torch.jit.save(torch.jit.trace(trained, torch.zeros(2, 1, 32, 32)), buffer)
    return buffer.getvalue()


def _optimizer(folder: Path, _numbers: State) -> bytes:
    with network_of(folder) as made:
        return saved(torch.optim.SGD(made.parameters(), lr=0.01).state_dict())


def _other(_folder: Path, _numbers: State) -> bytes:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        small = torch.nn.Sequential(
            torch.nn.Linear(784, 30), torch.nn.ReLU(), torch.nn.Linear(30, 10)
        )
    return saved(small.state_dict())


def _text(_folder: Path, numbers: State) -> bytes:
    return "\n".join(f"{k}: {v.flatten()[:3].tolist()} ..." for k, v in numbers.items()).encode()


def _empty(_folder: Path, _numbers: State) -> bytes:
    return b""


def _infinite(_folder: Path, numbers: State) -> bytes:
    numbers = {k: v.clone() for k, v in numbers.items()}
    numbers["fc3.bias"][7] = float("inf")
    return saved(numbers)


def _half(_folder: Path, numbers: State) -> bytes:
    return saved({k: v.half() for k, v in numbers.items()})


def _nothing(_folder: Path, _numbers: State) -> bytes:
    return saved({})


def _cut_off(_folder: Path, _numbers: State) -> bytes:
    return REFERENCE.read_bytes()[:150_000]


def _pointer(_folder: Path, _numbers: State) -> bytes:
    whole = REFERENCE.read_bytes()
    lines = (
        "version https://git-lfs.github.com/spec/v1",
        f"oid sha256:{hashlib.sha256(whole).hexdigest()}",
        f"size {len(whole)}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _from_gpu(_folder: Path, numbers: State) -> bytes:
    """What torch.save writes where the tensors lie on a GPU: each storage names its device."""
    here, there = (b"X" + struct.pack("<I", len(name)) + name for name in (b"cpu", b"cuda:0"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(numbers))) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename.endswith("/data.pkl"):
                assert content.count(here) == 1, "torch names the device in another way"
                content = content.replace(here, there)
            new.writestr(member, content)
    return buffer.getvalue()


PLACES = {
    "other_suffix": "lenet.pth",
    "second_download": "lenet (1).pt",
    "in_a_subfolder": "homework 2/lenet.pt",
}
"""Where the weights lie, if not in lenet.pt."""
BROKEN: dict[str, Callable[[Path, State], bytes]] = {
    "infinite_weights": _infinite,
    "half_weights": _half,
    "cut_off_weights": _cut_off,
    "lfs_pointer": _pointer,
    "gpu_weights": _from_gpu,
    "gpu_weights_loaded": _from_gpu,
    "plain_list": _nothing,
    "norm_without_eval": _plain,
    "eleven_classes": _untrained,
    "nan_weights": _nan,
    "pickled_model": _pickled,
    "torchscript_weights": _script,
    "optimizer_only": _optimizer,
    "other_weights": _other,
    "text_weights": _text,
    "empty_weights": _empty,
}
