"""The networks of mlp_from_scratch, trained by our reference on MNIST."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from figure_tables import Section, reference

from grader.inside.shims import vision

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One network after training."""

    title: str
    promised: str
    """Percent of the test images, as the document says."""
    test: float
    """Percent of the test images, ours."""
    last: float
    """Percent of the last batch."""
    margin: float
    """Least distance between the two greatest probabilities of a test image."""
    seconds: float

    @property
    def row(self) -> tuple[str, ...]:
        """Cells of the table; seconds last, which no two runs share."""
        accuracies = f"{self.test:.2f}", f"{self.last:.2f}"
        return (self.title, self.promised, *accuracies, f"{self.margin:.1e}", f"{self.seconds:.1f}")


HAND, TORCH = ("cross_entropy", "update"), ("cross_entropy_torch", "update_torch")
AUTOMATIC = ("cross_entropy_torch", "update_autograd")
NETWORKS = (
    ("NumPy, the same batch in every step", "59.57", "MLPNumpy", HAND),
    ("NumPy, random batches", "88.15", "MLPNumpy", HAND),
    ("torch, by hand", "88.15", "MLPTorch", TORCH),
    ("torch, autograd", "88.15", "MLPAutograd", AUTOMATIC),
    ("convolution", "87.61", "CNNAutograd", AUTOMATIC),
)
"""(title, what the document promises, class, loss and update)."""


def figures(folder: Path) -> Iterator[Figure]:
    """Every network of the reference, trained on the MNIST of this folder, one thread."""
    torch.set_num_threads(1)
    names = reference("mlp_from_scratch", "mlp.py")
    sets = mnist(folder)
    for title, promised, network, (loss, update) in NETWORKS:
        began = time.perf_counter()
        batch = fixed if "the same batch" in title else names["random_batch"]
        last, test, margin = trained(names, network, loss, update, sets, batch)
        seconds = time.perf_counter() - began
        yield Figure(
            title=title, promised=promised, test=test, last=last, margin=margin, seconds=seconds
        )


def fixed(images: Any, labels: Any, size: int, _rng: Any) -> Arrays:
    """The first images, in every step."""
    return images[:size], labels[:size]


def trained(
    names: Any, network: str, loss: str, updating: str, sets: tuple[Arrays, Arrays], batch: Any
) -> tuple[float, float, float]:
    """Accuracy on the last batch and on the test images, percent; least margin there."""
    shape = (-1, 1, 28, 28) if network.startswith("CNN") else (-1, 784)
    (images, labels), (tests, wanted) = sets
    images, tests = images.reshape(shape), tests.reshape(shape)
    rng = np.random.RandomState(SEED)
    net = names[network](rng)
    for _ in range(STEPS):
        rows, right = batch(images, labels, SIZE, rng)
        predicted = net.forward_pass(rows)
        value = names[loss](predicted, right)
        names[updating](net.params, net.backward_pass(value, right), RATE)
    answers = array(net.forward_pass(tests))
    best = np.sort(answers, axis=1)[:, -2:]
    margin = float(np.min(best[:, 1] - best[:, 0]))
    return accuracy(array(predicted), right), accuracy(answers, wanted), margin


def array(predicted: Any) -> Any:
    """Probabilities (N, 10) as NumPy's."""
    return predicted.detach().numpy() if isinstance(predicted, torch.Tensor) else predicted


def accuracy(predicted: Any, labels: Any) -> float:
    """Percent of rows whose greatest entry is the right one."""
    return float(100 * np.mean(predicted.argmax(axis=1) == labels.argmax(axis=1)))


def mlp_from_scratch(found: Iterable[Figure]) -> Section:
    """Accuracies in percent; the last column belongs to the machine."""
    about = (
        f"Seed {SEED}, batches of {SIZE}, learning rate {RATE}, {STEPS} steps, float64, one thread."
    )
    margin = (
        "The least margin is the distance between the two greatest probabilities of the test image "
        "that was hardest to decide. Numbers of float32 between 1/2 and 1 are "
        f"{np.finfo(np.float32).epsneg:.1e} apart: where the margin is about as small, networks in "
        "float32 that are equal on paper may read one image of 10,000 differently."
    )
    return Section(
        title="mlp_from_scratch, MNIST",
        head=("network", "document, test %", "test %", "last batch %", "least margin", "seconds"),
        rows=[figure.row for figure in found],
        notes=(about, margin),
    )
