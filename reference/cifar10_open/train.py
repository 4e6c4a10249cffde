"""Train the Net of any folder's cifar.py; write cifar.pt and record.json beside it.

    python reference/cifar10_open/train.py FOLDER [--epochs 40] [--seed 0]

Shown are CIFAR-10's 50,000 training pictures and, four times each, the 2,500 training pictures of
the offline stand-in, so that the weights read both. Each time a picture is shown it is flipped or
not, shifted, and changed in contrast and brightness, all at random. Needs CIFAR-10 (--data or
$GRADER_DATA). The numbers after the last epoch are kept, whatever they score: choosing by test
accuracy would flatter them. They are stored in float16, and the accuracy in the record's first
lines is that of what is stored.
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

import torch

from grader import data

EPOCHS = 40  # passes over the 60,000 training pictures
BATCH = 128  # pictures per step
LEARNING_RATE = 0.1  # peak, reached after WARM_UP, then down to 0 along a cosine
WARM_UP = 0.2  # share of all steps
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
SMOOTHING = 0.05  # of the labels
SHIFT = 4  # pixels, largest, along each axis; the edge is mirrored
CONTRAST = 0.2  # largest share by which differences from grey grow or shrink
BRIGHTNESS = 0.1  # largest number added or taken
STAND_IN_COPIES = 4  # times each stand-in picture is shown per epoch
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
    shown = mixed(*(split(source, "train") for source in sources.values()))
    tests = {f"{name}_test": split(source, "test") for name, source in sources.items()}
    torch.manual_seed(options.seed)
    network = load(options.folder).Net().to(memory_format=torch.channels_last)
    curve = []
    for epoch, loss, seconds, cpu_seconds in trained(network, shown, options.epochs):
        found = {name: round(accuracy(network, test), 4) for name, test in tests.items()}
        curve.append(
            {
                "epoch": epoch,
                "loss": round(loss, 4),
                **found,
                "seconds": round(seconds, 1),
                "cpu_seconds": round(cpu_seconds, 1),
            }
        )
        print(curve[-1], flush=True)
    stored = {
        name: value.half() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(stored)
    torch.save(stored, options.folder / "cifar.pt")
    record = {
        "accuracy": measure(network, sources),
        "images": {name: len(test[1]) for name, test in tests.items()},
        "parameters": sum(p.numel() for p in network.parameters()),
        "seed": options.seed,
        "epochs": options.epochs,
        "seconds": round(sum(row["seconds"] for row in curve), 1),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in curve), 1),
        "curve": curve,
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
    parser.add_argument("--data", type=Path, help="folder with CIFAR-10; $GRADER_DATA if not given")
    return parser.parse_args()


def split(source: data.Source, name: str, *, altered: bool = False) -> Pictures:
    """Pictures (N, 3, 32, 32), each number 0 to 1, and labels (N,)."""
    describe = data.train if name == "train" else data.test
    pictures = describe("cifar10", normalised=False, altered=altered)
    images, labels = pictures.images.load(0, source), pictures.labels.reveal(source)
    return torch.tensor(images), torch.tensor(labels)


def mixed(real: Pictures, stand_in: Pictures) -> Pictures:
    """All real training pictures, and those of the stand-in as often as is said above."""
    return (
        torch.cat([real[0], *[stand_in[0]] * STAND_IN_COPIES]),
        torch.cat([real[1], *[stand_in[1]] * STAND_IN_COPIES]),
    )


def trained(network: torch.nn.Module, shown: Pictures, epochs: int):
    """Train; after each epoch yield its number, mean loss, and the seconds and CPU seconds taken,
    with the network ready to predict.
    """
    images, labels = shown
    steps = epochs * -(-len(images) // BATCH)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others}],
        LEARNING_RATE,
        momentum=MOMENTUM,
        nesterov=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP, cycle_momentum=False
    )
    measure = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for epoch in range(1, epochs + 1):
        began, cpu_began, total = time.perf_counter(), time.process_time(), 0.0
        network.train()
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = measure(network(changed(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        network.eval()
        yield (
            epoch,
            total / len(images),
            time.perf_counter() - began,
            time.process_time() - cpu_began,
        )


def changed(images: torch.Tensor) -> torch.Tensor:
    """Each picture flipped or not, shifted, and of another contrast and brightness."""
    count, side = len(images), images.shape[-1]
    padded = torch.nn.functional.pad(images, [SHIFT] * 4, mode="reflect")
    across = torch.arange(side).expand(count, side)
    flipped = torch.rand(count, 1) < 0.5
    columns = torch.where(flipped, side - 1 - across, across)
    columns = columns + torch.randint(2 * SHIFT + 1, (count, 1))
    rows = across + torch.randint(2 * SHIFT + 1, (count, 1))
    picture = torch.arange(count)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None, :]]
    moved = moved.permute(0, 3, 1, 2)
    contrast = 1 + CONTRAST * (2 * torch.rand(count, 1, 1, 1) - 1)
    brightness = BRIGHTNESS * (2 * torch.rand(count, 1, 1, 1) - 1)
    return (moved - 0.5) * contrast + 0.5 + brightness


def measure(network: torch.nn.Module, sources: dict[str, data.Source]) -> dict[str, float]:
    """Accuracy on each test split as it is, and as the grader shows it where no secret is set."""
    return {
        f"{name}_test{', altered' * altered}": round(
            accuracy(network, split(source, "test", altered=altered)), 4
        )
        for name, source in sources.items()
        for altered in (False, True)
    }


def accuracy(network: torch.nn.Module, test: Pictures) -> float:
    """Share of the pictures, shown as they are, that are classified rightly."""
    with torch.inference_mode():
        scores = torch.cat([network(batch) for batch in test[0].split(500)])
    return (scores.argmax(1) == test[1]).double().mean().item()


def load(folder: Path) -> ModuleType:
    """The module cifar.py of a folder."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("cifar", folder / "cifar.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
