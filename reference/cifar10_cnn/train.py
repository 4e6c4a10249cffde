"""Train the SmallCNN of any folder's cifar.py; write cifar.pt and record.json beside it.

    python reference/cifar10_cnn/train.py FOLDER [--epochs 8] [--seed 0] [--runs 3]

Shown are CIFAR-10's 50,000 training pictures and, four times each, the 2,500 training pictures of
the offline stand-in, so that the weights read both. Needs CIFAR-10 (--data or $GRADER_DATA). With
several runs the first one's weights are kept, whatever they score: choosing by test accuracy would
flatter them. They are stored in float16, and their accuracy is that of what is stored.

The record also holds the figure that course documents give: a network that sees the real pictures
alone, four times, in batches of four, with a constant learning rate.
"""

import argparse
import importlib.util
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from grader import data

EPOCHS = 8  # passes over the 60,000 training pictures
BATCH = 50  # pictures per step
LEARNING_RATE = 0.03  # peak, reached after WARM_UP, then down to 0 along a cosine
WARM_UP = 0.2  # share of all steps
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4  # of weights and biases alike, per step and unit of learning rate
STAND_IN_COPIES = 4  # times each stand-in picture is shown per epoch
PLAIN = {"epochs": 4, "batch": 4, "learning_rate": 0.001, "momentum": 0.9}
THREADS = 1
NOWHERE = Path("/nonexistent")  # a root without data sets, where the stand-in serves

Pictures = tuple[torch.Tensor, torch.Tensor]


def main() -> None:
    options = arguments()
    torch.set_num_threads(THREADS)
    sources = {
        "cifar10": data.Source(options.data),
        "stand_in": data.Source(NOWHERE, stand_in=True),
    }
    shown = {name: split(source, "train") for name, source in sources.items()}
    tests = {f"{name}_test": split(source, "test") for name, source in sources.items()}
    module = load(options.folder)
    runs = []
    for seed in range(options.seed, options.seed + options.runs):
        began = time.perf_counter()
        network = trained(module, mixed(shown), epochs=options.epochs, seed=seed)
        seconds = round(time.perf_counter() - began, 1)
        stored = {name: value.half() for name, value in network.state_dict().items()}
        network.load_state_dict(stored)
        found = {name: round(accuracy(network, test), 4) for name, test in tests.items()}
        runs.append({"seed": seed, **found, "seconds": seconds})
        print(runs[-1], flush=True)
        if seed == options.seed:
            torch.save(stored, options.folder / "cifar.pt")
            by_class = {name: each_class(module, network, test) for name, test in tests.items()}
    record = {
        "accuracy": {name: runs[0][name] for name in tests},
        "accuracy_by_class": by_class,
        "images": {name: len(test[1]) for name, test in tests.items()},
        "runs": runs,
        "seed": options.seed,
        "epochs": options.epochs,
        "real_data_alone": plain(module, shown["cifar10"], tests["cifar10_test"], options.seed),
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
        },
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"{THREADS} thread",
    }
    (options.folder / "record.json").write_text(json.dumps(record, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds cifar.py; gets cifar.pt and record.json")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3, help="with the seeds that follow")
    parser.add_argument("--data", type=Path, help="folder with CIFAR-10; $GRADER_DATA if not given")
    return parser.parse_args()


def split(source: data.Source, name: str) -> Pictures:
    """Pictures (N, 3, 32, 32), normalised, and labels (N,)."""
    pictures = data.train("cifar10") if name == "train" else data.test("cifar10")
    images, labels = pictures.images.load(0, source), pictures.labels.reveal(source)
    return torch.tensor(images), torch.tensor(labels)


def mixed(shown: dict[str, Pictures]) -> Pictures:
    """All real training pictures, and those of the stand-in as often as is said above."""
    (images, labels), (others, their_labels) = shown["cifar10"], shown["stand_in"]
    return (
        torch.cat([images, *[others] * STAND_IN_COPIES]),
        torch.cat([labels, *[their_labels] * STAND_IN_COPIES]),
    )


def trained(module: ModuleType, shown: Pictures, *, epochs: int, seed: int) -> torch.nn.Module:
    """The module's network after `epochs` passes of stochastic gradient descent."""
    torch.manual_seed(seed)
    network, (images, labels) = module.SmallCNN(), shown
    optimizer = torch.optim.SGD(
        network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        LEARNING_RATE,
        total_steps=epochs * -(-len(images) // BATCH),
        pct_start=WARM_UP,
        cycle_momentum=False,
    )
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH):
            module.training_step(network, optimizer, images[batch], labels[batch])
            schedule.step()
    return network.eval()


def plain(module: ModuleType, shown: Pictures, test: Pictures, seed: int) -> dict[str, Any]:
    """Mean loss of each epoch and accuracy after it, on the real pictures alone."""
    torch.manual_seed(seed)
    network, (images, labels) = module.SmallCNN(), shown
    optimizer = torch.optim.SGD(
        network.parameters(), lr=PLAIN["learning_rate"], momentum=PLAIN["momentum"]
    )
    losses, accuracies, seconds = [], [], 0.0
    for _ in range(PLAIN["epochs"]):
        began = time.perf_counter()
        total = 0.0
        for batch in torch.randperm(len(images)).split(PLAIN["batch"]):
            loss = module.training_step(network.train(), optimizer, images[batch], labels[batch])
            total += loss * len(batch)
        seconds += time.perf_counter() - began
        losses.append(round(total / len(images), 4))
        accuracies.append(round(accuracy(network.eval(), test), 4))
        print({"epoch": len(losses), "loss": losses[-1], "accuracy": accuracies[-1]}, flush=True)
    return {
        **PLAIN,
        "seed": seed,
        "losses": losses,
        "accuracies": accuracies,
        "seconds": round(seconds, 1),
    }


def accuracy(network: torch.nn.Module, test: Pictures) -> float:
    """Share of the test pictures that are classified rightly."""
    return (scores(network, test).argmax(1) == test[1]).double().mean().item()


def each_class(module: ModuleType, network: torch.nn.Module, test: Pictures) -> list[float]:
    """The same share for each class."""
    return [round(a, 4) for a in module.accuracy_by_class(scores(network, test), test[1]).tolist()]


def scores(network: torch.nn.Module, test: Pictures) -> torch.Tensor:
    with torch.inference_mode():
        return torch.cat([network(batch) for batch in test[0].split(500)])


def load(folder: Path) -> ModuleType:
    """The module cifar.py of a folder."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("cifar", folder / "cifar.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
