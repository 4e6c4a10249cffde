"""Train the LeNet5 of any folder's lenet.py; write lenet.pt and record.json beside it.

    python reference/lenet5_mnist/train.py FOLDER [--epochs 3] [--seed 0] [--runs 1]

Shown are MNIST's 60,000 training digits and, five times each, the 1,297 training digits of the
offline stand-in, so that the weights read both. Needs MNIST (--data or $GRADER_DATA). With several
runs the first one's weights are kept, whatever they score: choosing by test accuracy would flatter
them.
"""

import argparse
import importlib.util
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import torch
from torch.nn import functional

from grader import data

EPOCHS = 3  # passes over the 66,485 training pictures
BATCH = 64  # pictures per step
LEARNING_RATE = 0.03  # peak, reached after WARM_UP, then down to 0 along a cosine
WARM_UP = 0.1  # share of all steps
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4  # of weights and biases alike, per step and unit of learning rate
STAND_IN_COPIES = 5  # times each stand-in digit is shown per epoch
NOWHERE = Path("/nonexistent")  # a root without data sets, where the stand-in serves


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    real = data.Source(options.data)
    stand_in = data.Source(NOWHERE, stand_in=True)
    images, labels = training_set(real, stand_in)
    runs = []
    for seed in range(options.seed, options.seed + options.runs):
        began = time.perf_counter()
        network = trained(options.folder, images, labels, epochs=options.epochs, seed=seed)
        seconds = time.perf_counter() - began
        run = {
            "seed": seed,
            "mnist_test": accuracy(network, real),
            "stand_in_test": accuracy(network, stand_in),
            "seconds": round(seconds, 1),
        }
        print(run, flush=True)
        runs.append(run)
        if seed == options.seed:
            torch.save(network.state_dict(), options.folder / "lenet.pt")
    record = {
        "accuracy": {name: runs[0][name] for name in ("mnist_test", "stand_in_test")},
        "images": {"mnist_test": 10_000, "stand_in_test": 500},
        "runs": runs,
        "seed": options.seed,
        "epochs": options.epochs,
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
        },
        "machine": f"{platform.system()} {platform.machine()}, one thread",
    }
    (options.folder / "record.json").write_text(json.dumps(record, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds lenet.py; gets lenet.pt and record.json")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1, help="with the seeds that follow")
    parser.add_argument("--data", type=Path, help="folder with MNIST; $GRADER_DATA if not given")
    return parser.parse_args()


def training_set(real: data.Source, stand_in: data.Source) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (66485, 1, 32, 32) and labels of both sets."""
    images, labels = [], []
    for source, copies in ((real, 1), (stand_in, STAND_IN_COPIES)):
        digits = data.train("mnist", size=32)
        images += [torch.tensor(digits.images.load(0, source))] * copies
        labels += [torch.tensor(digits.labels.reveal(source))] * copies
    return torch.cat(images), torch.cat(labels)


def trained(
    folder: Path, images: torch.Tensor, labels: torch.Tensor, *, epochs: int, seed: int
) -> torch.nn.Module:
    """The folder's network after `epochs` passes of stochastic gradient descent."""
    torch.manual_seed(seed)
    network = load(folder).LeNet5()
    steps = epochs * -(-len(images) // BATCH)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP, cycle_momentum=False
    )
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def accuracy(network: torch.nn.Module, source: data.Source) -> float:
    """Share of the source's test digits that are read rightly."""
    digits = data.test("mnist", size=32)
    images = torch.tensor(digits.images.load(0, source))
    with torch.inference_mode():
        answers = torch.cat([network(batch).argmax(1) for batch in images.split(500)])
    return (answers == torch.tensor(digits.labels.reveal(source))).double().mean().item()


def load(folder: Path) -> ModuleType:
    """The module lenet.py of a folder."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("lenet", folder / "lenet.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
