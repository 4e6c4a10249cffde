"""Which parameters are used, and which an optimiser finds."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from grader import compare, data
from grader.assignment import probe
from grader.inside.measuring import ownership
from kit.measuring import ask, names

X, Y = data.normal(3, 6), data.integers(3, below=4)
NET = probe.module("Net")
HEAD = """
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 4)
"""
FORWARD = """
    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))
"""


def measure(source: str, **how: Any) -> Any:
    """The parameters of the class `Net`."""
    return ask(names(HEAD + source), NET.parameters(X, **how), ["float64", "float32"])


def find_unused(source: str, **how: Any) -> set[str]:
    """Names of what is said to be without effect."""
    return {p.name for p in measure(source, **how).trainable if p.used is False}


USED = {
    "weight_norm": """
        self.last = nn.utils.weight_norm(self.last)
""",
    "parametrized": """
        nn.utils.parametrizations.weight_norm(self.last)
        nn.utils.parametrizations.orthogonal(self.first)
""",
    "tied": """
        self.again = nn.Linear(6, 5)
        self.again.weight = self.first.weight
        self.first.bias = self.again.bias
""",
    "lazy": """
        self.last = nn.LazyLinear(4)
""",
}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of weight_norm's old form
@pytest.mark.parametrize("name", USED)
def test_however_a_layer_is_made(name: str) -> None:
    """What a parametrization computes from is used, as are tied and lazy weights."""
    assert find_unused(USED[name] + FORWARD) == set()


READ = {
    "one row of it": "x * self.extra[0]",
    "in place": "x.clone().add_(self.extra[0])",
    "its data": "x + self.extra.data[0]",
    "detached and seen otherwise": "x + self.extra.detach().view(12)[:6]",
    "by numpy": "x + torch.from_numpy(self.extra.detach().numpy()[1])",
    "as numbers": "x * self.extra.tolist()[0][0]",
    "as one number": "x * float(self.extra[1, 2])",
    "chosen by data": "x + self.extra[(x[:, 0] > 0).long()]",
    "by addmm": "torch.addmm(self.extra[0], x, torch.eye(6, dtype=x.dtype))",
    "by einsum": "torch.einsum('ni,ki->ni', x, self.extra)",
    "where it decides": "torch.where(self.extra[0] > 0, x, -x)",
    "in train mode only": "x + self.extra[0] if self.training else x",
    "in eval mode only": "x if self.training else x + self.extra[0]",
    "for negative inputs only": "x + self.extra[0] if x.sum() * self.sign < 0 else x",
    "for one input only": "x + self.extra[0] if len(x) == 1 else x",
    "for many inputs only": "x + self.extra[0] if len(x) > 4 else x",
}


@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_however_a_parameter_is_read(read: str) -> None:
    """In whichever mode, and for whichever of the inputs that are tried."""
    source = f"""
        self.extra = nn.Parameter(torch.ones(2, 6) / 3)
        self.sign = 1.0

    def forward(self, x):
        x = {read}
        return self.last(torch.tanh(self.first(x)))
"""
    assert find_unused(source) == set()


IDLE = {
    "never read": "x",
    "summed up beside the network": "x + 0 * self.extra.sum()",
    "computed and left": "(self.extra.sum(), x)[1]",
    "behind a condition that never holds": "x + self.extra[0] if x.dim() == 9 else x",
}


@pytest.mark.parametrize("read", IDLE.values(), ids=IDLE)
def test_what_changes_no_answer_is_without_effect(read: str) -> None:
    """Nothing is gained by declaring it, nor by naming it."""
    source = f"""
        self.extra = nn.Parameter(torch.ones(2, 6) / 3)

    def forward(self, x):
        x = {read}
        return self.last(torch.tanh(self.first(x)))
"""
    assert find_unused(source) == {"extra"}


def test_answers_by_chance_prove_nothing() -> None:
    """A network that answers otherwise each time does not make a spare layer a used one."""
    source = """
        self.extra = nn.Linear(6, 6)

    def forward(self, x):
        import os
        return self.last(torch.tanh(self.first(x))) + int.from_bytes(os.urandom(2), "big")
"""
    assert find_unused(source) == {"extra.weight", "extra.bias"}


def test_where_forward_fails_nobody_is_blamed() -> None:
    """The count needs no forward pass, and says nothing of use."""
    found = measure("\n    def forward(self, x):\n        raise ValueError\n")
    assert found.total == 59
    assert {p.used for p in found.rows} == {None}


def test_a_network_of_the_whole_file_keeps_its_numbers() -> None:
    """What is put into a parameter to see whether it matters is taken out again."""
    space = names(
        HEAD
        + """
        self.extra = spare

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


spare = nn.Linear(2, 2)
"""
    )
    before = space["spare"].weight.detach().double().numpy().copy()
    found = ask(space, NET.parameters(X), ["float64"])
    assert {p.name for p in found.rows if p.used is False} == {"extra.weight", "extra.bias"}
    np.testing.assert_array_equal(space["spare"].weight.detach().double().numpy(), before)


# ---------------------------------------------------------------------- registered or not

LISTED = """
        self.layers = [nn.Linear(5, 5, bias=False)]
        self.more = {"b": (nn.Parameter(torch.zeros(5)),)}

    def forward(self, x):
        x = self.layers[0](torch.tanh(self.first(x))) + self.more["b"][0]
        return self.last(torch.tanh(x))
"""


def test_what_a_list_holds_is_used_and_not_trained() -> None:
    """It has a name, costs the count and the steps, and nothing else."""
    inner = """
        self.inner = nn.Linear(5, 5)

    def forward(self, x):
        x = self.inner(torch.tanh(self.first(x)))
        return self.last(torch.tanh(x))
"""
    outer = inner.replace("self.inner = nn.Linear(5, 5)", "self.inner = [nn.Linear(5, 5)]").replace(
        "self.inner(", "self.inner[0]("
    )
    probes = {
        "layers": NET.layers(X),
        "outputs": NET.outputs(X),
        "gradients": NET.gradients(X, Y),
        "steps": NET.steps(X, Y),
        "parameters": NET.parameters(X),
    }
    right = {k: ask(names(HEAD + inner), p, ["float64"]) for k, p in probes.items()}
    seen = {k: ask(names(HEAD + outer), p, ["float64"]) for k, p in probes.items()}
    assert compare.shapes(seen["layers"], right["layers"]).fraction == 1.0
    assert compare.close(seen["outputs"], right["outputs"]).fraction == 1.0
    assert compare.close(seen["gradients"], right["gradients"]).fraction == 1.0
    said = "2 weights are used, but not registered, in the plain list, tuple or dictionary `inner`"
    for verdict in (
        compare.count(seen["parameters"], right["parameters"]),
        compare.close(seen["steps"], right["steps"]),
        compare.stepped(seen["steps"], right["steps"]),
    ):
        assert verdict.fraction == 0.0
        assert said in verdict.feedback
        assert "nn.ModuleList" in verdict.hint
    assert seen["steps"].unregistered == ("inner[0].weight", "inner[0].bias")


def test_lists_in_lists_have_names() -> None:
    """As Python would write them."""
    found = {p.name: p.kind for p in measure(LISTED).rows}
    assert {n for n, kind in found.items() if kind == "tensor"} == {
        "layers[0].weight",
        "more['b'][0]",
    }


@pytest.mark.parametrize(
    "held",
    [
        "[self.first, self.last]",
        "{'a': self.first}",
        "[torch.zeros(3)]",
        "[[[[[[nn.Linear(2, 2)]]]]]]",
    ],
)
def test_a_list_beside_what_is_registered_is_nothing(held: str) -> None:
    """A second way to registered layers, constants, and what no operator uses are not counted."""
    found = measure(f"\n        self.kept = {held}\n{FORWARD}")
    assert (found.total, found.unregistered) == (59, ())


def test_activations_that_are_kept_are_no_parameters() -> None:
    """A list to which `forward` adds its results grows, and nothing else happens."""
    source = """
        self.seen = []

    def forward(self, x):
        x = torch.tanh(self.first(x))
        self.seen.append(x)
        self.seen[:] = self.seen[-3:]
        return self.last(self.seen[-1])
"""
    found = measure(source)
    assert (found.total, found.unregistered) == (59, ())
    assert {p.used for p in found.rows} == {True}


def test_an_own_list_of_parameters_counts_where_they_are_used() -> None:
    """An optimiser that is given `parameters()` trains them; what is not used is not added."""
    source = """
        self.layers = [nn.Linear(5, 5)]
        self.spare = [nn.Linear(9, 9)]

    def parameters(self, recurse=True):
        yield from super().parameters(recurse)
        yield from self.layers[0].parameters()
        yield from self.spare[0].parameters()

    def forward(self, x):
        return self.last(torch.tanh(self.layers[0](self.first(x))))
"""
    found = measure(source)
    assert (found.total, found.unregistered) == (89, ())
    steps = ask(names(HEAD + source), NET.steps(X, Y), ["float64"])
    assert steps.unregistered == ()


def test_an_own_list_that_raises_is_passed_over() -> None:
    source = "\n    def parameters(self, recurse=True):\n        raise ValueError\n" + FORWARD
    assert measure(source).total == 59


def test_a_long_history_in_a_list_takes_no_time() -> None:
    """No more entries are looked into than a network has parameters."""
    net = torch.nn.Linear(2, 2)
    net.seen = [list(range(9000)) for _ in range(1000)]  # type: ignore[assignment]
    begun = time.process_time()
    assert [n for n, _ in ownership.list_named(net)] == ["weight", "bias"]
    assert time.process_time() - begun < 1.0
