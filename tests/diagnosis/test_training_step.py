"""A student's own training step: what the weights that it leaves say about it.

The measuring code runs in the test's own process, on sources of ours, as in test_measure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from grader import compare, data
from grader.assignment import probe
from grader.inside.loading.namespace import Unanswerable
from grader.records.measurements import Outputs, Steps
from kit.measuring import ask, names, returned

NETWORK = """
import torch
from torch import nn
from torch.nn import functional as F


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(6, 5)
        self.two = nn.Linear(5, 4)

    def forward(self, x):
        return self.two(F.relu(self.one(x)))
"""
STEP = """

def training_step(network, optimizer, images, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss
"""
X, Y = data.normal(3, 6), np.array([2, 0, 3])
NET = probe.module("Small", output="logits")
OUTPUTS, STEPS = NET.outputs(X), NET.steps(X, Y, lr=0.05, by="training_step")


@pytest.fixture(scope="module")
def reference() -> tuple[Steps, Outputs]:
    """Ours, in both precisions."""
    space = names(NETWORK + STEP)
    steps, outputs = (
        replace(ask(space, p, ["float64"]), single=ask(space, p, ["float32"]))
        for p in (STEPS, OUTPUTS)
    )
    return steps, outputs


def judged(source: str, reference: tuple[Steps, Outputs]) -> Any:
    """What is said of this file."""
    found = ask(names(source), STEPS, ["float64", "float32"])
    return compare.stepped(found, reference[0], scores=reference[1], classes=Y)


def edited(*pairs: tuple[str, str]) -> str:
    """The right step with these places changed, each of which has to be there."""
    source = STEP
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return NETWORK + source


def test_the_students_function_takes_the_steps_that_we_would_take() -> None:
    """Two calls lead where two steps of our own lead, from the same weights."""
    space = names(NETWORK + STEP)
    own, ours = ask(space, STEPS, ["float64"]), ask(space, NET.steps(X, Y, lr=0.05), ["float64"])

    assert own.before
    assert not ours.before
    assert compare.close(own, ours, rtol=1e-12).fraction == 1


LOSS = "F.cross_entropy(network(images), labels)"
RIGHT = {
    "zeroed_at_the_end": (
        ("    optimizer.zero_grad()\n", ""),
        ("    optimizer.step()\n", "    optimizer.step()\n    optimizer.zero_grad()\n"),
    ),
    "zeroed_by_the_network": (("optimizer.zero_grad()", "network.zero_grad()"),),
    "nothing_returned": (("    return loss\n", ""),),
    "nll_of_log_softmax": ((LOSS, "F.nll_loss(F.log_softmax(network(images), dim=1), labels)"),),
    "by_hand": (
        ("optimizer.step()", "[p.data.sub_(0.05 * p.grad) for p in network.parameters()]"),
    ),
    "only_float32": (("network(images)", "network(images.float())"),),
    "in_training_mode": (("    optimizer.zero", "    network.train()\n    optimizer.zero"),),
}


@pytest.mark.parametrize("name", RIGHT)
def test_equally_right_steps(name: str, reference: tuple[Steps, Outputs]) -> None:
    """Another way to write the same is no fault."""
    verdict = judged(edited(*RIGHT[name]), reference)
    assert verdict.fraction == 1, verdict.feedback


SLIPS = {
    "never_zeroed": (0.5, "that of the first, which was still there", "    optimizer.zero_grad()\n", ""),
    "sum": (0.5, "the sum over the batch of 3", "labels)", "labels, reduction='sum')"),
    "softmax": (0.5, "softmax before", "network(images)", "network(images).softmax(1)"),
    "nll": (0.5, "the scores for log-probabilities", "F.cross_entropy", "F.nll_loss"),
    "squared": (0.5, "squared error between scores", LOSS, "F.mse_loss(network(images), F.one_hot(labels, 4).double())"),
    "squared_softmax": (0.5, "squared error between probabilities", LOSS, "F.mse_loss(network(images).softmax(1), F.one_hot(labels, 4).double())"),
    "stepped_twice": (0.5, "2 times as long", "    optimizer.step()\n", "    optimizer.step()\n    optimizer.step()\n"),
    "scaled": (0.5, "0.3333 times as long", "loss.backward", "(loss / 3).backward"),
    "uphill": (0.0, "along the gradient", "loss.backward", "(-loss).backward"),
    "no_step": (0.0, "leaves the weights as they are", "    optimizer.step()\n", ""),
    "zeroed_too_late": (0.0, "leaves the weights as they are", "    optimizer.step()\n", "    optimizer.zero_grad()\n    optimizer.step()\n"),
    "only_once": (0.5, "the second leaves the weights", "    optimizer.step()\n", "    optimizer.step()\n    network.requires_grad_(False)\n    network.one.bias.requires_grad_(True)\n    optimizer.param_groups.clear()\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named(name: str, reference: tuple[Steps, Outputs]) -> None:
    """One slip that explains every number has its sentence, and half of the points where it is small."""
    worth, said, old, new = SLIPS[name]
    verdict = judged(edited((old, new)), reference)
    assert said in verdict.feedback
    assert verdict.fraction == worth
    assert verdict.hint
    assert verdict.evidence


@pytest.mark.parametrize("name", ["never_zeroed", "sum", "softmax"])
def test_a_slip_is_named_in_float32_too(name: str, reference: tuple[Steps, Outputs]) -> None:
    """Rounding hides no slip where code runs in float32 alone."""
    worth, said, old, new = SLIPS[name]
    only = NETWORK.replace("self.one(x)", "self.one(x.float())")
    verdict = judged(only + edited((old, new)).removeprefix(NETWORK), reference)
    assert said in verdict.feedback
    assert verdict.fraction == worth


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    optimizer.step()\n", "    optimizer.step()\n    network.two.bias.data += 0.01\n"),
        ("labels)", "labels, label_smoothing=0.1)"),
        ("    optimizer.step()\n", "    network.one.weight.grad = None\n    optimizer.step()\n"),
    ],
)
def test_what_no_known_slip_explains_is_only_said_to_differ(
    old: str, new: str, reference: tuple[Steps, Outputs]
) -> None:
    """Silence about the reason is better than a wrong one; the numbers are shown."""
    verdict = judged(edited((old, new)), reference)
    assert verdict.fraction == 0
    assert "After the first step of gradient descent" in verdict.feedback
    assert "Your function" not in verdict.feedback


def test_scores_that_do_not_explain_the_right_step_prove_nothing(
    reference: tuple[Steps, Outputs],
) -> None:
    """With the scores of another batch no loss is recognised, and none is made up."""
    found = ask(names(edited(SLIPS["softmax"][2:])), STEPS, ["float64"])
    turned = returned(torch.from_numpy(reference[1].runs[0][::-1].copy()))
    other = replace(reference[1], answers=(turned,), single=None)
    verdict = compare.stepped(found, reference[0], scores=other, classes=Y)
    assert verdict.fraction == 0
    assert "softmax" not in verdict.feedback


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (NETWORK, "does not define `training_step`"),
        (NETWORK + "\ntraining_step = 3\n", "is a int, not a function"),
        (
            NETWORK.replace("self.two = nn.Linear(5, 4)", "self.two = nn.Linear(5, 4)\n        self.requires_grad_(False)") + STEP,
            "no trainable weights",
        ),
    ],
)  # fmt: skip
def test_what_cannot_step_says_why(source: str, why: str) -> None:
    """A missing function, something else of that name, a network without anything to train."""
    with pytest.raises(Unanswerable, match=why):
        ask(names(source), STEPS, ["float64", "float32"])


def test_an_error_of_the_students_passes_through() -> None:
    """It is shown with its own words, after both precisions were tried."""
    source = edited(("loss.backward()", "loss.backwards()"))
    with pytest.raises(AttributeError, match="backwards"):
        ask(names(source), STEPS, ["float64", "float32"])


def test_the_probe_is_about_the_function() -> None:
    """Reports name the place of `training_step`, not of the class."""
    assert (STEPS.subject, OUTPUTS.subject) == ("training_step", "Small")
    assert STEPS.key != NET.steps(X, Y, lr=0.05).key
