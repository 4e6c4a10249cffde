"""The assignment lenet5_training: what its mistakes are told, and what honest code may look like."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from grader.grading.cohort import Cohort
from kit.graded import check, graded, mistaken, said, written
from kit.places import ROOT

SLUG = "lenet5_training"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
RIGHT = (REFERENCE / "training.py").read_text(encoding="utf-8")


SAID = {
    "own_class": ("sequential_form", "returns a Net, not a Sequential", 0),
    "leaky": ("values", "answers differently", 0),
    "pictures_of_28": ("parameter_count", "44,426", 0),
    "wide": ("layer_shapes", "200", None),
    "whole_network": ("plain_file", "it is a pickled object", 0),
    "never_filled": ("save_and_load", "answers otherwise than the saved one did", 0),
    "one_for_all": ("stands_alone", "a step of one changes the other", 0),
    "frozen": ("stands_alone", "0 parameters can be trained", 0),
    "never_zeroed": ("recipe", "Gradients of earlier batches are still there", 11.25),
    "adam": ("recipe", "as Adam does", 7.5),
    "no_momentum": ("recipe", "The momentum is 0.00, expected is 0.5", 11.25),
    "sum_of_batch": ("recipe", "The loss is the sum over a batch", 11.25),
    "own_settings": ("arguments_count", "The learning rate is 0.01, expected is 0.2", 0),
    "yields_each_step": ("epochs", "after each of its 15 steps, not after each of 5 epochs", 6),
    "same_order": ("epochs", "in the order in which they were given", 6),
    "with_replacement": ("epochs", "different pictures of 150, some of them repeatedly", 6),
    "last_left_out": ("epochs", "An epoch shows 128 of 150 pictures", 6),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Cohort, name: str) -> None:
    """The sentence says what was done; the points that are left are those the brief announces."""
    which, text, points = SAID[name]
    found = mistaken(group, name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert points is None or lost.earned == pytest.approx(points)
    assert not found.needs_review


def test_every_mistake_has_its_sentence() -> None:
    assert {p.stem for p in (FOLDER / "mistakes").iterdir()} == set(SAID)


BUILT = RIGHT[RIGHT.index("def lenet5_sequential") : RIGHT.index("def save")]
LAYERS = BUILT[BUILT.index("nn.Sequential(") : BUILT.rindex(")") + 1]
LOOP = RIGHT[RIGHT.index("def train(") :]
SIGNATURE = LOOP.partition("\n")[0] + "\n"
SAVE = "torch.save(network.state_dict(), path)"
LOAD = "network.load_state_dict(torch.load(path, weights_only=True))"
BATCHES = "for batch in torch.randperm(len(images)).split(batch_size):"

HONEST = {
    "ordered_and_nested": (
        (
            BUILT,
            """\
from collections import OrderedDict


def lenet5_sequential():
    classifier = nn.Sequential(
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
    )
    features = OrderedDict(
        c1=nn.Conv2d(1, 6, 5), p1=nn.MaxPool2d(2), r1=nn.ReLU(inplace=True),
        c2=nn.Conv2d(6, 16, 5), p2=nn.MaxPool2d(2, 2), r2=nn.ReLU(inplace=True),
    )
    return nn.Sequential(nn.Sequential(features), nn.Flatten(start_dim=1), classifier)


""",
        ),
    ),
    "log_softmax": (
        ("nn.Linear(84, 10),", "nn.Linear(84, 10),\n        nn.LogSoftmax(dim=1),"),
    ),
    "subclass_of_sequential": (
        (
            BUILT,
            f"""\
class LeNet5(nn.Sequential):
    def __init__(self):
        layers = {LAYERS}
        super().__init__(*layers)


def lenet5_sequential():
    return LeNet5()


""",
        ),
    ),
    "checkpoint": (
        (SAVE, 'torch.save({"model_state_dict": network.state_dict(), "epoch": 5, "name": "LeNet"}, path)'),
        (LOAD, 'network.load_state_dict(torch.load(path)["model_state_dict"])'),
    ),
    "old_format": ((SAVE, "torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)"),),
    "arrays_of_numpy": (
        ("import torch\n", "import numpy as np\nimport torch\n"),
        (SAVE, "np.savez(path, **{n: t.numpy() for n, t in network.state_dict().items()})"),
        (LOAD, 'network.load_state_dict({n: torch.tensor(a) for n, a in np.load(path + ".npz").items()})'),
    ),
    "parameters_in_a_list": (
        (SAVE, "torch.save([p.detach() for p in network.parameters()], path)"),
        (LOAD, "\n    for p, kept in zip(network.parameters(), torch.load(path)):\n        p.data.copy_(kept)"),
    ),
    "loader": (
        (
            LOOP,
            SIGNATURE
            + """\
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=momentum)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        network.train()
        for x, y in loader:
            optimizer.zero_grad(set_to_none=False)
            criterion(network(x), y).backward()
            optimizer.step()
        network.eval()
        yield {"epoch": epoch}
""",
        ),
    ),
    "own_descent": (
        (
            LOOP,
            SIGNATURE
            + """\
    velocity = [torch.zeros_like(p) for p in network.parameters()]
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(images)), batch_size):
            scores = F.log_softmax(network(images[batch]), dim=1)
            network.zero_grad()
            loss = -scores[torch.arange(len(batch)), labels[batch]].mean()
            loss.backward()
            with torch.no_grad():
                for p, v in zip(network.parameters(), velocity):
                    v.mul_(momentum).add_(p.grad)
                    p -= learning_rate * v
        yield
""",
        ),
    ),
    "looks_at_itself": (
        (
            "        yield total / len(images)\n",
            """\
        right = sum(int((network(x).argmax(1) == y).sum()) for x, y in zip(images.split(50), labels.split(50)))
        yield total / len(images), right / len(images)
""",
        ),
    ),
    "numpy_order": (
        ("import torch\n", "import numpy as np\nimport torch\n"),
        (BATCHES, "order = np.random.permutation(len(images))\n"
         "        for i in range(0, len(images), batch_size):\n            batch = order[i : i + batch_size]"),
    ),
    "calls_a_generator": (
        ("def train(", "def each_epoch("),
        (
            "        yield total / len(images)\n",
            f"""\
        yield total / len(images)


{SIGNATURE}    return each_epoch(network, images, labels, epochs, learning_rate, momentum, batch_size)
""",
        ),
    ),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", HONEST)
def test_honest_variants_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    pairs = HONEST[name]
    if name == "calls_a_generator":  # the signature is in both functions
        text = RIGHT.replace("def train(", "def each_epoch(").replace(*pairs[1])
        (tmp_path / "training.py").write_text(text, encoding="utf-8")
        found = graded(group, tmp_path)
    else:
        found = written(group, tmp_path, *pairs)
    assert found.score == found.max_score, said(found)


PARTLY = {
    "batch_of_40": (("split(batch_size)", "split(40)"), "recipe", "The batches hold 40 pictures, expected are 64", 11.25),
    "other_rate": (("learning_rate=0.01", "learning_rate=0.1"), "recipe", "The learning rate is 0.1, expected is 0.01", 11.25),
    "softmax_before": (
        ("F.cross_entropy(network(images[batch])", "F.cross_entropy(network(images[batch]).softmax(1)"),
        "recipe", "Softmax is applied before the cross-entropy", 11.25,
    ),
    "softmax_in_the_network": (
        ("nn.Linear(84, 10),", "nn.Linear(84, 10),\n        nn.Softmax(dim=1),"),
        "values", "it applies softmax to the right scores", 0,
    ),
    "average_pooling": (("nn.MaxPool2d", "nn.AvgPool2d"), "layer_shapes", "avg_pool2d", None),
    "tanh": (("nn.ReLU()", "nn.Tanh()"), "values", "tanh", 0),
    "no_step": (("            optimizer.step()\n", ""), "recipe", "The weights stay as they were", 7.5),
    "squared_error": (
        ("F.cross_entropy(network(images[batch]), labels[batch])",
         "F.mse_loss(network(images[batch]), F.one_hot(labels[batch], 10).float())"),
        "recipe", "not those of the mean cross-entropy", 11.25,
    ),
    "no_yield": (("        yield total / len(images)\n", ""), "epochs", "It yields nothing", 6),
    "one_order": (
        ("    for _ in range(epochs):\n", "    order = torch.randperm(len(images))\n    for _ in range(epochs):\n"),
        "epochs", None, None,
    ),
    "pictures_changed": (
        ("network(images[batch])", "network(images[batch] + 0.1 * torch.randn(1))"),
        "epochs", "pictures that are not those it was given", 6,
    ),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", PARTLY)
def test_what_differs_from_the_brief_costs_its_share(
    group: Cohort, tmp_path: Path, name: str
) -> None:
    """The reason is named, and the points are those that the brief announces."""
    pair, which, text, points = PARTLY[name]
    pairs = [pair]
    if name == "one_order":
        pairs.append(("torch.randperm(len(images)).split", "order.split"))
        text, points = "The order of the pictures is the same in every epoch", 6
    found = written(group, tmp_path, *pairs)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert points is None or lost.earned == pytest.approx(points)
    assert not found.needs_review, said(found)


@pytest.mark.proof
def test_the_report_shows_the_accuracy_of_each_epoch(group: Cohort) -> None:
    """In a sentence, and in a table beside ours; counted outside."""
    found = check(graded(group, REFERENCE), "accuracy_by_epoch")
    table = found.evidence["table"]
    assert isinstance(table, dict)
    assert table["columns"] == ["epoch", "yours", "ours"]
    rows = table["rows"]
    assert isinstance(rows, list)
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    assert all(own == ours for _, own, ours in rows)
    assert f"After each epoch: {rows[0][1]}, " in found.feedback
    assert float(rows[-1][1].rstrip("%")) > float(rows[0][1].rstrip("%"))


@pytest.mark.proof
def test_blanks_that_pass_are_the_students(group: Cohort, tmp_path: Path) -> None:
    """Functions that return nothing, or are none, are told so; nobody calls them the course's."""
    text = (FOLDER / "handout" / "training.py").read_text(encoding="utf-8")
    lines = [
        f"{line.split('raise')[0]}pass" if "raise NotImplementedError" in line else line
        for line in text.splitlines()
    ]
    (tmp_path / "training.py").write_text("\n".join(lines), encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == 0.0
    assert not found.needs_review, said(found)
    (tmp_path / "training.py").write_text(RIGHT + "\ntrain = load = 3\n", encoding="utf-8")
    found = graded(group, tmp_path)
    assert "`train` is a int, not a function" in said(found)
    assert "`load` is a int, not a function" in said(found)
    assert not found.needs_review, said(found)


@pytest.mark.proof
def test_what_cannot_be_measured_is_the_students(group: Cohort, tmp_path: Path) -> None:
    """Other arguments, nothing in the file, a network that does not run: said, with what to do."""
    found = written(group, tmp_path, ("epochs=5, learning_rate", "n=5, learning_rate"), ("(epochs)", "(n)"), (SAVE, "pass"))  # fmt: skip
    assert "unexpected keyword argument 'epochs'" in said(found)
    assert "after `save(network, path)` there is no file" in said(found)
    assert not found.needs_review, said(found)
    found = written(group, tmp_path, ("    return network\n", "    return nn.Linear(3, 4)\n"))
    assert "the network that `load` returned cannot be run" in said(found)
    assert not found.needs_review, said(found)


@pytest.mark.parametrize("path", [REFERENCE, FOLDER / "handout"], ids=["reference", "handout"])
def test_the_notebook_is_the_module(path: Path) -> None:
    """Cell by cell the same code."""
    book = nbformat.read(path / "training.ipynb", 4)
    cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    text = (path / "training.py").read_text(encoding="utf-8").partition('"""\n')[2]
    assert [line for line in cells.splitlines() if line] == [
        line for line in text.splitlines() if line
    ]


def test_the_record_reads_as_the_brief_promises() -> None:
    """Five epochs of the whole set from scratch: more than 98 of 100 test digits."""
    record = json.loads((REFERENCE / "record.json").read_text(encoding="utf-8"))
    assert record["images"] == {"mnist_train": 60_000, "mnist_test": 10_000}
    for run in record["runs"]:
        assert len(run["test_by_epoch"]) == 5
        assert run["test_by_epoch"][-1] >= 0.98
    assert record["accuracy"]["mnist_test"] == record["runs"][0]["test_by_epoch"][-1]
