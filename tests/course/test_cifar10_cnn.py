"""The assignment cifar10_cnn: honest forms, partial credit with its reason, what its weights do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.grading.cohort import Cohort
from kit.graded import check, graded, said, written
from kit.places import ROOT

SLUG = "cifar10_cnn"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
RIGHT = (REFERENCE / "cifar.py").read_text(encoding="utf-8")
RECORD = json.loads((REFERENCE / "record.json").read_text(encoding="utf-8"))


AUTOMATIC = 100
"""Points that no person gives; the two answers in words bring 2 each."""


# ---------------------------------------------------------------------- equally right

FORWARD = RIGHT[
    RIGHT.index("        x = self.pool(self.conv1") : RIGHT.index("\n\ndef training_step")
]
LAYERS = RIGHT[RIGHT.index("        self.conv1") : RIGHT.index("\n    def forward")]
LOSS = "functional.cross_entropy(network(images), labels)"

HONEST: dict[str, tuple[tuple[str, str], ...]] = {
    "log_softmax_with_its_loss": (
        ("return self.fc3(x)", "return functional.log_softmax(self.fc3(x), dim=1)"),
        (LOSS, "functional.nll_loss(network(images), labels)"),
    ),
    "functional": (
        ("        self.pool = nn.MaxPool2d(2)\n", ""),
        ("self.pool(self.conv1(images).relu())", "functional.max_pool2d(functional.relu(self.conv1(images)), 2)"),
        ("self.pool(self.conv2(x).relu())", "functional.relu(functional.max_pool2d(self.conv2(x), (2, 2)))"),
        ("x.flatten(start_dim=1)", "x.view(x.size(0), -1)"),
    ),
    "declared_in_another_order": (
        (LAYERS, "        left = ((side - 4) // 2 - 4) // 2\n"
                 "        self.fc3 = nn.Linear(84, 10)\n        self.fc2 = nn.Linear(120, 84)\n"
                 "        self.fc1 = nn.Linear(16 * left * left, 120)\n        self.pool = nn.MaxPool2d(2)\n"
                 "        self.conv2 = nn.Conv2d(6, 16, 5)\n        self.conv1 = nn.Conv2d(3, 6, 5)\n"),
    ),
    "sizes_found_by_trying": (
        ("left = ((side - 4) // 2 - 4) // 2",
         "left = self.pool(self.conv2(self.pool(self.conv1(torch.zeros(1, 3, side, side))))).shape[-1]"),
    ),
    "criterion_object": ((LOSS, "nn.CrossEntropyLoss()(network(images), labels)"),),
    "only_float32": ((LOSS, "functional.cross_entropy(network(images.float()), labels.long())"),),
    "zeroed_at_the_end": (
        ("    optimizer.zero_grad()\n    loss", "    loss"),
        ("    optimizer.step()\n", "    optimizer.step()\n    optimizer.zero_grad()\n"),
    ),
    "losses_as_a_list_of_tensors": (
        ("            yield training_step(network, optimizer, images[batch], labels[batch])\n",
         "            losses.append(torch.tensor(training_step(network, optimizer, images[batch], labels[batch])))\n"
         "    return losses\n"),
        ("    for _ in range(passes)", "    losses = []\n    for _ in range(passes)"),
    ),
    "endless_training": (("    for _ in range(passes):", "    while True:"),),
    "sgd_in_batches_of_ten": (
        ("torch.optim.Adam(network.parameters(), lr=0.001)", "torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)"),
        ("passes=15, size=20", "passes=25, size=10"),
    ),
    "classes_in_a_loop": (
        ("    found = torch.bincount(labels[right], minlength=10)\n"
         "    return found / torch.bincount(labels, minlength=10).clamp(min=1)",
         "    own = [right[labels == k] for k in range(10)]\n"
         "    return [k.sum().item() / len(k) if len(k) else 0 for k in own]"),
    ),
    "classes_in_numpy": (
        ("    return found / torch.bincount(labels, minlength=10).clamp(min=1)",
         "    return found.numpy() / torch.bincount(labels, minlength=10).numpy().clip(1)"),
    ),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", HONEST)
def test_honest_forms_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    found = written(group, tmp_path, *HONEST[name])
    assert found.score == AUTOMATIC, said(found)
    assert found.max_score == AUTOMATIC + 4
    assert not found.doubted


SEQUENTIAL = """
class SmallCNN(nn.Sequential):
    def __init__(self, side=32):
        left = ((side - 4) // 2 - 4) // 2
        super().__init__(
            nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(16 * left**2, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )
"""  # fmt: skip
PLACES = {"conv1": "0", "conv2": "3", "fc1": "7", "fc2": "9", "fc3": "11"}


@pytest.mark.proof
def test_sequential_with_names_of_its_own_gets_full_marks(group: Cohort, tmp_path: Path) -> None:
    """Layers are numbered and the weights' keys with them."""
    import torch

    state = torch.load(REFERENCE / "cifar.pt", weights_only=True)
    renamed = {f"{PLACES[k.split('.')[0]]}.{k.split('.')[1]}": v.float() for k, v in state.items()}
    torch.save(renamed, tmp_path / "cifar.pt")
    whole = RIGHT[RIGHT.index("class SmallCNN") : RIGHT.index("\n\ndef training_step")]
    found = written(group, tmp_path, (whole, SEQUENTIAL))
    assert found.score == AUTOMATIC, said(found)


@pytest.mark.proof
@pytest.mark.parametrize("form", ["checkpoint", "data_parallel", "old_format"])
def test_weights_in_other_wrappings_get_full_marks(
    group: Cohort, tmp_path: Path, form: str
) -> None:
    """A checkpoint dictionary, keys with `module.` before them, files from before torch 1.6."""
    import torch

    state = {k: v.float() for k, v in torch.load(REFERENCE / "cifar.pt", weights_only=True).items()}
    saved: Any = {
        "checkpoint": {"epoch": 8, "model_state_dict": state, "loss": 0.9},
        "data_parallel": {f"module.{k}": v for k, v in state.items()},
    }.get(form, state)
    torch.save(saved, tmp_path / "cifar.pt", _use_new_zipfile_serialization=form != "old_format")
    found = written(group, tmp_path)
    assert found.score == AUTOMATIC, said(found)


# ---------------------------------------------------------------------- different from the brief

OTHERWISE: dict[str, tuple[dict[str, float], str, str]] = {
    "tanh": (
        {"layer_shapes": 12, "parameter_count": 6, "forward_values": 0, "class_accuracies": 8},
        "forward_values",
        "tanh",
    ),
    "softmax": (
        {"layer_shapes": 12, "forward_values": 0, "test_accuracy": 20, "every_class": 6},
        "forward_values",
        "it applies softmax",
    ),
    "average_pooling": (
        {"parameter_count": 6, "forward_values": 0, "training_steps": 0, "class_accuracies": 8},
        "layer_shapes",
        "avg_pool2d",
    ),
    "softmax_before_loss": ({"training_steps": 7}, "training_steps", "softmax before"),
    "never_zeroed": ({"training_steps": 7}, "training_steps", "was still there"),
    "sum_of_batch": ({"training_steps": 7, "loss_curve": 10}, "training_steps", "the sum over"),
    "no_backward": ({"training_steps": 0, "loss_curve": 0}, "training_steps", "leaves the weights"),
    "another_network": ({"training_steps": 14, "loss_curve": 0}, "loss_curve", "guessing gives"),
    "one_size": ({"larger_pictures": 2.5}, "larger_pictures", "forward"),
    "by_guess": ({"class_accuracies": 0}, "class_accuracies", "that is its precision"),
    "untrained": ({"training_steps": 14, "test_accuracy": 0}, "every_class", "Below 20% are"),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", OTHERWISE)
def test_partial_credit_is_what_the_brief_announces(
    group: Cohort, tmp_path: Path, name: str
) -> None:
    """Only what the deviation touches costs points, and the reason is named."""
    folder = tmp_path / name
    shutil.copytree(FOLDER / "mistakes" / name, folder)
    if not (folder / "cifar.pt").exists():
        shutil.copy(REFERENCE / "cifar.pt", folder)
    earned, which, text = OTHERWISE[name]
    found = graded(group, folder)
    assert {n: pytest.approx(check(found, n).earned, abs=0.01) for n in earned} == earned, said(
        found
    )
    assert text in check(found, which).feedback + check(found, which).hint
    assert not found.doubted


@pytest.mark.proof
def test_sigmoid_costs_what_tanh_costs(group: Cohort, tmp_path: Path) -> None:
    """The layer after which values part is named."""
    found = written(group, tmp_path, (".relu()", ".sigmoid()"))
    assert check(found, "layer_shapes").outcome == "passed"
    lost = check(found, "forward_values")
    assert (lost.earned, check(found, "gradient_values").outcome) == (0, "skipped")
    assert "sigmoid" in lost.feedback


@pytest.mark.proof
def test_a_class_that_was_left_out_is_named(group: Cohort, tmp_path: Path) -> None:
    """Weights that never answer class 3 lose a tenth of one check, and a little accuracy."""
    import torch

    state = torch.load(REFERENCE / "cifar.pt", weights_only=True)
    state["fc3.bias"][3] = -1000
    torch.save(state, tmp_path / "cifar.pt")
    found = written(group, tmp_path)
    assert check(found, "every_class").earned == pytest.approx(5.4)
    assert "3 (0%)" in check(found, "every_class").feedback
    assert check(found, "test_accuracy").outcome == "partial"


@pytest.mark.proof
def test_a_curve_that_is_made_up_earns_nothing(group: Cohort, tmp_path: Path) -> None:
    """Losses that fall prove nothing where the network has not learnt."""
    body = RIGHT[
        RIGHT.index("    optimizer = torch.optim.Adam") : RIGHT.index("\n\ndef accuracy_by")
    ]
    found = written(group, tmp_path, (body, "    return [2.3 / (1 + k) for k in range(100)]\n"))
    lost = check(found, "loss_curve")
    assert lost.earned == 0
    assert "guessing gives 2.30" in lost.feedback


# ---------------------------------------------------------------------- what is in the folder


@pytest.mark.parametrize(
    "path", [REFERENCE / "cifar.py", FOLDER / "handout" / "cifar.py"], ids=["reference", "handout"]
)
def test_the_notebook_is_the_module(path: Path) -> None:
    """Cell by cell the same code, but for the switch before training; questions, which are text
    cells in the notebook, stand at the end of the module.
    """
    book = nbformat.read(path.with_suffix(".ipynb"), 4)
    cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    text = path.read_text(encoding="utf-8").partition('"""\n')[2]
    text, _, asked = text.partition("\n# Questions.")
    shown = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    assert all(label in shown for label in re.findall(r"^# (Q\d:)$", asked, re.MULTILINE))
    text = text.replace('if __name__ == "__main__":', "if TRAIN:")
    lines = [line for line in cells.splitlines() if line and not line.startswith("TRAIN =")]
    assert lines == [line for line in text.splitlines() if line]


def test_the_record_says_what_was_run() -> None:
    """Three seeds or more, none of which would lose a point by the spread of the others."""
    runs = RECORD["runs"]
    assert len({run["seed"] for run in runs}) >= 3
    assert RECORD["accuracy"] == {k: runs[0][k] for k in ("cifar10_test", "stand_in_test")}
    for name in RECORD["accuracy"]:
        assert min(run[name] for run in runs) >= runs[0][name] - 0.03
    figure = RECORD["real_data_alone"]
    assert len(figure["losses"]) == len(figure["accuracies"]) == figure["epochs"] == 4
    assert figure["losses"] == sorted(figure["losses"], reverse=True)
    assert figure["accuracies"][-1] >= RECORD["accuracy"]["cifar10_test"] - 0.03


@pytest.mark.proof
def test_the_weights_read_the_stand_in_as_recorded(group: Cohort, tmp_path: Path) -> None:
    """record.json tells what they do, overall and for each class."""
    found = written(group, tmp_path)
    seen = check(found, "test_accuracy").evidence["accuracy"]
    assert isinstance(seen, dict)
    assert seen["student"] == pytest.approx(RECORD["accuracy"]["stand_in_test"], abs=0.0021)
    expected = RECORD["accuracy_by_class"]["stand_in_test"]
    assert seen["per_class"] == pytest.approx(expected, abs=0.021)
