"""Train the three networks of views.py as the brief says; write record.json beside it.

    python reference/mnist_views/train.py [--runs 5] [--seed 0] [--data FOLDER]

Pictures are the first 2,000 of MNIST's training set; accuracy is that on the 500 after them. Needs
MNIST (--data or $GRADER_DATA).
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
PICTURES = 2500  # of the training set: 2,000 to learn from, 500 to validate with


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="with the seeds that follow")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="folder with MNIST; $GRADER_DATA if not given")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    sys.dont_write_bytecode = True
    import views  # noqa: PLC0415  the folder is known only now

    torch.set_num_threads(1)
    digits, source = data.train("mnist", limit=PICTURES), data.Source(options.data)
    images = torch.tensor(digits.images.load(0, source))
    labels = torch.tensor(digits.labels.reveal(source))
    (images, labels), (others, answers) = views.split(images, labels)
    runs = []
    for seed in range(options.seed, options.seed + options.runs):
        for kind in (views.LogisticRegression, views.MLP, views.CNN):
            torch.manual_seed(seed)
            network = kind()
            began, course = time.perf_counter(), []
            for _ in views.train(network, images, labels):
                with torch.inference_mode():
                    right = network(others).argmax(1) == answers
                course.append(right.double().mean().item())
            seconds = round(time.perf_counter() - began, 2)
            runs.append(
                {"network": kind.__name__, "seed": seed, "by_epoch": course, "seconds": seconds}
            )
            print(runs[-1], flush=True)
    record = {
        "images": {"train": len(images), "validation": len(others)},
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


if __name__ == "__main__":
    main()
