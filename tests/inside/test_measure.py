"""What is measured on a network, and what is concluded from it: right ways pass, wrong ways are named.

The measuring code runs here in the test's own process, on sources of ours; the sandbox has its own tests.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import numpy as np
import pytest

from grader import compare, data
from grader.assignment import probe
from grader.diagnosis.tolerance import Tolerance
from grader.inside import wire
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import account, trained
from grader.records import measurements
from grader.records.errors import CourseError
from kit import measuring
from kit.measuring import PRECISIONS, SEED, ask, measured, names, questions

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

LENET = """
import torch
from torch import nn
from torch.nn import functional as F


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
"""
NET = probe.module("LeNet5", output="logits")
X, Y = data.normal(3, 1, 32, 32), data.integers(3, below=10)
PROBES = questions(NET, X, Y)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return measured(LENET, PROBES)


def verdicts(source: str, reference: dict[str, Any]) -> dict[str, Any]:
    """The verdict of every comparison on a network with this source."""
    return measuring.verdicts(source, reference, PROBES)


def edited(*pairs: tuple[str, str]) -> str:
    """The right network with these places changed, each of which has to be there."""
    source = LENET
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return source


FC1, FC2 = "F.relu(self.fc1(x))", "F.relu(self.fc2(x))"
CONV2 = "F.max_pool2d(F.relu(self.conv2(x)), 2)"
LAST = "return self.fc3(x)"

RIGHT = {
    "as it is": LENET,
    "pool before relu": edited((CONV2, "F.relu(F.max_pool2d(self.conv2(x), 2))")),
    "log-softmax at the end": edited((LAST, "return F.log_softmax(self.fc3(x), dim=1)")),
    "scores shifted by a constant": edited((LAST, "return self.fc3(x) + 3.0")),
    "relu by clamp": edited((FC1, "self.fc1(x).clamp(min=0)")),
    "relu by maximum": edited((FC1, "torch.maximum(self.fc1(x), torch.zeros(()))")),
    "relu by a mask": edited((FC1, "self.fc1(x) * (self.fc1(x) > 0)")),
    "in place": edited((FC1, "F.relu_(self.fc1(x))")),
    "view": edited(("x.flatten(1)", "x.view(-1, 16 * 5 * 5)")),
    "permuted there and back": edited(
        ("x.flatten(1)", "x.permute(0, 2, 3, 1).permute(0, 3, 1, 2).reshape(-1, 400)")
    ),
    "dropout that eval turns off": edited(
        (FC1, "F.dropout(F.relu(self.fc1(x)), 0.0, self.training)")
    ),
    "weight by hand": edited((LAST, "return x @ self.fc3.weight.t() + self.fc3.bias")),
    "weight first": edited((LAST, "return (self.fc3.weight @ x.t()).t() + self.fc3.bias")),
    "einsum-free matmul": edited(
        (LAST, "return torch.addmm(self.fc3.bias, x, self.fc3.weight.t())")
    ),
    "float cast, so float32": edited(("x = x.flatten(1)", "x = x.flatten(1).float()")),
    "constant of numpy in float32": edited(
        (
            "        x = x.flatten(1)",
            "        x = x.flatten(1) * torch.ones(1, dtype=torch.float32)",
        )
    ),
    "inference mode of its own": edited(
        ("    def forward", "    def eval(self):\n        return self\n\n    def forward")
    ),
    "adaptive pooling of the same size": edited(
        (CONV2, "F.adaptive_max_pool2d(F.relu(self.conv2(x)), 5)")
    ),
    "jit": LENET + "\nPlain = LeNet5\ndef LeNet5():\n    return torch.jit.script(Plain())\n",
    "checkpointed": edited(
        (FC1, "torch.utils.checkpoint.checkpoint(self.fc1, x, use_reentrant=False).relu()")
    ).replace("import torch\n", "import torch, torch.utils.checkpoint\n", 1),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", RIGHT)
def test_equally_right_networks_pass_everything(name: str, reference: dict[str, Any]) -> None:
    for what, verdict in verdicts(RIGHT[name], reference).items():
        assert verdict.fraction == 1.0, f"{what}: {verdict.feedback}"


WRONG: dict[str, tuple[str, str, str, str]] = {
    # name: (source, what is lost first, a piece of what it says, what is still right)
    "tanh": (
        edited((CONV2, "F.max_pool2d(torch.tanh(self.conv2(x)), 2)")),
        "outputs",
        "after `conv2` (convolution) in lenet.py, line 18: your network applies tanh there, ours relu",
        "layers parameters",
    ),
    "leaky relu": (edited((FC2, "F.leaky_relu(self.fc2(x))")), "outputs", "leaky_relu", "layers"),
    "relu6": (edited((FC1, "F.relu6(self.fc1(x))")), "outputs", "hardtanh", "layers"),
    "relu left out": (edited((FC1, "self.fc1(x)")), "outputs", "applies nothing there", "layers"),
    "softmax at the end": (
        edited((LAST, "return torch.softmax(self.fc3(x), 1)")),
        "outputs",
        "returns probabilities",
        "layers parameters",
    ),
    "scores doubled": (
        edited((LAST, "return 2 * self.fc3(x)")),
        "outputs",
        "applies mul",
        "layers",
    ),
    "dropout left on": (
        edited((FC2, "F.dropout(F.relu(self.fc2(x)))")),
        "outputs",
        "your network applies relu and dropout that stays on in eval mode there, ours relu",
        "layers parameters",
    ),
    "average pooling": (
        edited((CONV2, "F.avg_pool2d(F.relu(self.conv2(x)), 2)")),
        "layers",
        "avg_pool2d in lenet.py, line 18, stands where max_pool2d",
        "parameters",
    ),
    "pooling over another window of the same output": (
        edited((CONV2, "F.max_pool2d(F.relu(self.conv2(x)), 3, 2, 1)")),
        "layers",
        "The max_pool2d in lenet.py, line 18, gives other values than ours from equal input",
        "parameters",
    ),
    "padding": (
        edited(("nn.Conv2d(1, 6, 5)", "nn.Conv2d(1, 6, 5, padding=1)")),
        "layers",
        "`conv1` (convolution) in lenet.py, line 17, has output (N, 6, 30, 30)",
        "",
    ),
    "a layer too wide": (
        edited(("400, 120", "400, 128"), ("120, 84", "128, 84")),
        "layers",
        "`fc1` (linear) in lenet.py, line 20, has output (N, 128), expected is (N, 120)",
        "",
    ),
    "kernel of 3 with padding": (
        edited(("nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 7, padding=1)")),
        "layers",
        "has weights",
        "",
    ),
    "a layer missing": (
        edited((f"        x = {FC2}\n", ""), ("nn.Linear(84, 10)", "nn.Linear(120, 10)")),
        "layers",
        "A layer is missing: linear with output (N, 84)",
        "",
    ),
    "spare layer": (
        edited(("nn.Linear(84, 10)", "nn.Linear(84, 10)\n        self.fc4 = nn.Linear(120, 84)")),
        "parameters",
        "`fc4` is declared, but nothing that the network answers depends on it: 10,164 of your "
        "71,870",
        "layers outputs gradients steps",
    ),
    "frozen layer": (
        edited(
            (
                "nn.Linear(84, 10)",
                "nn.Linear(84, 10)\n        self.fc1.weight.requires_grad_(False)",
            )
        ),
        "parameters",
        "48,000 are frozen",
        "layers outputs",
    ),
    "no bias": (
        edited(("nn.Linear(84, 10)", "nn.Linear(84, 10, bias=False)")),
        "layers",
        "has no bias",
        "",
    ),
    "batch norm without parameters": (
        edited(
            (
                "nn.Linear(84, 10)",
                "nn.Linear(84, 10)\n        self.bn = nn.BatchNorm2d(6, affine=False)",
            ),
            ("F.relu(self.conv1(x))", "F.relu(self.bn(self.conv1(x)))"),
        ),
        "layers",
        "`bn` (batch_norm) in lenet.py, line 18, is not in the network of the brief",
        "parameters",
    ),
    "detached": (
        edited(("x.flatten(1)", "x.flatten(1).detach()")),
        "gradients",
        "The gradient of `conv2.bias` does not exist",
        "layers parameters outputs",
    ),
    "through numpy": (
        edited(("x.flatten(1)", "torch.from_numpy(x.detach().numpy().reshape(len(x), -1))")),
        "gradients",
        "The gradient of `conv2.bias` does not exist",
        "layers parameters outputs",
    ),
    "flattened in another order": (
        edited(("x.flatten(1)", "x.permute(0, 2, 3, 1).reshape(-1, 400)")),
        "outputs",
        "The values part after the max_pool2d",
        "layers parameters",
    ),
    "dropout in train mode": (
        edited((FC2, "F.dropout(F.relu(self.fc2(x)), 0.5, self.training)")),
        "steps",
        "After the first step",
        "layers parameters outputs gradients",
    ),
    "keeps its first input": (
        edited(
            (
                "        x = x.flatten(1)",
                "        x = x.flatten(1)\n        if self.training:\n"
                "            self.kept = getattr(self, 'kept', x.detach())\n"
                "            x = x * 0.5 + self.kept * 0.5",
            )
        ),
        "steps",
        "",
        "layers parameters outputs gradients",
    ),
    "scaled gradient": (
        edited(
            (
                LAST,
                "y = self.fc3(x)\n        y.register_hook(lambda g: g / 3) if y.requires_grad else None\n        return y",
            )
        ),
        "gradients",
        "by the factor 1/3",
        "layers outputs",
    ),
    "turned gradient": (
        edited(
            (
                LAST,
                "y = self.fc3(x)\n        y.register_hook(lambda g: -g) if y.requires_grad else None\n        return y",
            )
        ),
        "gradients",
        "by its sign",
        "layers outputs",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_networks_lose_and_are_told_where(name: str, reference: dict[str, Any]) -> None:
    source, lost, piece, kept = WRONG[name]
    found = verdicts(source, reference)
    assert found[lost].fraction < 1.0
    assert piece in found[lost].feedback
    for what in kept.split():
        assert found[what].fraction == 1.0, f"{what}: {found[what].feedback}"


def test_sketches_tell_tensors_apart_that_differ_in_one_place() -> None:
    """Behind a pooling few values of a leaky unit are negative, and none may be among those kept;
    the layer that follows would be blamed.
    """
    seen = torch.from_numpy(np.random.default_rng(1).standard_normal((3, 6, 14, 14)))
    other = seen.clone()
    other[1, 2, 3, 4] -= 0.01
    tolerance = Tolerance(rtol=1e-6)
    assert tolerance.allows(account.sketch(seen), account.sketch(seen * (1 + 1e-9)))
    assert not tolerance.allows(account.sketch(other), account.sketch(seen))
    assert tolerance.allows(*[account.sketch(torch.tensor([np.inf, -np.inf, 1.0]))] * 2)


def test_a_crash_in_forward_yields_the_layers_that_ran(reference: dict[str, Any]) -> None:
    layers = ask(names(edited(("400, 120", "256, 120"))), PROBES["layers"], ["float64", "float32"])
    assert [r.kind for r in layers.rows] == ["convolution", "max_pool2d"] * 2
    verdict = compare.shapes(layers, reference["layers"])
    assert 0 < verdict.fraction <= 0.5
    assert "lenet.py, line 20: RuntimeError" in verdict.feedback
    assert "The layers before that are right" in verdict.feedback


def test_weights_that_cannot_be_set_go_to_a_person() -> None:
    source = edited(
        ("nn.Linear(84, 10)", "nn.utils.parametrizations.weight_norm(nn.Linear(84, 10))")
    )
    with pytest.raises(Unanswerable, match="in each pass") as caught:
        ask(names(source), PROBES["outputs"], ["float64"])
    assert caught.value.needs_review


@pytest.mark.parametrize(
    ("source", "piece"),
    [
        (
            LENET.replace("class LeNet5", "class LeNet55"),
            r"`LeNet55` \(line 7\); rename it to `LeNet5`",
        ),
        (
            LENET.replace("class LeNet5(nn.Module)", "class Network(nn.Module)"),
            "it defines is `Network`",
        ),
        (LENET + "\nLeNet5 = 5", "is a int, not a class"),
        (edited((LAST, "return self.fc3(x), x")), "returns a tuple of 2"),
        (edited((LAST, "return self.fc3(x).t()")), r"shape \(10, 3\)"),
        (edited((LAST, "self.fc3(x)")), "returns nothing"),
        (LENET + "\ndef LeNet5():\n    return object()", "no torch.nn.Module"),
    ],
)
def test_what_cannot_be_measured_says_why(source: str, piece: str) -> None:
    with pytest.raises(Unanswerable, match=piece):
        ask(names(source), PROBES["outputs"], ["float64"])


IMAGES = data.uniform(6, 1, 32, 32)
TRAINING = """

def train(network, images, labels):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    while True:
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        yield loss


def brief(network, images, labels):
    return [0.5, 0.25]


net = LeNet5()
"""


@pytest.fixture(params=["signal", "thread"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a signal, and as where the system has none."""
    if request.param == "thread":
        monkeypatch.delattr(signal, "setitimer", raising=False)


def test_training_under_a_budget_keeps_the_loss_curve(clock: None) -> None:
    one = NET.train("train", X, Y, seconds=0.4, images=IMAGES)
    found = ask(names(LENET + TRAINING), one, ["float64"])
    assert found.spent
    assert found.losses.size > 3
    assert found.losses[-1] < found.losses[0]
    assert found.own.shape == (6, 10)
    assert len(found.operands) == 10


def test_training_that_returns_its_losses_ends_before_its_budget(clock: None) -> None:
    one = NET.train("brief", X, Y, seconds=5, images=IMAGES)
    found = ask(names(LENET + TRAINING), one, ["float64"])
    assert not found.spent
    assert found.losses.tolist() == [0.5, 0.25]


BY_EPOCH = """

def by_epoch(network, images, labels, epochs=2, learning_rate=0.0):
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
    network.drop = torch.nn.Dropout(0.5)
    network.drop.eval()
    for epoch in range(epochs):
        assert network.training and not network.drop.training
        drawn = torch.rand(1)
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
        yield {"epoch": epoch} if epoch else (0.5, drawn)


def all_at_once(network, images, labels):
    return [3.0, 2.0]


def endless(network, images, labels):
    for _ in range(10_000):
        yield
"""


def test_answers_of_each_epoch_are_kept() -> None:
    """At each `yield`, whatever is yielded; neither mode, random numbers nor clock notice it."""
    space = names(LENET + BY_EPOCH)
    many = data.uniform(500, 1, 32, 32)
    one = NET.train("by_epoch", X, Y, seconds=5, images=many, by_epoch=True, epochs=3)
    found = ask(space, one, ["float64"])
    assert not found.spent
    assert found.epochs.shape == (3, 500)
    assert (found.epochs == found.own.argmax(axis=1)).all()  # a learning rate of 0
    taught = NET.train(
        "by_epoch", X, Y, seconds=5, images=many, by_epoch=True, epochs=3, learning_rate=0.5
    )
    other = ask(space, taught, ["float64"])
    assert not np.allclose(other.own, found.own)
    assert found.losses[0] == 0.5
    assert found.losses.tolist() == other.losses.tolist()
    unseen = ask(space, NET.train("all_at_once", X, Y, seconds=5, images=many), ["float64"])
    assert unseen.epochs is None


def test_looking_takes_none_of_the_budget(monkeypatch: pytest.MonkeyPatch, clock: None) -> None:
    """Twelve looks take longer than the budget; the training itself takes none."""
    monkeypatch.setattr(trained, "EPOCHS_CAP", 12)
    many = data.uniform(500, 1, 32, 32)
    one = NET.train("endless", X, Y, seconds=0.2, images=many, by_epoch=True)
    began = time.process_time()
    found = ask(names(LENET + BY_EPOCH), one, ["float64"])
    assert found.epochs.shape == (12, 500)
    assert time.process_time() - began > 0.2
    assert not found.spent


def test_a_training_without_yield_has_no_epochs() -> None:
    one = NET.train("all_at_once", X, Y, seconds=5, images=IMAGES, by_epoch=True)
    found = ask(names(LENET + BY_EPOCH), one, ["float64"])
    assert found.epochs.shape == (0, 6)
    assert found.losses.tolist() == [3.0, 2.0]


def test_a_training_function_with_other_arguments_is_told_so() -> None:
    one = NET.train("all_at_once", X, Y, seconds=5, images=IMAGES, epochs=3)
    with pytest.raises(Unanswerable, match="unexpected keyword argument 'epochs'"):
        ask(names(LENET + BY_EPOCH), one, ["float64"])


@pytest.mark.parametrize(
    "epochs",
    [
        np.zeros((2, 5), np.int64),
        np.zeros((2, 6)),
        np.zeros(6, np.int64),
        np.zeros((101, 6), np.int64),
        [[1] * 6],
    ],
)
def test_answers_by_epoch_of_another_form_are_malformed(epochs: object) -> None:
    head = {"logits": np.zeros((6, 10)), "losses": np.zeros(2), "spent": False, "epochs": epochs}
    with pytest.raises(wire.Malformed):
        measurements.Trained.from_wire(head)


class Labels:
    """As `data` keeps them."""

    def reveal(self) -> Any:
        return np.array([0, 1, 2, 3])


def test_accuracy_by_epoch_is_told_beside_ours() -> None:
    """In a sentence and a table; where one side has fewer epochs, with a dash."""

    def trained(*epochs: list[int]) -> measurements.Trained:
        guesses = np.array(epochs, np.int64).reshape(-1, 4)
        head = {"logits": np.eye(4), "losses": np.zeros(0), "spent": False, "epochs": guesses}
        return measurements.Trained.from_wire(head)

    ours = trained([0, 0, 0, 0], [0, 1, 2, 0], [0, 1, 2, 3])
    verdict = compare.accuracy(
        trained([0, 1, 0, 0], [0, 1, 2, 3]), ours, Labels(), full=0.0, zero=-0.5, called="digits"
    )
    assert "of 4 digits are read rightly" in verdict.feedback
    assert "After each epoch: 50.0%, 100.0%." in verdict.feedback
    assert verdict.evidence["table"] == {
        "columns": ["epoch", "yours", "ours"],
        "rows": [[1, "50.0%", "25.0%"], [2, "100.0%", "75.0%"], [3, "–", "100.0%"]],
    }
    none = compare.accuracy(trained(), ours, Labels(), full=0.0, zero=-0.5)
    assert "table" not in none.evidence
    assert "epoch" not in none.feedback


def test_a_live_network_is_measured_as_it_was_left() -> None:
    space = names(LENET + TRAINING)
    found = ask(space, probe.live("net").logits(IMAGES), ["float64"])
    with torch.no_grad():
        expected = space["net"].eval()(torch.from_numpy(IMAGES.load(SEED)).float())
    assert abs(found.own - expected.numpy()).max() < 1e-6
    with pytest.raises(Unanswerable, match="`train` is a function at the end, not a network"):
        ask(space, probe.live("train").logits(IMAGES), ["float64"])


def test_a_network_that_makes_tensors_of_another_precision_in_each_pass_is_measured() -> None:
    """Those are not converted for ever; it is measured in the precision in which it runs."""
    space = names(
        LENET.replace("class LeNet5", "class Plain")
        + "\nclass LeNet5(Plain):\n    def forward(self, x):\n"
        "        return super().forward(torch.tensor(x.detach().numpy().astype('float32')))\n"
    )
    net = probe.module("LeNet5", output="logits")
    assert ask(space, net.outputs(IMAGES), PRECISIONS).precision == "float32"


@pytest.mark.parametrize("cast", ["double", "half", "bfloat16"])
def test_a_live_network_of_another_precision_answers(cast: str) -> None:
    """Its weights are measured in that of the pictures."""
    space = names(LENET + TRAINING + f"\nnet = net.{cast}()\n")
    assert ask(space, probe.live("net").logits(IMAGES), ["float64"]).own.shape == (6, 10)


def test_a_network_of_ones_own_answers_in_its_time() -> None:
    """Its weights stay where they are; one that is too slow gives no answer, and is told so."""
    space = names(
        LENET
        + "\nclass Slow(LeNet5):\n    def forward(self, x):\n        while True:\n            pass\n"
    )
    args = {"init": [], "images": IMAGES.load(SEED), "seconds": 20.0}
    answer = trained.logits(space, {"module": "LeNet5", **args})  # type: ignore[typeddict-item]
    assert answer["logits"].shape == (6, 10)
    assert answer["operands"] == []
    with pytest.raises(
        Unanswerable, match=r"did not answer to 6 pictures within 0\.2 s of CPU time"
    ):
        trained.logits(space, {"module": "Slow", **args, "seconds": 0.2})  # type: ignore[typeddict-item]


def test_labels_of_a_training_split_may_cross_and_others_may_not() -> None:
    assert "classes of mnist train" in data.train("mnist").targets.describe()
    with pytest.raises(CourseError, match="training split"):
        _ = data.test("mnist").targets


PARALLEL = """
import torch


class LeNet5(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(1024, 10)
        self.b = torch.nn.Linear(1024, 10)

    def forward(self, x):
        x = x.flatten(1)
        return self.a(x) - torch.relu(self.b(x))
"""


def test_branches_that_run_in_another_order_are_paired_by_what_they_give() -> None:
    other = PARALLEL.replace(
        "return self.a(x) - torch.relu(self.b(x))",
        "b = torch.relu(self.b(x))\n        return self.a(x) - b",
    )
    wrong = PARALLEL.replace("torch.relu", "torch.tanh")
    probes = {k: PROBES[k] for k in ("outputs", "gradients", "steps")}
    right = {k: ask(names(PARALLEL), p, ["float64"]) for k, p in probes.items()}
    for what, one in probes.items():
        assert compare.close(ask(names(other), one, ["float64"]), right[what]).fraction == 1.0, what
        assert compare.close(ask(names(wrong), one, ["float64"]), right[what]).fraction == 0.0, what


def test_numbers_that_are_only_summed_up_beside_the_network_are_idle(
    reference: dict[str, Any],
) -> None:
    source = """
import torch


class LeNet5(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.zeros(61706))

    def forward(self, x):
        return torch.zeros(len(x), 10) + 0 * self.numbers.sum()
"""
    found = ask(names(source), PROBES["parameters"], ["float64"])
    assert found.total == 61706
    verdict = compare.count(found, reference["parameters"])
    assert verdict.fraction == 0.0
    assert "`numbers` is declared, but nothing that the network answers" in verdict.feedback


def test_tied_weights_are_one_parameter() -> None:
    tied = PARALLEL.replace("self.b = torch.nn.Linear(1024, 10)", "self.b = self.a")
    found = ask(names(tied), PROBES["parameters"], ["float64"])
    assert found.total == 10250
    assert len(ask(names(tied), PROBES["gradients"], ["float64"]).runs[0]) == 2


def test_an_overridden_parameters_method_is_not_asked() -> None:
    source = (
        LENET
        + "\n    def parameters(self, recurse=True):\n        return iter([nn.Parameter(torch.zeros(61706))])\n"
    )
    found = ask(
        names(
            source.replace(
                "self.fc3 = nn.Linear(84, 10)",
                "self.fc3 = nn.Linear(84, 10)\n        self.more = nn.Linear(2, 2)",
            )
        ),
        PROBES["parameters"],
        ["float64"],
    )
    assert found.total == 61706 + 6


class TestFunctions:
    SOURCE = """
import numpy as np, torch
answer = (1, [2.5, np.float64(3)])
def double(a): return a * 2
def spoil(a):
    a[0] = 9
    return a
def odd(a): return object()
"""

    def test_a_value_comes_back_with_its_kinds(self) -> None:
        found = ask(names(self.SOURCE), probe.value("answer"), ["float64"])
        assert found.kind == "tuple"
        assert [i.kind for i in found.item] == ["int", "list"]
        assert found.item[1].item[1].item == 3.0

    def test_a_function_gets_fresh_copies_and_a_changed_input_is_said(self) -> None:
        space = names(self.SOURCE)
        given = data.uniform(3).load(1)
        right = ask(space, probe.call("double", given), ["float64"])
        assert right.changed == ()
        assert (right.item == given * 2).all()
        assert ask(space, probe.call("spoil", given), ["float64"]).changed == (0,)
        assert given[0] != 9

    def test_tensors_where_asked(self) -> None:
        found = ask(
            names(self.SOURCE), probe.call("double", data.uniform(3), tensors=True), ["float64"]
        )
        assert found.kind == "tensor"

    def test_anything_else_is_named(self) -> None:
        with pytest.raises(Unanswerable, match="`odd` returns is a object"):
            ask(names(self.SOURCE), probe.call("odd", 1), ["float64"])

    def test_lists_and_arrays_of_equal_numbers_are_equal(self) -> None:
        one = ask(names("v = [1, 2, 3]"), probe.value("v"), ["float64"])
        two = ask(
            names("import numpy as np\nv = np.array([1, 2, 3])"), probe.value("v"), ["float64"]
        )
        other = ask(names("v = (1, 2, 4)"), probe.value("v"), ["float64"])
        assert compare.equal(one, two).fraction == compare.equal(two, one).fraction == 1.0
        assert (
            "3 is expected" in compare.equal(other, one).feedback
            or "expected is 3" in compare.equal(other, one).feedback
        )
