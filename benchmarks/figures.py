"""The figures that course documents promise, computed by our references on the real data.

    make figures

Writes docs/reference/figures.md. GRADER_DATA has to name the folder with MNIST.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grader.course import Course
from grader.inside import vision

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "figures.md"
SEED, SIZE, RATE, STEPS = 42, 40, 0.01, 400
Arrays = tuple[Any, Any]


def mnist(root: Path) -> tuple[Arrays, Arrays]:
    """Training and test images, each set with mean 0 and deviation 1, and one-hot labels."""
    vision.install()
    from torchvision import datasets

    found = []
    for train in (True, False):
        read = datasets.MNIST(root, train=train)
        images = read.data.numpy().astype(np.float64)
        images = (images - images.mean()) / images.std()
        found.append((images, np.eye(10)[read.targets.numpy()]))
    return found[0], found[1]


def trained(
    names: Any, network: str, loss: str, updating: str, sets: tuple[Arrays, Arrays], batch: Any
) -> tuple[float, float, float]:
    """Accuracy on the last batch and on the test images, percent; seconds."""
    began, shape = time.perf_counter(), (-1, 1, 28, 28) if network.startswith("CNN") else (-1, 784)
    (images, labels), (tests, wanted) = sets
    images, tests = images.reshape(shape), tests.reshape(shape)
    rng = np.random.RandomState(SEED)
    net = names[network](rng)
    for _ in range(STEPS):
        rows, right = batch(images, labels, SIZE, rng)
        predicted = net.forward_pass(rows)
        value = names[loss](predicted, right)
        names[updating](net.params, net.backward_pass(value, right), RATE)
    test = accuracy(net.forward_pass(tests), wanted)
    return accuracy(predicted, right), test, time.perf_counter() - began


def accuracy(predicted: Any, labels: Any) -> float:
    """Percent of rows whose greatest entry is the right one."""
    found = predicted.detach() if isinstance(predicted, torch.Tensor) else predicted
    return float(100 * np.mean(np.argmax(np.asarray(found), axis=1) == labels.argmax(axis=1)))


def main() -> None:
    """The page is written, and stands on stdout."""
    from grader.data import Source

    source = Source()
    if not source.has("mnist"):
        sys.exit("figures: MNIST is not here; set GRADER_DATA to the folder that holds it")
    torch.set_num_threads(1)
    names: dict[str, Any] = {}
    text = Course.bundled().load("mlp_from_scratch").reference.files["mlp.py"]
    exec(compile(text, "mlp.py", "exec"), names)
    sets = mnist(source.folder)
    fixed: Callable[..., Arrays] = lambda images, labels, size, _: (images[:size], labels[:size])  # noqa: E731
    hand, single = ("cross_entropy", "update"), ("cross_entropy_torch", "update_torch")
    automatic = ("cross_entropy_torch", "update_autograd")
    rows = (
        ("NumPy, the same batch in every step", "59.57", "MLPNumpy", hand, fixed),
        ("NumPy, random batches", "88.15", "MLPNumpy", hand, names["random_batch"]),
        ("torch, by hand", "88.15", "MLPTorch", single, names["random_batch"]),
        ("torch, autograd", "88.15", "MLPAutograd", automatic, names["random_batch"]),
        ("convolution", "87.61", "CNNAutograd", automatic, names["random_batch"]),
    )
    lines = [
        "# Figures of course documents, and ours",
        "",
        "Written by `make figures` from the references of this repository on the real data. "
        f"Seed {SEED}, batches of {SIZE}, learning rate {RATE}, {STEPS} steps.",
        "",
        "## mlp_from_scratch, MNIST",
        "",
        "| network | document, test % | ours, test % | ours, last batch % | seconds |",
        "|---|---|---|---|---|",
    ]
    for title, promised, network, functions, batch in rows:
        last, test, seconds = trained(names, network, *functions, sets, batch)
        lines.append(f"| {title} | {promised} | {test:.2f} | {last:.2f} | {seconds:.1f} |")
        print(lines[-1], flush=True)
    versions = ", ".join(f"{n} {metadata.version(n)}" for n in ("numpy", "torch", "torchvision"))
    lines += [
        "",
        "Float32 rounds differently from one order of operations to the next, so networks that are "
        "equal on paper may read one test image of 10,000 differently.",
        "",
        f"Computed with Python {platform.python_version()}, {versions}, one thread, "
        f"{platform.machine()}, {time.strftime('%Y-%m-%d')}.",
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
