"""What crosses the trust line: every question has its types, its answer and its reader; real ones fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints, is_typeddict

import numpy as np
import pytest

from grader import data
from grader.assignment import probe
from grader.inside import wire
from grader.inside.measuring import measure
from grader.inside.schema import messages
from grader.inside.schema.questions import QUESTIONS
from grader.inside.schema.trials import TRIALS
from grader.inside.walls import selftest
from grader.records.measurements import READERS
from grader.sandbox import remarks
from kit.forms import Watched, faults, watch
from kit.measuring import PRECISIONS, SEED, names

SOURCE = """
import numpy as np
import torch
from torch import nn

RATE = 0.1
TABLE = {"rates": [0.1, (1, 2.5)], "who": "me", "nothing": None, "array": np.ones(2)}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.drop = nn.Dropout(0.25)
        self.last = nn.Linear(2 * 6 * 6, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        return self.last(self.drop(x.flatten(1)))

class Broken(Net):
    def forward(self, x):
        return self.last(self.first(x))

class Sized(Net):
    def __init__(self, size):
        super().__init__()

net = Net()

def step(network, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(x), y).backward()
    optimizer.step()

def fit(network, x, y):
    for _ in range(2):
        yield nn.functional.cross_entropy(network(x), y).item()

def double(values):
    values *= 2
    return values, [torch.ones(2)], True
"""
PROBES_FILE = """
def weigh(student, shape):
    return {"rate": student["RATE"], "shape": list(shape)}
"""
X = data.uniform(4, 1, 8, 8)
Y = data.integers(4, below=3)
NET, BROKEN = probe.module("Net"), probe.module("Broken")
PROBES: dict[str, list[probe.Probe[Any]]] = {
    "layers": [NET.layers(X), BROKEN.layers(X)],
    "parameters": [NET.parameters(X), NET.parameters(X, train=True), BROKEN.parameters(X)],
    "outputs": [NET.outputs(X), probe.module("Net", precision="float32").outputs(X)],
    "gradients": [NET.gradients(X, Y)],
    "steps": [NET.steps(X, Y), NET.steps(X, Y, by="step")],
    "logits": [probe.live("net").logits(X)],
    "networks": [
        probe.survey("Net", [NET.layers(X)]),
        probe.survey("Other", [probe.module("Other").layers(X)]),
        probe.survey("Sized", [probe.module("Sized").layers(X)]),
        probe.survey("trained", [probe.live("trained").logits(X)]),
    ],
    "train": [
        NET.train("fit", X, Y, seconds=20, images=X),
        NET.train("fit", X, Y, seconds=20, images=X, by_epoch=True),
    ],
    "call": [probe.call("double", np.ones(3)), probe.call("double", np.ones(3), tensors=True)],
    "value": [probe.value("RATE"), probe.value("TABLE")],
    "script": [probe.script("weigh", [1, 2])],
}
"""By question, probes whose answers have every form."""
EVERY = [(name, n) for name, probes in PROBES.items() for n in range(len(probes))]
FUNCTIONS: dict[str, list[Callable[..., Any]]] = {
    "layers": [probe.Module.layers],
    "parameters": [probe.Module.parameters],
    "outputs": [probe.Module.outputs],
    "gradients": [probe.Module.gradients],
    "steps": [probe.Module.steps],
    "logits": [probe.Module.logits, probe.Module.own_logits, probe.Live.logits],
    "networks": [probe.survey],
    "train": [probe.Module.train],
    "call": [probe.call],
    "value": [probe.value],
    "script": [probe.script],
}
"""What makes a probe of each question."""


def crossed(value: object) -> Any:
    """The value as it comes out on the other side."""
    tree, arrays = wire.pack(value)
    ((head, received),) = wire.Reader(body_cap=wire.INWARD_CAP).feed(
        b"".join(wire.encode({"value": tree}, arrays))
    )
    return wire.unpack(head["value"], received)


def arguments(one: probe.Probe[Any]) -> Any:
    """What the box is asked with."""
    script = {"script": PROBES_FILE} if one.ask == probe.SCRIPT else {}
    return crossed({**one.arguments(SEED, data.Source()), **script, "precisions": PRECISIONS})


def answer(one: probe.Probe[Any]) -> Any:
    """What the box answers."""
    return crossed(measure.answer(names(SOURCE), one.ask, arguments(one)))


# ---------------------------------------------------------------------- the tables


def test_the_tables_name_the_same_questions() -> None:
    """A question has types, a function that answers, a reader and a probe; nothing else has."""
    assert QUESTIONS.keys() == measure.ASKS.keys() == READERS.keys() == PROBES.keys()
    assert TRIALS.keys() == selftest.TRIALS.keys()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_its_types(name: str) -> None:
    """The function inside takes the arguments, and returns the answer, that the table names."""
    question = QUESTIONS[name]
    assert is_typeddict(question.args)
    assert is_typeddict(question.answer)
    hints = get_type_hints(measure.ASKS[name])
    assert hints["args"] is question.args
    assert hints["return"] is question.answer


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_takes_its_arguments(name: str) -> None:
    """The function that tries the walls takes the arguments that the table names."""
    hints = get_type_hints(selftest.TRIALS[name])
    assert hints["args"] is TRIALS[name].args


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_probe_is_read_as_what_it_promises(name: str) -> None:
    """`Probe[Layers]` is read by `Layers.from_wire`: the type of a probe is that of its reader."""
    reader: Any = READERS[name]
    for function in FUNCTIONS[name]:
        (promised,) = get_args(get_type_hints(function)["return"])
        assert promised is reader.__self__, function


def test_every_remark_has_a_sentence() -> None:
    """The keys that the student's process may send are those that the grader has words for."""
    assert set(get_args(messages.RemarkKey)) == set(remarks.WORDS)


# ---------------------------------------------------------------------- real questions and answers


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_real_arguments_have_the_form(name: str, number: int) -> None:
    """What a probe sends has exactly the keys, of the types, that the schema names."""
    one = PROBES[name][number]
    assert one.ask == name
    assert faults(arguments(one), QUESTIONS[name].args) == []


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_real_answers_have_the_form(name: str, number: int) -> None:
    """What is measured has exactly the keys, of the types, that the schema names."""
    assert faults(answer(PROBES[name][number]), QUESTIONS[name].answer) == []


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_a_reader_reads_all_of_it_and_nothing_else(name: str, number: int) -> None:
    """Every key of an answer is read, and no key that the schema does not name is asked for."""
    seen: list[Watched] = []
    READERS[name](watch(answer(PROBES[name][number]), QUESTIONS[name].answer, seen))
    for one in seen:
        keys = set(one.form.__annotations__)
        assert set(one) <= one.read <= keys, one.form.__name__


@pytest.mark.parametrize("tensors", [False, True])
def test_a_function_gets_copies_of_its_own(tensors: bool) -> None:  # noqa: FBT001
    """What came over the wire is read-only; the student's function may write to what it is given."""
    one = probe.call("double", np.ones(3), tensors=tensors)
    assert answer(one)["changed"] == [0]


def test_the_courses_own_code_gets_copies_of_its_own() -> None:
    """As the manual says: writing to an argument, or making a tensor of it, is nobody's fault."""
    written = """
import torch

def write(student, numbers, pair):
    numbers += 1
    pair[0][0] = 5.0
    return [torch.from_numpy(numbers), pair[0]]
"""
    one = probe.script("write", np.ones(2), [np.zeros(2)])
    given = {**arguments(one), "script": written}
    assert not given["args"][0].flags.writeable
    (first, second) = crossed(measure.answer(names(SOURCE), one.ask, given))["value"]["item"]
    assert first["item"].tolist() == [2.0, 2.0]
    assert second["item"].tolist() == [5.0, 0.0]


def test_an_error_comes_with_its_line() -> None:
    """Where `forward` raises, the operators that ran until then stand beside the error."""
    facts = answer(BROKEN.layers(X))
    assert (
        facts["error"]["line"]
        == SOURCE.splitlines().index("        return self.last(self.first(x))") + 1
    )
    assert [row["name"] for row in facts["layers"]] == ["first"]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"key": "a", "name": "", "shape": [], "values": None}, "lacks ['sampled']"),
        ({"key": "a", "name": "", "shape": [], "values": None, "sampled": False, "role": ""}, "has ['role']"),
        ({"key": 1, "name": "", "shape": [], "values": None, "sampled": False}, "key is 1"),
        ({"key": "a", "name": "", "shape": ["x"], "values": None, "sampled": False}, "shape[0] is 'x'"),
        ([], "is a list, not a NamedRow"),
    ],
)  # fmt: skip
def test_another_form_is_noticed(value: Any, fault: str) -> None:
    """The comparison itself finds a key too few, one too many, and a value of another type."""
    from grader.inside.schema.questions import NamedRow

    (told,) = faults(value, NamedRow)
    assert fault in told


def test_the_schema_names_no_type_twice() -> None:
    """One thing has one name: no two TypedDicts of the schema are called the same."""
    from grader.inside.schema import job, questions

    classes = [
        name
        for module in (job, messages, questions)
        for name, value in inspect.getmembers(module, is_typeddict)
        if value.__module__ == module.__name__
    ]
    assert len(classes) == len(set(classes))
