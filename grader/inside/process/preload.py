"""What is imported and put in place before a submission is loaded, on every system.

A file named like a library is told from it by what is imported, and what the shims change is part
of what is measured: so it is one list, whether a process is forked afterwards or starts afresh.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import platform
import sys
from types import ModuleType

from grader.inside.shims import places

_PRELOADED = (
    "torch torch.nn.functional torch.optim torch.optim.lr_scheduler torch.utils.data "
    "torch.utils.checkpoint torch._dynamo numpy.random numpy.linalg "
    "numpy.lib.format PIL.Image PIL.ImageFile pickle zipfile tempfile csv copy dataclasses "
    "fractions "
    "statistics pathlib logging argparse typing collections.abc itertools functools decimal "
    "encodings.idna encodings.latin_1 encodings.utf_8_sig encodings.cp437 stringprep timeit pprint "
    "textwrap gzip bz2 lzma tarfile "
    "multiprocessing.queues multiprocessing.resource_sharer multiprocessing.popen_fork "
    "multiprocessing.util multiprocessing.connection multiprocessing.synchronize"
).split()
_HELPS = "places cpu colab untrained progress compiled plots".split()
"""What lets code run that was written for other machines."""
_LATER = (
    "shims.datasets shims.program_calls shims.file_programs shims.programs "
    "loading.absent loading.own_modules loading.imported_notebooks"
).split()
"""What does likewise, and is installed for one box."""
_AFTER_VISION = "torchvision torchvision.transforms torchvision.datasets".split()


def import_all(run: str, *, notebooks: bool = False) -> None:
    """Everything that a job imports is imported, and every shim is in place.

    What libraries write while they are imported lies in `run`.
    """
    import torch

    torch.set_num_threads(1)
    for name in _PRELOADED:
        _import(name)
    _import("grader.inside.measuring.measure")
    _install("vision")
    for name in _AFTER_VISION:
        _import(name)
    for name in _HELPS:
        _install(name)
    for name in _LATER:
        places.conceal(importlib.import_module(f"grader.inside.{name}"))
    _exercise()
    if notebooks:
        from grader.inside.notebooks import jupyter

        jupyter.preload(run)
    if sys.platform == "linux" and multiprocessing.get_start_method(allow_none=True) != "fork":
        multiprocessing.set_start_method("fork", force=True)  # elsewhere it is unsafe, or not there


def list_versions() -> dict[str, str]:
    """Version by name of what measures and runs notebooks, as far as it is imported."""
    versions = {"python": platform.python_version()}
    for name in ("torch", "torchvision", "numpy", "IPython", "ipykernel", "nbclient"):
        if name in sys.modules:
            versions[name] = str(sys.modules[name].__version__)
    return versions


def _install(name: str) -> None:
    """The shim of that name is in place; what students see does not say where it lies."""
    shim = importlib.import_module(f"grader.inside.shims.{name}")
    places.conceal(shim)
    shim.install()


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:  # not installed, or not fit for this torch: student code will say so itself
        for known in [n for n in sys.modules if n == name]:
            del sys.modules[known]
        return None


def finds_driver() -> bool:
    """True where this build of torch may wake a GPU's driver, whose threads no fork would copy.

    CUDA's is not found where the grader has put an empty file in its place
    (`sandbox.environment`). For other makers' there is no such file.
    """
    import torch

    if any(getattr(torch.version, maker, None) for maker in ("hip", "xpu")):
        return True
    if torch.version.cuda is None:
        return False
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _exercise() -> None:
    """A training step is made and undone, as torch imports and builds much on first use.

    Where a driver is found the step ends before `backward`, which counts the GPUs.
    """
    import io

    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    torch.optim.Adam(network.parameters())
    loss = torch.nn.functional.cross_entropy(
        network(torch.zeros(2, 1, 4, 4)), torch.zeros(2).long()
    )
    optimizer.zero_grad()
    if not finds_driver():
        loss.backward()
        optimizer.step()
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(2)))
    next(iter(loader))
