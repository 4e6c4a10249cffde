"""Train the ConvNet of any folder's birds.py; write birds.pt and record.json beside it.

    python reference/birds_vs_planes/train.py FOLDER [--epochs 20] [--seed 0] [--runs 3]

First the figure of the course document: plain gradient descent on the 10,000 real training images
of airplanes and birds, scored on the 2,000 test images after each epoch. Then the weights: shown
are the real images and, repeated, those of the offline stand-in, so that one network knows both.
Needs CIFAR-10 (--data or $GRADER_DATA). With several runs the first one's weights are kept,
whatever they score: choosing by test accuracy would flatter them.
"""

import argparse
import importlib.util
import json
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import torch
from torch.nn import functional

from grader import data

CLASSES = (0, 2)  # of CIFAR-10: airplane becomes 0, bird 1
EPOCHS = 20
BATCH = 64  # images per step
DOCUMENT_RATE = 0.01  # learning rate of the document's recipe, constant
LEARNING_RATE = 0.05  # of the weights handed out: peak, reached after WARM_UP, then down to 0
WARM_UP = 0.1  # share of all steps
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4  # of weights and biases alike, per step and unit of learning rate
STAND_IN_IMAGES = 5_000  # stand-in images shown per epoch, each as often as needed for that
NOWHERE = Path("/nonexistent")  # a root without data sets, where the stand-in serves

Pair = tuple[torch.Tensor, torch.Tensor]


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    real, stand_in = data.Source(options.data), data.Source(NOWHERE, stand_in=True)
    made = {
        "document": documented(options, images_of(real, "train"), images_of(real, "test")),
        **kept(options, real, stand_in),
        "seed": options.seed,
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
        },
        "machine": {"processor": processor(), "threads": torch.get_num_threads()},
    }
    (options.folder / "record.json").write_text(json.dumps(made, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds birds.py; gets birds.pt and record.json")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1, help="with the seeds that follow")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder with CIFAR-10; $GRADER_DATA if not given")
    return parser.parse_args()


def documented(options: argparse.Namespace, training: Pair, test: Pair) -> dict[str, object]:
    """The document's recipe on the real data alone: accuracy on the test images by epoch."""
    began = time.perf_counter()
    torch.manual_seed(options.seed)
    network = load(options.folder).ConvNet()
    optimizer = torch.optim.SGD(network.parameters(), lr=DOCUMENT_RATE)
    steps = epochs(network, optimizer, training, options.epochs)
    by_epoch = [accuracy(network, test) for _ in steps]
    seconds = round(time.perf_counter() - began, 1)
    print("document's recipe", by_epoch, seconds, flush=True)
    return {
        "what": f"SGD, learning rate {DOCUMENT_RATE}, batches of {BATCH}, real images alone",
        "images": {"training": len(training[0]), "test": len(test[0])},
        "cifar10_test_by_epoch": by_epoch,
        "seconds": seconds,
    }


def kept(
    options: argparse.Namespace, real: data.Source, stand_in: data.Source
) -> dict[str, object]:
    """Runs on both sets, the first of which gives birds.pt."""
    training = joined(images_of(real, "train"), images_of(stand_in, "train"))
    tests = {"cifar10_test": images_of(real, "test"), "stand_in_test": images_of(stand_in, "test")}
    runs = []
    for seed in range(options.seed, options.seed + options.runs):
        began = time.perf_counter()
        network = trained(options.folder, training, options.epochs, seed)
        seconds = round(time.perf_counter() - began, 1)
        scores = {name: accuracy(network, test) for name, test in tests.items()}
        runs.append({"seed": seed, **scores, "seconds": seconds})
        print(runs[-1], flush=True)
        if seed == options.seed:
            torch.save(network.state_dict(), options.folder / "birds.pt")
    return {
        "accuracy": {name: runs[0][name] for name in tests},
        "images": {name: len(labels) for name, (_, labels) in tests.items()},
        "runs": runs,
        "epochs": options.epochs,
    }


def images_of(source: data.Source, split: str) -> Pair:
    """Images (N, 3, 32, 32), normalised, and labels (N,) of the two classes."""
    pictures = (data.train if split == "train" else data.test)("cifar10", classes=CLASSES)
    images, labels = pictures.images.load(0, source), pictures.labels.reveal(source)
    return torch.tensor(images), torch.tensor(labels)


def joined(real: Pair, stand_in: Pair) -> Pair:
    """The real images once, those of the stand-in as often as makes STAND_IN_IMAGES."""
    copies = max(1, STAND_IN_IMAGES // len(stand_in[0]))
    images, labels = zip(real, *[stand_in] * copies, strict=True)
    return torch.cat(images), torch.cat(labels)


def trained(folder: Path, training: Pair, count: int, seed: int) -> torch.nn.Module:
    """The folder's network after that many epochs of gradient descent with momentum."""
    torch.manual_seed(seed)
    network = load(folder).ConvNet()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        LEARNING_RATE,
        total_steps=count * -(-len(training[0]) // BATCH),
        pct_start=WARM_UP,
        cycle_momentum=False,
    )
    for _ in epochs(network, optimizer, training, count, schedule):
        pass
    return network.eval()


def epochs(
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    training: Pair,
    count: int,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> Iterator[int]:
    """The number of each epoch, when it is over."""
    images, labels = training
    for epoch in range(count):
        network.train()
        for batch in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimizer.step()
            if schedule is not None:
                schedule.step()
        yield epoch + 1


def accuracy(network: torch.nn.Module, test: Pair) -> float:
    """Share of the test images that are told rightly."""
    network.eval()
    with torch.inference_mode():
        answers = torch.cat([network(batch).argmax(1) for batch in test[0].split(500)])
    return round((answers == test[1]).double().mean().item(), 6)


def processor() -> str:
    """What this machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


def load(folder: Path) -> ModuleType:
    """The module birds.py of a folder."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("birds", folder / "birds.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
