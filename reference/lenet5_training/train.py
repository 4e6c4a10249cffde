"""Train LeNet-5 from scratch with the defaults of training.py; write record.json beside it.

    python reference/lenet5_training/train.py [--runs 1] [--seed 0] [--data FOLDER]

Shown are all 60,000 training digits of MNIST, counted after each epoch its 10,000 test digits.
Needs MNIST (--data or $GRADER_DATA). Seconds are CPU time of training alone, on one thread.
"""

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch

from grader import data

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1, help="with the seeds that follow")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="folder with MNIST; $GRADER_DATA if not given")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    sys.dont_write_bytecode = True
    import training  # noqa: PLC0415  the folder is known only now

    torch.set_num_threads(1)
    source = data.Source(options.data)
    shown, unseen = data.train("mnist", size=32), data.test("mnist", size=32)
    images, digits = (torch.tensor(s.images.load(0, source)) for s in (shown, unseen))
    labels, answers = (torch.tensor(s.labels.reveal(source)) for s in (shown, unseen))
    runs = []
    for seed in range(options.seed, options.seed + options.runs):
        torch.manual_seed(seed)
        network = training.lenet5_sequential()
        course, losses, seconds = [], [], 0.0
        began = time.process_time()
        for loss in training.train(network, images, labels):
            seconds += time.process_time() - began
            losses.append(round(loss, 4))
            course.append(accuracy(network, digits, answers))
            print(f"epoch {len(losses)}: loss {loss:.4f}, test {course[-1]:.4f}", flush=True)
            began = time.process_time()
        runs.append(
            {"seed": seed, "test_by_epoch": course, "losses": losses, "cpu_seconds": round(seconds)}
        )
    record = {
        "accuracy": {"mnist_test": runs[0]["test_by_epoch"][-1]},
        "images": {"mnist_train": len(images), "mnist_test": len(digits)},
        "recipe": "5 epochs, batches of 64, learning rate 0.01, momentum 0.5",
        "runs": runs,
        "seed": options.seed,
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
        },
        "machine": f"{platform.system()} {platform.machine()}, one thread",
    }
    (HERE / "record.json").write_text(json.dumps(record, indent=2) + "\n")


def accuracy(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of pictures that are read rightly, in eval mode."""
    with torch.inference_mode():
        network.eval()
        right = [
            (network(part).argmax(1) == truth).sum().item()
            for part, truth in zip(images.split(500), labels.split(500), strict=True)
        ]
    return sum(right) / len(images)


if __name__ == "__main__":
    main()
