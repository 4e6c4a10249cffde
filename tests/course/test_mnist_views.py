"""The assignment mnist_views: what its mistakes are told, and what honest code may look like."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from grader.grading.cohort import Cohort
from kit.graded import check, graded, mistaken, said, written
from kit.places import ROOT

SLUG = "mnist_views"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
RIGHT = (REFERENCE / "views.py").read_text(encoding="utf-8")


SAID = {
    "softmax": ("cnn_values", "it applies softmax to the right scores"),
    "tanh": ("cnn_values", "tanh"),
    "leaky": ("mlp_values", "answers differently"),
    "wide": ("mlp_layers", "100"),
    "no_padding": ("cnn_layers", "26"),
    "average_pooling": ("cnn_layers", "avg_pool2d"),
    "hidden_layer": ("logistic_layers", "linear"),
    "normalised_again": ("logistic_values", "answers differently"),
    "transposed_pictures": ("weight_pictures", "digits are mixed in every picture"),
    "shapes_turned": ("weight_shapes", "(10, 5, 3, 3)"),
    "stride_ignored": ("output_sides", "Side 631, kernel 11, padding 2, stride 4"),
    "overlap": ("data_split", "are in both parts"),
    "no_step": ("mlp_training", "each batch ends with `optimizer.step()`"),
    "kept_by_hook": ("alexnet_features", "worked in place"),
    "cuts_the_network": ("inner_features", "no longer answers what it answered before"),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Cohort, name: str) -> None:
    """The sentence says what was done, not only that numbers differ."""
    which, text = SAID[name]
    found = mistaken(group, name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert not found.needs_review


def test_every_mistake_has_its_sentence() -> None:
    assert {p.stem for p in (FOLDER / "mistakes").iterdir()} == set(SAID)


LOGISTIC = RIGHT[RIGHT.index("class LogisticRegression") : RIGHT.index("class MLP")]
NETWORKS = RIGHT[RIGHT.index("class LogisticRegression") : RIGHT.index("def split")]
LOOP = RIGHT[RIGHT.index("def train(") : RIGHT.index("def weight_pictures")]
SLICED = "    with torch.no_grad():\n        return network.features[:depth](images)\n"
PICTURES = "return network.linear.weight.detach().reshape(10, 28, 28)"
SHAPES = "return [tuple(p.shape) for p in network.parameters() if p.dim() > 1]"
SIDE = "return (side + 2 * padding - kernel) // stride + 1"

HONEST = {
    "sequential": (
        (
            NETWORKS,
            """\
def LogisticRegression():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def MLP():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 10))


def CNN():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same"), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(4, 8, 3, padding="same"), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.LazyLinear(10),
    )


""",
        ),
        ("network.linear", "network[1]"),
    ),
    "log_softmax": (
        ("return self.linear(images.flatten(1))", "return F.log_softmax(self.linear(images.flatten(1)), 1)"),
        ("return self.out(", "return torch.log_softmax(self.out("),
        ("images.flatten(1)).relu())", "images.flatten(1)).relu()), dim=1)"),
        ("return self.fc(x.flatten(1))", "return self.fc(x.flatten(1)).log_softmax(-1)"),
        ("F.cross_entropy", "F.nll_loss"),
    ),
    "matrices": (
        (
            LOGISTIC,
            """\
class LogisticRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(784, 10))
        self.b = nn.Parameter(torch.zeros(10))

    def forward(self, images):
        return images.reshape(len(images), -1) @ self.w + self.b


""",
        ),
        (PICTURES, "return network.w.t().view(10, 28, 28)"),
    ),
    "declared_in_reverse_and_functional": (
        ("        self.hidden = nn.Linear(784, 30)\n        self.out = nn.Linear(30, 10)\n",
         "        self.b = nn.Linear(30, 10)\n        self.a = nn.Linear(784, 30)\n"),
        ("self.out(self.hidden(images.flatten(1)).relu())",
         "F.linear(F.relu(F.linear(images.view(-1, 784), self.a.weight, self.a.bias)), self.b.weight, self.b.bias)"),
        ("self.conv1(images)", "self.conv1(F.pad(images, (1, 1, 1, 1)))"),
        ("nn.Conv2d(1, 4, kernel_size=3, padding=1)", "nn.Conv2d(1, 4, 3)"),
    ),
    "losses_in_a_list_and_loader": (
        (
            LOOP,
            """\
def train(network, images, labels):
    from torch.utils.data import DataLoader, TensorDataset

    losses = []
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    loss_function = nn.CrossEntropyLoss()
    for epoch in range(3):
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=50, shuffle=True):
            loss = loss_function(network(x), y)
            optimizer.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
            losses.append(loss)
    return losses


""",
        ),
    ),
    "own_descent_returns_nothing": (
        (
            LOOP,
            """\
def train(network, images, labels):
    for step in range(3 * len(images) // 32):
        batch = torch.randint(len(images), (32,))
        loss = F.cross_entropy(network(images[batch]), labels[batch])
        for p, g in zip(network.parameters(), torch.autograd.grad(loss, list(network.parameters()))):
            p.data -= 0.05 * g


""",
        ),
    ),
    "hook_with_a_copy": (
        (
            SLICED,
            """\
    kept = []
    hook = list(network.features.children())[depth - 1].register_forward_hook(
        lambda module, given, made: kept.append(made.detach().clone())
    )
    network(images)
    hook.remove()
    return kept[0]
""",
        ),
    ),
    "layer_by_layer": (
        (SLICED, "    for layer in list(network.features)[:depth]:\n        images = layer(images)\n    return images\n"),
    ),
    "children": (
        (SLICED, "    return nn.Sequential(*list(network.features.children())[:depth])(images)\n"),
    ),
    "feature_extractor": (
        (
            SLICED,
            """\
    from torchvision.models.feature_extraction import create_feature_extractor

    name = f"features.{depth - 1}"
    return create_feature_extractor(network, return_nodes={name: "wanted"})(images)["wanted"]
""",
        ),
    ),
    "arrays_and_lists": (
        (PICTURES, "w, b = network.parameters()\n    return [row.reshape(28, 28).detach().numpy() for row in w]"),
        (SHAPES, "return {n: p.shape for n, p in network.named_parameters() if 'bias' not in n}"),
        (SIDE, "return nn.Conv2d(1, 1, kernel, padding=padding, stride=stride)(torch.zeros(1, 1, side, side)).shape[-1]"),
    ),
    "shapes_of_modules_and_true_division": (
        (SHAPES, "return [list(m.weight.shape) for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]"),
        (SIDE, "import math\n    return math.floor((side - kernel + 2 * padding) / stride + 1)"),
        ("return (images[:kept], labels[:kept]), (images[kept:], labels[kept:])",
         "return [list(p) for p in zip(images.split([kept, held_out]), labels.split([kept, held_out]))]"),
    ),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", HONEST)
def test_honest_variants_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    found = written(group, tmp_path, *HONEST[name])
    assert found.score == found.max_score, said(found)


@pytest.mark.proof
def test_a_shift_of_depth_is_named(group: Cohort, tmp_path: Path) -> None:
    """Layers counted from 0: the report says which layer's features came."""
    found = written(group, tmp_path, ("[:depth]", "[: depth + 1]"))
    assert "comes out of layer 3" in check(found, "inner_features").feedback, said(found)


@pytest.mark.proof
def test_blanks_that_pass_are_the_students(group: Cohort, tmp_path: Path) -> None:
    """Functions that return nothing, or are none, are told so; nobody calls them the course's."""
    text = (FOLDER / "handout" / "views.py").read_text(encoding="utf-8")
    lines = [
        f"{line.split('raise')[0]}pass" if "raise NotImplementedError" in line else line
        for line in text.splitlines()
    ]
    (tmp_path / "views.py").write_text("\n".join(lines), encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == 0.0
    assert not found.needs_review, said(found)
    (tmp_path / "views.py").write_text("\n".join(lines) + "\nsplit = features = 3\n", "utf-8")
    found = graded(group, tmp_path)
    assert "`split` is a int, not a function" in said(found)
    assert not found.needs_review, said(found)


@pytest.mark.proof
def test_answers_that_cannot_be_read_are_the_students(group: Cohort, tmp_path: Path) -> None:
    """Wrong kinds and wrong arguments are said, with what belongs there."""
    found = written(
        group,
        tmp_path,
        ("def features(network, images, depth):", "def features(network, images):\n    depth = 1"),
        (SIDE, "return 'large'"),
        (SHAPES, "return 4"),
        (PICTURES, "return network.linear.weight.detach()"),
    )
    text = said(found)
    assert "`features` cannot be called as the brief says" in text
    assert "what `output_side` returned is a str" in text
    assert "`weight_shapes` returned a int" in text
    assert "The pictures have shape (10, 784), expected is (10, 28, 28)" in text
    assert not found.needs_review, text


@pytest.mark.parametrize(
    "path", [REFERENCE / "views.py", FOLDER / "handout" / "views.py"], ids=["reference", "handout"]
)
def test_the_notebook_is_the_module(path: Path) -> None:
    """Cell by cell the same code."""
    book = nbformat.read(path.with_suffix(".ipynb"), 4)
    cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    text = path.read_text(encoding="utf-8").partition('"""\n')[2]
    assert [line for line in cells.splitlines() if line] == [
        line for line in text.splitlines() if line
    ]


def test_the_record_reads_as_the_course_promises() -> None:
    """Logistic regression and MLP, after three epochs on 2,000 pictures: about 0.9 of 500."""
    record = json.loads((REFERENCE / "record.json").read_text(encoding="utf-8"))
    assert record["images"] == {"train": 2000, "validation": 500}
    last = {n: [] for n in ("LogisticRegression", "MLP", "CNN")}
    for run in record["runs"]:
        assert len(run["by_epoch"]) == 3
        last[run["network"]].append(run["by_epoch"][-1])
    for shares in last.values():
        assert len(shares) >= 5
        assert sum(shares) / len(shares) > 0.88
