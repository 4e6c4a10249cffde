"""Writes the weights of the specimens that are derived from the reference's, and of two mistakes.

    python tests/submissions/make.py [--force]

Files that exist are left alone without --force: torch's old format holds memory addresses, so its
bytes differ from run to run, though its numbers do not. Every layer of LeNet-5 has a shape of its
own, which is how a specimen's layers find their numbers under any name and in any order.
"""

import hashlib
import io
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REFERENCE = ROOT / "reference" / "lenet5_mnist" / "lenet.pt"
MISTAKES = ROOT / "assignments" / "lenet5_mnist" / "mistakes"
State = dict[str, torch.Tensor]


def main() -> None:
    numbers = torch.load(REFERENCE, weights_only=True)
    jobs = {f: RIGHT.get(f.name, _plain) for f in sorted((HERE / "right").iterdir()) if f.is_dir()}
    jobs |= {
        f: BROKEN.get(f.name, _copied) for f in sorted((HERE / "broken").iterdir()) if f.is_dir()
    }
    jobs |= {MISTAKES / "untrained": _untrained, MISTAKES / "spare_layer": _plain}
    for folder, made in jobs.items():
        target = folder / PLACES.get(folder.name, "lenet.pt")
        if folder.name not in FORGOTTEN and (not target.exists() or "--force" in sys.argv):
            target.write_bytes(made(folder, numbers))
            print(f"{folder.parent.name}/{folder.name}: {target.stat().st_size:,} bytes")


def network(folder: Path) -> torch.nn.Module:
    """The folder's network after one forward pass, which lazy layers need; its draws are seeded."""
    module = ModuleType("lenet")
    sys.modules["lenet"] = module  # pickles name the module of a class
    source = (folder / "lenet.py").read_text(encoding="utf-8")
    exec(compile(source, "lenet.py", "exec"), vars(module))
    torch.manual_seed(5)
    made: torch.nn.Module = module.LeNet5()
    made(torch.zeros(2, 1, 32, 32))
    return made


def fitted(folder: Path, numbers: State) -> torch.nn.Module:
    """The folder's network with the reference's numbers; layers of no such shape keep their own."""
    made = network(folder)
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
    return made


def _turned(value: torch.Tensor, turned: bool) -> torch.Tensor:
    return value.t() if turned and value.dim() == 2 else value


def saved(what: Any, **options: Any) -> bytes:
    """The bytes that torch.save writes."""
    buffer = io.BytesIO()
    torch.save(what, buffer, **options)
    return buffer.getvalue()


# ---------------------------------------------------------------------- right


def _plain(folder: Path, numbers: State) -> bytes:
    return saved(fitted(folder, numbers).state_dict())


def _old_format(folder: Path, numbers: State) -> bytes:
    return saved(fitted(folder, numbers).state_dict(), _use_new_zipfile_serialization=False)


def _checkpoint(key: str) -> Callable[[Path, State], bytes]:
    def made(folder: Path, numbers: State) -> bytes:
        trained = fitted(folder, numbers)
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
        state = fitted(folder, numbers).state_dict()
        return saved({prefix + k: v for k, v in state.items()})

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
    return saved(network(folder).state_dict())


def _nan(folder: Path, numbers: State) -> bytes:
    return saved({k: torch.full_like(v, float("nan")) for k, v in numbers.items()})


def _pickled(folder: Path, numbers: State) -> bytes:
    return saved(fitted(folder, numbers))


def _script(folder: Path, numbers: State) -> bytes:
    buffer = io.BytesIO()
    traced = torch.jit.trace(fitted(folder, numbers), torch.zeros(2, 1, 32, 32))
    torch.jit.save(traced, buffer)
    return buffer.getvalue()


def _optimizer(folder: Path, _numbers: State) -> bytes:
    return saved(torch.optim.SGD(network(folder).parameters(), lr=0.01).state_dict())


def _other(_folder: Path, _numbers: State) -> bytes:
    torch.manual_seed(5)
    small = torch.nn.Sequential(torch.nn.Linear(784, 30), torch.nn.ReLU(), torch.nn.Linear(30, 10))
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
FORGOTTEN = {"forgotten_weights"}
"""Handed in without weights."""
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

if __name__ == "__main__":
    main()
