"""What among a student's names could be the network that is asked for: facts, and no decision."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from grader import data
from grader.assignment import probe
from grader.inside import remarks
from grader.inside.measuring import instances, measure
from grader.records import measurements as m
from kit.measuring import ask, names

HEAD = """
import torch
from torch import nn

class MyNet(nn.Module):
    def __init__(self, size=2):
        super().__init__()
        self.fc = nn.Linear(4, size)

    def forward(self, x):
        return self.fc(x)

"""
X = data.normal(3, 4)
SHAPES = ((2, 4), (2,))


@pytest.fixture(autouse=True)
def _forget() -> None:
    remarks.forget()


def survey(
    source: str, name: str = "LeNet5", asked: tuple[str, ...] = (), **more: Any
) -> m.Networks:
    """What the box tells of this file."""
    one = probe.survey(name, [probe.module(name).layers(X)])
    given = {**one.arguments(1, data.Source()), "asked": [name, *asked], **more}
    return one.read(measure.answer(names(source), "networks", given))


def paths(networks: m.Networks) -> list[str]:
    return [r.path for r in networks.rows]


@pytest.mark.parametrize(
    "more",
    [
        "LeNet5 = MyNet",
        "LeNet5 = MyNet()",
        "class lenet_5(MyNet): pass",
        "answers = {'LeNet5': 'MyNet'}",
        "LeNet5 = lambda: MyNet(2)",
        "LeNet5 = nn.Sequential(nn.Linear(4, 2))",
    ],
)
def test_what_is_there_is_not_searched(more: str) -> None:
    """A class, a function, an instance, or what `answers` says."""
    found = survey(HEAD + more)
    assert found.ready
    assert not found.rows


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", ["MyNet"]),
        ("net = MyNet()\nother = MyNet()", ["MyNet"]),
        ("wide = MyNet(3)", ["MyNet", "wide"]),
        ("Alias = MyNet", ["MyNet"]),
        ("_hidden = nn.Sequential(nn.Linear(4, 2))", ["MyNet"]),
        ("loss = nn.CrossEntropyLoss()\nlayer = nn.Linear(4, 2)", ["MyNet"]),
        ("a = nn.Sequential(nn.Linear(4, 2))\nb = nn.Sequential(nn.Linear(4, 2))", ["MyNet", "a"]),
        ("net = nn.DataParallel(MyNet())", ["MyNet"]),
        ("class Two(MyNet):\n    def __init__(self):\n        super().__init__()\n"
         "        self.part = MyNet()\n", ["Two"]),
        ("def make():\n    return nn.Sequential(nn.Linear(4, 2))", ["MyNet"]),
        ("LeNet5 = 61706", ["MyNet"]),
    ],
)  # fmt: skip
def test_each_network_is_listed_once(more: str, expected: list[str]) -> None:
    """By its class, or as an object where the class makes another; parts and losses are none."""
    found = survey(HEAD + more)
    assert not found.ready
    assert paths(found) == expected
    assert found.rows[0].output == (3, 2)


def test_facts() -> None:
    """Place and shapes; what a network answers only where it is asked."""
    (row,) = survey(HEAD).rows
    assert (row.place, row.shapes, row.total, row.output) == (" (line 5)", SHAPES, 10, (3, 2))
    one = probe.survey("LeNet5", [probe.module("LeNet5").layers(X)])
    args = {k: v for k, v in one.arguments(1, data.Source()).items() if k != "x"}
    (row,) = one.read(measure.answer(names(HEAD), "networks", args)).rows
    assert (row.shapes, row.output) == (SHAPES, None)


def test_a_function_is_called_only_where_nothing_else_is_there() -> None:
    """And only one whose text builds layers and does nothing else."""
    source = HEAD.replace("class MyNet", "class _Net")
    build = "def make():\n    return nn.Sequential(nn.Linear(4, 2))\n"
    train = "def run():\n    net = nn.Linear(4, 2)\n    net(torch.ones(4)).sum().backward()\n"
    assert paths(survey(source + build + train)) == ["make"]


def test_what_another_name_asked_for_means_is_no_candidate() -> None:
    """Neither the class, nor an instance of it, nor what `answers` gives for another name."""
    source = HEAD + "class Wide(MyNet): pass\nwide, mine = Wide(), MyNet()\n"
    assert paths(survey(source, asked=("Wide",))) == ["MyNet"]
    assert paths(survey(source + "answers = {'B': 'MyNet'}", asked=("Wide", "B"))) == []
    assert paths(survey(source + "answers = {'B': MyNet}", asked=("Wide", "B"))) == []


def test_a_class_that_wants_arguments_is_told_with_them() -> None:
    """With its own instances, which say by what it is built."""
    wanting = HEAD.replace("self, size=2", "self, size, *, bias")
    found = survey(wanting.replace("MyNet", "LeNet5"))
    assert found.bound is not None
    assert found.bound.wants == ("size", "bias=")
    assert not found.rows
    found = survey(wanting.replace("MyNet", "LeNet5") + "net = LeNet5(2, bias=1)")
    assert paths(found) == ["net"]
    (row,) = survey(wanting).rows
    assert (row.path, row.shapes, row.wants) == ("MyNet", None, ("size", "bias="))


def test_a_network_that_cannot_be_built_is_told_so() -> None:
    """It has no shapes; one whose `forward` fails has no answer."""
    (row,) = survey(HEAD.replace("self.fc = nn.Linear(4, size)", "self.fc = 1 / 0")).rows
    assert row.shapes is None
    (row,) = survey(HEAD.replace("return self.fc(x)", "return self.fc(x.T)")).rows
    assert (row.shapes, row.output) == (SHAPES, None)


def test_objects_are_found_for_an_object() -> None:
    """A class is no trained network."""
    one = probe.survey("net", [probe.live("net").logits(X)])
    space = names(HEAD + "trained = nn.Sequential(MyNet())\n")
    found = one.read(measure.answer(space, "networks", one.arguments(1, data.Source())))
    assert paths(found) == ["trained"]
    assert one.read(
        measure.answer(names(HEAD + "net = MyNet()"), "networks", {"live": "net"})
    ).ready


def test_a_decision_is_kept_to_and_said() -> None:
    """Every question sees the name bound to what was taken."""
    one = probe.module("LeNet5").parameters(X)
    given = {"asked": ["LeNet5"], "substitutes": {"LeNet5": "mine"}, "precisions": ["float64"]}
    args = {**one.arguments(1, data.Source()), **given}
    answer = measure.answer(names(HEAD + "mine = MyNet(7)\nother = MyNet(8)"), one.ask, args)
    assert one.read(answer).total == 35
    assert ("called", "`mine` (line 13) as `LeNet5`") in remarks.rows()


# ---------------------------------------------------------------------- finished networks


@pytest.mark.parametrize(
    ("built", "total"),
    [("MyNet()", 10), ("MyNet(3)", 15), ("nn.Sequential(MyNet(3))", 15), ("nn.DataParallel(MyNet())", 10)],
)  # fmt: skip
def test_an_instance_stands_for_what_builds_it(built: str, total: int) -> None:
    """Its class, or a copy of it where the class builds another."""
    space = names(HEAD + f"LeNet5 = {built}\n")
    assert ask(space, probe.module("LeNet5").parameters(X), ["float64"]).total == total
    assert [key for key, _ in remarks.rows()] == ["instance"]


def test_a_copy_has_learnt_nothing() -> None:
    """Its weights are drawn anew, and the object stays as it is."""
    net = torch.nn.Sequential(torch.nn.Linear(4, 2))
    torch.nn.init.zeros_(net[0].weight)
    fresh: Any = instances.find_maker(net, [], "net")()
    assert fresh[0].weight.abs().sum() > 0
    assert net[0].weight.abs().sum() == 0


def test_what_cannot_be_copied_is_said() -> None:
    """A tensor that was computed and kept cannot be."""
    source = HEAD + "LeNet5 = nn.Sequential(MyNet(3))\nLeNet5.kept = LeNet5(torch.ones(1, 4))\n"
    with pytest.raises(Exception, match="`LeNet5` is a finished network, of which no copy can"):
        ask(names(source), probe.module("LeNet5").parameters(X), ["float64"])


def test_a_name_in_another_module_and_suggestions() -> None:
    """Names that are asked for are never offered, nor what `answers` gives for another."""
    args = {"name": "update_torch", "asked": ["update", "update_torch"], "args": []}
    source = "def update(a): return a\ndef updates(a): return a\n"
    with pytest.raises(Exception, match=r"but `updates` \(line 2\); rename it") as caught:
        measure.answer(names(source), "call", args)
    assert "`update` " not in str(caught.value).partition(", but")[2]
    with pytest.raises(Exception, match="it defines `update`, `updates`"):
        measure.answer(names(source + "answers = {'b': updates}"), "call", args)
