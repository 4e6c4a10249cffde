"""The figures that course documents state, and ours.

    make figures

Writes docs/reference/figures.md: counts, statistics and the networks of mlp_from_scratch computed
by our references on the real data, longer trainings from their records. GRADER_DATA has to name the
folder with MNIST and CIFAR-10.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterable, Sequence
from importlib import metadata

from figure_mlp import Figure, figures, mlp_from_scratch
from figure_sections import (
    birds_vs_planes,
    cifar10_cnn,
    cifar10_open,
    classic_networks,
    conv_arithmetic,
    lenet5_mnist,
    lenet5_training,
    mnist_views,
    statistics,
)
from figure_tables import NONE, ROOT

from grader.data.source import Source

PAGE = ROOT / "docs" / "reference" / "figures.md"


def page(found: Iterable[Figure], measured: Sequence[float]) -> str:
    """The page, from the networks of mlp_from_scratch and the statistics of CIFAR-10's channels.

    Its last line belongs to the machine, and so does the last column of the first table.
    """
    sections = (
        mlp_from_scratch(found),
        conv_arithmetic(),
        mnist_views(),
        lenet5_mnist(),
        lenet5_training(),
        cifar10_cnn(),
        cifar10_open(),
        birds_vs_planes(measured),
        classic_networks(),
    )
    versions = ", ".join(f"{n} {metadata.version(n)}" for n in ("numpy", "torch", "torchvision"))
    lines = [
        "# Figures of course documents, and ours",
        "",
        "Written by `make figures`, one section for each assignment. Beside each figure of the "
        "course document stands what the reference of this repository gives, on the real data. "
        "Shapes, counts, statistics and the first table are computed; longer trainings are read "
        f"from the record that the reference's `train.py` wrote. {NONE} stands where the document "
        "states no figure, or where we measured none. Accuracies are shares of 1 but in the first "
        "table.",
        "",
        *(line for section in sections for line in section.lines),
        f"Computed with Python {platform.python_version()}, {versions}, {platform.machine()}, "
        f"{time.strftime('%Y-%m-%d')}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """The page is written, and the figures that take time stand on stdout."""
    source = Source()
    for name in ("mnist", "cifar10"):
        if not source.has(name):
            sys.exit(f"figures: {name} is not here; set GRADER_DATA to the folder that holds it")
    measured = statistics(source.folder)
    print("channels of CIFAR-10:", *(f"{value:.4f}" for value in measured), flush=True)
    found = []
    for figure in figures(source.folder):
        found.append(figure)
        print(*figure.row, sep=" | ", flush=True)
    PAGE.write_text(page(found, measured), encoding="utf-8")


if __name__ == "__main__":
    main()
