"""docs/reference/figures.md says what `make figures` computes, and what the documents state."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from grader.data.source import Source
from kit.places import ROOT

REAL = Source()
needs_data = pytest.mark.skipif(
    not (REAL.has("mnist") and REAL.has("cifar10")),
    reason="the real MNIST and CIFAR-10 are not here: name their folder in GRADER_DATA",
)
PAGE = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures() -> Iterator[ModuleType]:
    """benchmarks/figures.py, which finds its parts beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("figures")


def section(slug: str) -> str:
    """The committed section of an assignment."""
    (found,) = re.findall(rf"(?ms)^## {slug}\b.*?(?=^## |\Z)", PAGE)
    return str(found)


def table(slug: str) -> dict[str, list[str]]:
    """Cells of each row of the committed table by its first one, without its head."""
    lines = [line for line in section(slug).splitlines() if line.startswith("| ")]
    found = [line.strip("| ").split(" | ") for line in lines[1:]]
    rows = {name: cells for name, *cells in found}
    assert len(rows) == len(found), "two rows have the same name"
    return rows


def settled(page: str) -> list[str]:
    """The page without seconds and the line that names the machine and the day."""
    first, rest = page.split("\n## conv_arithmetic")
    first = re.sub(r"(?m)\|[^|\n]*\|$", "|", first)
    rest = re.sub(r"(?m)^Computed with .*$", "", rest)
    return [*first.splitlines(), *rest.splitlines()]


def test_there_is_a_section_for_each_assignment() -> None:
    """The one that is left out would show."""
    titles = re.findall(r"(?m)^## (\w+)", PAGE)
    assert sorted(titles) == sorted(p.parent.name for p in ROOT.glob("assignments/*/assignment.py"))


def test_the_page_has_the_form_that_is_written(figures: ModuleType) -> None:
    """Counts and shapes are computed again and records read again; what needs the real data is
    taken from the page. Every line is as the code of today writes it.
    """
    made = [
        figures.Figure(
            title=name,
            promised=cells[0],
            test=float(cells[1]),
            last=float(cells[2]),
            margin=float(cells[3]),
            seconds=float(cells[4]),
        )
        for name, cells in table("mlp_from_scratch").items()
    ]
    measured = [float(cells[1]) for cells in list(table("birds_vs_planes").values())[:6]]
    assert settled(figures.page(made, measured)) == settled(PAGE)


def test_mlp_from_scratch_gives_the_accuracies_of_the_document() -> None:
    """Five networks, to two digits of a percent."""
    rows = table("mlp_from_scratch").values()
    assert [cells[0] for cells in rows] == ["59.57", "88.15", "88.15", "88.15", "87.61"]
    assert all(cells[1] == cells[0] for cells in rows)


def test_shapes_and_counts_are_those_of_the_documents() -> None:
    """Where a document states what can be computed, ours is equal, but for what is named here:
    the means of the channels, and the totals for which a reason is given.
    """
    apart = {
        name
        for slug in re.findall(r"(?m)^## (\w+)", PAGE)
        for name, cells in table(slug).items()
        if "accuracy" not in name and cells[0] not in ("—", cells[1])
    }
    means = {f"mean of {colour}" for colour in ("red", "green", "blue")}
    assert apart == means | {"`AlexNet`", "`VGG16`", "`ResNet18`"}


def test_the_means_of_the_channels_are_nearly_those_of_the_document() -> None:
    """They differ in the fourth digit, the deviations in none."""
    rows = list(table("birds_vs_planes").values())[:6]
    assert [cells[1] for cells in rows] == [
        "0.4914",
        "0.4822",
        "0.4465",
        "0.2470",
        "0.2435",
        "0.2616",
    ]
    assert all(abs(float(cells[0]) - float(cells[1])) < 4e-4 for cells in rows)


@pytest.mark.parametrize(
    ("slug", "name", "count"),
    [
        ("mnist_views", "parameters of `LogisticRegression`", "7,850"),
        ("mnist_views", "parameters of `MLP`", "23,860"),
        ("mnist_views", "parameters of `CNN`", "4,266"),
        ("lenet5_mnist", "parameters", "61,706"),
        ("lenet5_training", "parameters", "61,706"),
        ("cifar10_cnn", "parameters", "62,006"),
        ("cifar10_open", "parameters", "113,570"),
        ("birds_vs_planes", "parameters of `ShallowNet()`", "393,602"),
        ("birds_vs_planes", "parameters of `DeepNet()`", "3,737,474"),
        ("birds_vs_planes", "parameters of `ConvNet()`", "18,090"),
        ("birds_vs_planes", "parameters of `ConvNet(32)`", "38,386"),
        ("birds_vs_planes", "parameters of `BatchNormNet()`", "18,138"),
        ("classic_networks", "`AlexNet`", "61,100,840"),
        ("classic_networks", "`VGG16`", "138,357,544"),
        ("classic_networks", "`ResNet18`", "11,689,512"),
    ],
)
def test_parameters_are_as_many_as_the_assignments_say(slug: str, name: str, count: str) -> None:
    """So does the page; ConvNet(32) is counted in a check, not in the brief."""
    folder = ROOT / "assignments" / slug
    told = [(folder / file).read_text(encoding="utf-8") for file in ("README.md", "assignment.py")]
    assert table(slug)[name][1] == count
    assert any(count in text for text in told)


@pytest.mark.parametrize(
    ("slug", "name", "least"),
    [
        ("lenet5_training", "test accuracy after epoch 5", 0.98),
        ("lenet5_mnist", "`lenet.pt`, test accuracy", 0.98),
        ("cifar10_cnn", "test accuracy after epoch 4", 0.6),
        ("cifar10_open", "test accuracy on altered pictures", 0.85),
        ("birds_vs_planes", "`ConvNet`, test accuracy after epoch 20", 0.84),
        ("mnist_views", "`LogisticRegression`, accuracy after epoch 3", 0.88),
        ("mnist_views", "`MLP`, accuracy after epoch 3", 0.88),
        ("mnist_views", "`CNN`, accuracy after epoch 3", 0.88),
    ],
)
def test_trainings_reach_what_they_have_to(slug: str, name: str, least: float) -> None:
    """In every recorded run, the least of them included."""
    assert float(table(slug)[name][1].split()[0]) >= least


@pytest.mark.parametrize(
    "slug",
    [
        "mnist_views",
        "lenet5_mnist",
        "lenet5_training",
        "cifar10_cnn",
        "cifar10_open",
        "birds_vs_planes",
    ],
)
def test_trainings_say_where_they_come_from(slug: str) -> None:
    """Record, seed, time and versions stand below the table."""
    line = section(slug).rstrip().splitlines()[-1]
    assert f"`reference/{slug}/record.json`: seed" in line
    assert re.search(r"\d s\b.*, Python [\d.]+, torch [\d.]+.*, torchvision [\d.]+", line)


def test_every_printed_total_has_its_reason() -> None:
    """The reason is that of the brief, and where it gives numbers they explain the difference."""
    rows = table("classic_networks")
    brief = (ROOT / "assignments" / "classic_networks" / "README.md").read_text(encoding="utf-8")
    assert all(f"| {cells[2]} |" in brief for cells in rows.values())
    vgg, resnet = rows["`VGG16`"], rows["`ResNet18`"]
    assert number(vgg[0]) - number(vgg[1]) == 2 * 2 * 128 * 128 + 128
    assert f"{2 * 2 * 128 * 128 + 128:,}" in vgg[2]
    assert number(resnet[0]) - number(resnet[1]) == 3_904 - 9_600 - 172_032
    assert all(part in resnet[2] for part in ("3,904 more", "9,600 fewer", "172,032 fewer"))


def number(text: str) -> int:
    """A number as it is printed."""
    return int(text.replace(",", ""))


@pytest.mark.proof
@needs_data
def test_the_figures_are_those_of_the_real_data(figures: ModuleType) -> None:
    """Computed again, everything but the seconds is as it stands there."""
    made = figures.page(figures.figures(REAL.folder), figures.statistics(REAL.folder))
    assert settled(made) == settled(PAGE)
