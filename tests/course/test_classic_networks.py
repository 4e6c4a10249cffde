"""The assignment classic_networks: its figures, equally right forms, near relatives, mistakes."""

from __future__ import annotations

import math
import re
import runpy
from pathlib import Path

import nbformat
import pytest

from grader.diagnosis.network import diagnose_dropouts
from grader.grading.cohort import Cohort
from grader.inside.shims import vision
from grader.records.measurements import Dropouts
from kit.classic_forms import NEAR, RIGHT
from kit.graded import check, graded, said
from kit.measuring import names
from kit.places import ROOT
from kit.slow import in_proofs

torch = pytest.importorskip("torch")
vision.install()

SLUG = "classic_networks"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
COUNTS = {"AlexNet": 61_100_840, "VGG16": 138_357_544, "ResNet18": 11_689_512}
BRIEF = (FOLDER / "README.md").read_text(encoding="utf-8")


def counted(space: dict[str, object], name: str) -> int:
    """Parameters of a class; on the meta device they take no memory."""
    with torch.device("meta"):
        made = space[name]()  # type: ignore[operator]
    return sum(math.prod(p.shape) for p in made.parameters())


@pytest.mark.parametrize("name", ["AlexNet", "ResNet18", *in_proofs("VGG16")])
def test_the_reference_computes_what_torchvision_does(name: str) -> None:
    """It has the counts of the brief; with torchvision's weights, in their order, its answers."""
    from torchvision import models

    space = runpy.run_path(str(REFERENCE / "classics.py"))
    assert counted(space, name) == COUNTS[name]
    torch.manual_seed(0)
    theirs = getattr(models, name.lower())().eval()
    with torch.device("meta"):
        ours = space[name]().eval()
    given = [*theirs.parameters(), *theirs.buffers()]
    names = [n for n, _ in [*ours.named_parameters(), *ours.named_buffers()]]
    ours.load_state_dict(dict(zip(names, given, strict=True)), assign=True)
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


def test_the_figures_of_the_brief_are_those_of_networks() -> None:
    """Every other figure in print is the count of the relative that the brief says it is of."""
    for source, found in NEAR.values():
        space = names(source)
        for name, (count, _, _) in found.items():
            assert counted(space, name) == count
            assert f"| {count:,} |" in BRIEF


def test_the_tables_of_the_brief_add_up() -> None:
    """The parameters of each table sum to the number below it."""
    tables = re.findall(r"\| step \|.*?Together \*\*([\d,]+)\*\*", BRIEF, re.DOTALL)
    parts = re.split(r"Together \*\*[\d,]+\*\*", BRIEF)[:3]
    sums = [
        sum(int(n.replace(",", "")) for n in re.findall(r"\| ([\d,]{4,}) \|\n", part))
        for part in parts
    ]
    assert sums == list(COUNTS.values())
    assert tables == [f"{n:,}" for n in COUNTS.values()]


@pytest.mark.parametrize(
    "path", [REFERENCE / "classics.py", FOLDER / "handout" / "classics.py"], ids=str
)
def test_the_notebook_is_the_module(path: Path) -> None:
    """Cell by cell the same code."""
    book = nbformat.read(path.with_suffix(".ipynb"), 4)
    cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    text = path.read_text(encoding="utf-8").partition('"""\n\n')[2]
    assert [line for line in cells.splitlines() if line] == [
        line for line in text.splitlines() if line
    ]


@pytest.mark.parametrize(
    ("layers", "places", "told"),
    [
        ("abc", [(1, 0.5), (2, 0.5)], ""),
        ("xabc", [(2, 0.5), (3, 0.5)], ""),  # a layer too many in front
        ("abcx", [(1, 0.5), (2, 0.5)], ""),  # at the end
        ("bc", [(0, 0.5), (1, 0.5)], ""),  # one that is missing
        ("abc", [(1, 0.5)], "drops nothing after `b`, ours drops 50%"),
        ("xabc", [(2, 0.5), (3, 0.2)], "drops 20% after `b`, ours drops 50%"),
        ("abc", [(0, 0.5), (1, 0.5), (2, 0.5)], "drops 50% of the input, ours drops nothing"),
        ("abc", [(2, 0.5), (3, 0.5)], "drops nothing after `a`, ours drops 50%"),
    ],
)
def test_dropout_is_placed_from_either_end(
    layers: str, places: list[tuple[int, float]], told: str
) -> None:
    """A layer too many or too few elsewhere moves no dropout; one in the wrong place is named."""
    expected = Dropouts(layers=tuple("abc"), places=((1, 0.5), (2, 0.5)))
    seen = Dropouts(layers=tuple(layers), places=tuple(places))
    found = diagnose_dropouts(seen, expected)
    assert (found is not None and told in found.sentence) if told else found is None


# ---------------------------------------------------------------------- graded in boxes


@pytest.mark.proof
@pytest.mark.parametrize("name", RIGHT)
def test_equally_right_forms_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Style, names and order of declaration are the student's."""
    (tmp_path / "classics.py").write_text(RIGHT[name], encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == found.max_score, said(found)


@pytest.mark.proof
@pytest.mark.parametrize("name", NEAR)
def test_relatives_get_what_the_brief_announces(group: Cohort, tmp_path: Path, name: str) -> None:
    """Half for the count, at least half for the layers, nothing for the values, and the reason.

    Dropout is where it should be, whatever stands before it.
    """
    source, expected = NEAR[name]
    (tmp_path / "classics.py").write_text(source, encoding="utf-8")
    found = graded(group, tmp_path)
    for which, (_, why, what) in expected.items():
        prefix = which.lower()
        count, layers = (check(found, f"{prefix}_{part}") for part in ("count", "layers"))
        assert count.earned == 3, count.feedback
        assert 5.5 <= layers.earned < 11, layers.feedback
        assert why in count.feedback
        assert why in layers.feedback
        assert what in layers.feedback
        assert check(found, f"{prefix}_values").earned == 0
    for which in COUNTS.keys() - expected.keys():
        for part in ("count", "layers", "values"):
            assert check(found, f"{which.lower()}_{part}").outcome == "passed"
    assert check(found, "dropout").outcome == "passed"
    assert not found.needs_review


SAID = {
    "no_shortcut": ("resnet18_values", "your network applies relu there, ours add and relu"),
    "no_dropout": ("dropout", "your network drops nothing after `fc6`, ours drops 50% there"),
    "always_thousand": ("other_classes", "(N, 1000), expected is (N, 7)"),
    "detached_shortcut": ("two_steps", "After the first step"),
    "softmax": ("alexnet_values", "applies softmax there, ours nothing"),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Cohort, name: str) -> None:
    """The sentence says what was seen and what was expected."""
    which, text = SAID[name]
    found = graded(group, FOLDER / "mistakes" / name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback, lost.feedback
    assert not found.needs_review


@pytest.mark.proof
def test_numbers_without_layers_earn_nothing(group: Cohort, tmp_path: Path) -> None:
    """Who only makes up the count of a relative is not taken for it."""
    source = (
        RIGHT["sequences, flattened at 224"]
        + """

class VGG16(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.numbers = nn.Parameter(torch.zeros(138_423_208))

    def forward(self, x):
        return torch.zeros(len(x), 1000) + 0 * self.numbers.sum()
"""
    )
    (tmp_path / "classics.py").write_text(source, encoding="utf-8")
    found = graded(group, tmp_path)
    for what in ("layers", "count", "values"):
        assert check(found, f"vgg16_{what}").earned == 0, said(found)
