"""Sections of the page of figures whose numbers are counted, or read from a record.

Figures in the column of the document are typed in; all others are computed here from the
references, or stand in the record that a reference's `train.py` wrote.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from figure_tables import NONE, ROOT, Section, epochs, origin, record, reference

from grader.data.pixels import read_split
from grader.data.source import Source

Row = tuple[str, str, str]


def built(make: Callable[..., Any], *arguments: int) -> Any:
    """A network with shapes but no numbers: on the meta device it takes neither memory nor time."""
    with torch.device("meta"):
        return make(*arguments)


def count(network: Any) -> str:
    """Its trainable parameters."""
    return f"{sum(math.prod(p.shape) for p in network.parameters()):,}"


def tensors(network: Any) -> str:
    """How many parameter tensors it has."""
    return str(len(list(network.parameters())))


# ---------------------------------------------------------------------- no training


DOCUMENTS_NUMBERS = {
    "student": "the document",
    "batch": 32,
    "channels": 3,
    "filters": 7,
    "height": 128,
    "width": 128,
    "kernel": 5,
    "stride": 1,
    "padding": 2,
    "dilation": 1,
    "pool": 2,
    "same_kernel": 5,
    "same_dilation": 1,
    "side": 64,
    "net_filters": [6, 16],
    "net_kernels": [5, 5],
    "hidden": 120,
    "classes": 10,
    "picture": [
        [3, 3, 2, 1, 0],
        [0, 0, 1, 3, 1],
        [3, 1, 2, 2, 3],
        [2, 0, 0, 2, 2],
        [2, 0, 0, 0, 1],
    ],
    "weights": [[0, 1, 2], [2, 2, 0], [0, 1, 2]],
    "second_picture": [[0] * 3] * 3,  # the document has one channel only
    "second_weights": [[0] * 3] * 3,
    "bias": 0,
}
"""What a student's handout would say if its numbers were the document's."""


def conv_arithmetic() -> Section:
    """The reference's answers for the document's numbers in place of a student's."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("numbers.json").write_text(json.dumps(DOCUMENTS_NUMBERS), encoding="utf-8")
        its = reference("conv_arithmetic", "convolutions.py")
    pooled = its["side"](its["strided"][-1], kernel=2, stride=2)
    first, halved, second, last = map(str, its["feature_sizes"])
    rows: list[Row] = [
        ("images (32, 3, 128, 128), seven filters 5 × 5", "(32, 7, 124, 124)", str(its["plain"])),
        ("the same with padding 2", "(32, 7, 128, 128)", str(its["strided"])),
        ("and pooled 2 × 2", "(32, 7, 64, 64)", str((*its["strided"][:2], pooled, pooled))),
        ("weight of that convolution", "(7, 3, 5, 5)", str(its["weight_shape"])),
        ("its bias", "(7,)", str(its["bias_shape"])),
        ("an image 64 × 64 after the first 5 × 5", "(6, 60, 60)", first),
        ("its first pooling", "(6, 30, 30)", halved),
        ("its second convolution", "(16, 26, 26)", second),
        ("its second pooling", "(16, 13, 13)", last),
        ("the element worked out by hand", "19", str(its["worked"][1][2])),
    ]
    return Section(title="conv_arithmetic", rows=rows)


CLASSICS = (
    ("AlexNet", "62.3 M; its rows sum to 62,378,344"),
    ("VGG16", "138,423,208"),
    ("ResNet18", "11,511,784"),
)
"""(class of the reference, what the document's table has as its total)."""


def classic_networks() -> Section:
    """Totals of the document's tables, true counts, and the brief's reason for the difference."""
    its = reference("classic_networks", "classics.py")
    brief = (ROOT / "assignments" / "classic_networks" / "README.md").read_text(encoding="utf-8")
    reasons = dict(re.findall(r"^\| ([\d,]+) \| \w[^|]* \| ([^|]+) \|$", brief, re.MULTILINE))
    rows = [
        (f"`{name}`", said, count(built(its[name])), reasons[said.split()[-1]])
        for name, said in CLASSICS
    ]
    head = ("parameters", "document", "ours", "what the document's number is")
    note = (
        "Ours are those of torchvision's networks. The brief names more numbers that are in print, "
        "and why they differ."
    )
    return Section(title="classic_networks", rows=rows, head=head, notes=(note,))


# ---------------------------------------------------------------------- MNIST


def mnist_views() -> Section:
    """Shapes and counts of the three networks; accuracy on 500 images by epoch."""
    its, runs = reference("mnist_views", "views.py"), record("mnist_views")["runs"]
    names = ("LogisticRegression", "MLP", "CNN")
    networks = {name: built(its[name]) for name in names}
    alexnet = built(reference("classic_networks", "classics.py")["AlexNet"])
    seen = its["features"](alexnet, torch.empty(1, 3, 631, 631, device="meta"), 1)
    shapes = its["weight_shapes"]
    conv = built(torch.nn.Conv2d, 5, 10, 3)
    rows: list[Row] = [
        ("weight of logistic regression", "(10, 784)", str(*shapes(networks[names[0]]))),
        ("weight of a convolution 3 × 3, 5 → 10", "(10, 5, 3, 3)", str(*shapes(conv))),
        (
            "an image 631 × 631 after AlexNet's first convolution",
            "(1, 64, 157, 157)",
            str(tuple(seen.shape)),
        ),
        *((f"parameters of `{name}`", NONE, count(networks[name])) for name in names),
    ]
    for name in names:
        courses = [run["by_epoch"] for run in runs if run["network"] == name]
        for epoch, found in enumerate(zip(*courses, strict=True), start=1):
            span = f"{min(found):.3f} to {max(found):.3f}"
            rows.append((f"`{name}`, accuracy after epoch {epoch}", NONE, span))
    seeds = sorted({run["seed"] for run in runs})
    images = record("mnist_views")["images"]
    notes = (
        f"Trained on {images['train']:,} images, counted on the {images['validation']} after them: "
        f"least and greatest of {len(seeds)} seeds.",
        origin(
            "mnist_views", f"seeds {seeds[0]} to {seeds[-1]}", sum(run["seconds"] for run in runs)
        ),
    )
    return Section(title="mnist_views, MNIST", rows=rows, notes=notes)


def lenet5_mnist() -> Section:
    """LeNet-5's counts, and what the weights score that the reference hands in."""
    network = built(reference("lenet5_mnist", "lenet.py")["LeNet5"])
    found = record("lenet5_mnist")
    run = found["runs"][0]
    rows: list[Row] = [
        ("parameters", NONE, count(network)),
        ("parameter tensors", "10", tensors(network)),
        ("first of them", "(6, 1, 5, 5)", str(tuple(next(network.parameters()).shape))),
        ("`lenet.pt`, test accuracy", NONE, f"{found['accuracy']['mnist_test']:.4f}"),
    ]
    note = f"`lenet.pt` was trained for {found['epochs']} epochs, by a schedule of our own."
    notes = (note, origin("lenet5_mnist", f"seed {run['seed']}", run["seconds"]))
    return Section(title="lenet5_mnist, MNIST", rows=rows, notes=notes)


LENET = (0.9435, 0.9680, 0.9745, 0.9804, 0.9836)
"""Test accuracy after each epoch by the document."""


def lenet5_training() -> Section:
    """LeNet-5 from scratch by the document's recipe, by epoch."""
    network = built(reference("lenet5_training", "training.py")["lenet5_sequential"])
    found = record("lenet5_training")
    run = found["runs"][0]
    rows: list[Row] = [
        ("parameters", NONE, count(network)),
        *epochs("test accuracy", LENET, run["test_by_epoch"]),
    ]
    notes = (
        f"Both: {found['recipe']}. First weights and the order of images differ.",
        origin("lenet5_training", f"seed {run['seed']}", run["cpu_seconds"], "s of CPU time"),
    )
    return Section(title="lenet5_training, MNIST", rows=rows, notes=notes)


# ---------------------------------------------------------------------- CIFAR-10


def cifar10_cnn() -> Section:
    """The small network's counts; loss and accuracy by epoch."""
    its, found = reference("cifar10_cnn", "cifar.py"), record("cifar10_cnn")["real_data_alone"]
    network, larger = built(its["SmallCNN"]), built(its["SmallCNN"], 64)
    nothing = [None] * found["epochs"]
    rows: list[Row] = [
        ("parameters", NONE, count(network)),
        ("parameter tensors", "10", tensors(network)),
        (
            "inputs of the first linear layer, images 64 × 64",
            "2,704",
            f"{larger.fc1.in_features:,}",
        ),
        *epochs("training loss", nothing, found["losses"]),
        *epochs("test accuracy", nothing, found["accuracies"]),
    ]
    notes = (
        f"SGD in batches of {found['batch']}, learning rate {found['learning_rate']}, momentum "
        f"{found['momentum']}, on CIFAR-10 alone. The document trains in batches of 4 too, but "
        "prints no result.",
        origin("cifar10_cnn", f"seed {found['seed']}", found["seconds"]),
    )
    return Section(title="cifar10_cnn, CIFAR-10", rows=rows, notes=notes)


SHOWN_EPOCHS = (1, 5, 10, 20, 30, 40)
"""Epochs of the long training whose accuracy the page shows."""


def cifar10_open() -> Section:
    """The open classifier's size and accuracy, and how it came to it."""
    its, found = reference("cifar10_open", "cifar.py"), record("cifar10_open")
    curve = {row["epoch"]: row for row in found["curve"]}
    rows: list[Row] = [
        ("parameters", NONE, count(built(its["Net"]))),
        *(
            (f"test accuracy after epoch {n}", NONE, f"{curve[n]['cifar10_test']:.4f}")
            for n in SHOWN_EPOCHS
        ),
        ("test accuracy", NONE, f"{found['accuracy']['cifar10_test']:.4f}"),
        (
            "test accuracy on altered pictures",
            NONE,
            f"{found['accuracy']['cifar10_test, altered']:.4f}",
        ),
    ]
    notes = (
        "The document marks an open classifier by its accuracy and prints no result. Pictures are "
        "altered as the grader shows them: mirrored or not, moved by up to two pixels, of another "
        f"contrast and brightness. Of the {found['seconds']:g} s that the training took on a busy "
        f"machine {found['cpu_seconds']:g} s were computing time.",
        origin("cifar10_open", f"seed {found['seed']}", found["seconds"]),
    )
    return Section(title="cifar10_open, CIFAR-10", rows=rows, notes=notes)


STATISTICS = (
    ("mean of red", "0.4915"),
    ("mean of green", "0.4823"),
    ("mean of blue", "0.4468"),
    ("deviation of red", "0.2470"),
    ("deviation of green", "0.2435"),
    ("deviation of blue", "0.2616"),
)


def statistics(folder: Path) -> list[float]:
    """Mean and deviation of each channel of CIFAR-10's 50,000 training images, pixels / 255."""
    pixels, _ = read_split("cifar10", "train", Source(folder).folder, stand_in=False)
    images = torch.from_numpy(pixels).double() / 255
    measured = reference("birds_vs_planes", "birds.py")["channel_statistics"](images)
    return [float(value) for channel in measured for value in channel]


BIRDS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("ShallowNet", "393,602", ()),
    ("DeepNet", "3,737,474", ()),
    ("ConvNet", "18,090", ()),
    ("ConvNet", NONE, (32,)),
    ("DropoutNet", NONE, ()),
    ("BatchNormNet", NONE, ()),
)
"""(class of the reference, its parameters by the document, arguments)."""
LONG = (
    ("`ShallowNet`", "0.8200"),
    ("`ConvNet`", "0.8905"),
    ("wider, with ReLU and weight decay", "0.9125"),
)
"""(network, accuracy on the test images after 100 epochs by the document)."""


def birds_vs_planes(measured: Sequence[float]) -> Section:
    """Statistics of the channels, counts, and accuracy by epoch."""
    its, found = reference("birds_vs_planes", "birds.py"), record("birds_vs_planes")
    run = found["document"]
    course = run["cifar10_test_by_epoch"]
    rows: list[Row] = [
        *((*row, f"{own:.4f}") for row, own in zip(STATISTICS, measured, strict=True)),
        *(
            (
                f"parameters of `{name}({', '.join(map(str, asked))})`",
                said,
                count(built(its[name], *asked)),
            )
            for name, said, asked in BIRDS
        ),
        *((f"{name}, test accuracy after epoch 100", said, NONE) for name, said in LONG),
        *epochs("`ConvNet`, test accuracy", [None] * len(course), course),
    ]
    notes = (
        f"{run['what']}; {run['images']['training']:,} training images, "
        f"{run['images']['test']:,} test images. The document prints accuracies after 100 epochs "
        "only; our record has 20.",
        origin("birds_vs_planes", f"seed {found['seed']}", run["seconds"]),
    )
    return Section(title="birds_vs_planes, CIFAR-10", rows=rows, notes=notes)
