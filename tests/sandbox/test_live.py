"""Live names are measured in their own session, and the session stays as it is."""

from __future__ import annotations

import os
import random
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.inside.loading import namespace
from grader.records.execution import Missing
from grader.records.limits import Limits
from grader.sandbox import ForkServer, shelter
from grader.sandbox.live import Session
from kit.boxes import job
from kit.session import ENTRY, make_session, open_box
from kit.tiny import RIGHT

CALL = {"name": "act", "args": []}
INPUTS = {
    "module": "Tiny",
    "x": np.random.default_rng(0).standard_normal((3, 4)),
    "seed": 1,
    "precisions": ["float64", "float32"],
}
TRAINED = """\
net = Tiny()
seen = []
handle = net.register_forward_hook(lambda *_: seen.append(1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net(torch.ones(2, 4)).sum().backward()
optimizer.step()
net.train()
"""


def act(session: Session) -> Any:
    """What the session's function `act` returns, as a check gets it."""
    with open_box(session) as box:
        answer = box.ask("call", CALL)
        assert box.close().level == 0
    return answer if isinstance(answer, Missing) else answer["value"]["item"]


def test_it_answers_as_a_box_does(tmp_path: Path, server: ForkServer) -> None:
    """Layers, parameters, outputs and calls: number for number what a box gives."""
    questions = [(ask, INPUTS) for ask in ("layers", "parameters", "outputs")]
    questions.append(("call", {"name": "double", "args": [[1.0, 2.5]]}))
    session = make_session(tmp_path, RIGHT)
    with open_box(session) as box:
        live = [box.ask(ask, args) for ask, args in questions]
    with server.open(job({ENTRY: session.notebook}, entry=ENTRY, limits=Limits())) as box:
        boxed = [box.ask(ask, args) for ask, args in questions]
    np.testing.assert_equal(live, boxed)


def test_a_network_that_is_called_otherwise_is_told_and_taken(tmp_path: Path) -> None:
    """As in a box: the facts first, then what was decided is bound to the name."""
    renamed = RIGHT.replace("class Tiny", "class Net")
    with open_box(make_session(tmp_path, renamed, "trained = Net()")) as box:
        found = box.ask("networks", {"module": "Tiny", "asked": ["Tiny", "double"]})
        assert [(r["path"], r["place"]) for r in found["rows"]] == [("Net", " (cell 1, line 8)")]
        rows = box.ask("parameters", {**INPUTS, "substitutes": {"Tiny": "Net"}})["rows"]
        assert len(rows) == 4
        assert "`Net` (cell 1, line 8) as `Tiny`" in " ".join(box.close().notes)


@pytest.mark.parametrize(
    "code",
    [
        "net.first.weight.data.zero_()",
        "for p in net.parameters(): p.grad.zero_()",
        "net.eval()",
        "net.register_forward_hook(print)",
        "net.zero_grad(set_to_none=True)",
        "optimizer.zero_grad(); net(torch.ones(2, 4)).sum().backward(); optimizer.step()",
        "net.first.weight.requires_grad_(False)",
        "del net.first",
    ],
)
def test_a_function_that_reaches_for_the_live_network_changes_a_copy(
    tmp_path: Path, code: str
) -> None:
    """Weights, gradients, hooks, mode and the optimizer's state are what they were."""
    text = f"def act():\n{textwrap.indent(code, '    ')}\n    return 1"
    session = make_session(tmp_path, RIGHT, TRAINED, text)
    net, optimizer = session.names["net"], session.names["optimizer"]
    before = describe(net, optimizer)
    assert act(session) == 1
    assert session.names["net"] is net
    assert session.names["optimizer"] is optimizer
    assert describe(net, optimizer) == before
    session.names["act"]()
    assert describe(net, optimizer) != before  # so this could have been seen


def test_a_live_network_is_measured_and_stays_as_it_is(tmp_path: Path) -> None:
    """Its logits are those of its weights; measuring it leaves no trace in it."""
    session = make_session(tmp_path, RIGHT, TRAINED)
    net, optimizer = session.names["net"], session.names["optimizer"]
    before, seen = describe(net, optimizer), len(session.names["seen"])
    images = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    with open_box(session) as box:
        answer = box.ask("logits", {"live": "net", "images": images, "precisions": ["float32"]})
    assert describe(net, optimizer) == before
    assert len(session.names["seen"]) == seen
    assert net.training
    with torch.no_grad():
        np.testing.assert_allclose(answer["logits"], net(torch.from_numpy(images)), rtol=1e-5)


def describe(net: torch.nn.Module, optimizer: torch.optim.Optimizer) -> list[object]:
    """Everything about both that could be changed."""
    return [
        [
            (n, p.detach().clone().tolist(), p.requires_grad, id(p))
            for n, p in net.named_parameters()
        ],
        [p.grad.tolist() for p in net.parameters() if p.grad is not None],
        [(n, m.training, len(m._forward_hooks)) for n, m in net.named_modules()],
        [s["momentum_buffer"].tolist() for s in optimizer.state.values()],
    ]


@pytest.mark.parametrize(
    ("before", "change", "look"),
    [
        ("history = [1, 2]", "history.append(3)", "history"),
        ("scores = {'a': [1]}", "scores['a'].append(3); scores['b'] = 1", "scores"),
        ("import numpy\nw = numpy.ones(3)", "w[:] = 0", "w.tolist()"),
        ("w = torch.ones(3)", "w.zero_()", "w.tolist()"),
        ("class Own:\n    n = 1\nown = Own()", "own.n = 2", "own.n"),
        ("count = 1", "global count; count += 1", "count"),
        ("", "global fresh; fresh = 1", "'fresh' in globals()"),
        (
            "g = torch.Generator().manual_seed(1)",
            "torch.rand(3, generator=g)",
            "g.get_state().sum()",
        ),
        ("import numpy\nr = numpy.random.default_rng(1)", "r.random()", "r.bit_generator.state"),
    ],
)
def test_what_the_cells_have_made_stays(
    tmp_path: Path, before: str, change: str, look: str
) -> None:
    """Lists, dictionaries, arrays, objects, counters and generators; no name is new."""
    session = make_session(
        tmp_path, f"import torch\n{before}", f"def act():\n    {change}\n    return 1"
    )
    names = session.names
    objects, was = dict(names), str(eval(look, names))
    assert act(session) == 1
    assert str(eval(look, names)) == was
    assert names.keys() == objects.keys()
    assert all(names[n] is value for n, value in objects.items())
    names["act"]()
    assert str(eval(look, names)) != was


CHANGES = """\
import os, random, sys, warnings
import numpy, torch
import matplotlib.pyplot as plt

def act():
    random.random(), numpy.random.rand(), torch.rand(1)
    random.seed(3), numpy.random.seed(3), torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(3)
    torch.use_deterministic_algorithms(True)
    os.chdir("/")
    os.environ["CHANGED"] = "yes"
    sys.path.insert(0, "/nowhere")
    warnings.simplefilter("error")
    plt.figure()
    print("to be seen nowhere")
    print("nor here", file=sys.stderr)
    return 1
"""


def test_what_belongs_to_the_process_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random numbers, precision, gradients, threads, folder, path, warnings, figures, output."""
    from matplotlib import pyplot as plt

    session = make_session(tmp_path, CHANGES)
    before = look()
    assert act(session) == 1
    assert look() == before
    assert plt.get_fignums() == []
    assert tuple(capsys.readouterr()) == ("", "")


def look() -> list[object]:
    """The state of this process."""
    import warnings

    return [
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002
        torch.get_rng_state().tolist(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        Path.cwd(),
        dict(os.environ),
        list(sys.path),
        list(warnings.filters),
    ]


def test_gradients_that_are_off_in_the_session_are_on_for_measuring(tmp_path: Path) -> None:
    """As in a process of its own; and they are off again."""
    session = make_session(
        tmp_path, "import torch\ndef act():\n    return bool(torch.is_grad_enabled())"
    )
    with torch.no_grad():
        assert act(session) is True
        assert not torch.is_grad_enabled()


def test_the_stop_button_leaves_everything_as_it_is(tmp_path: Path) -> None:
    """KeyboardInterrupt is the student's own: it goes on, and the names are back."""
    text = "history = []\ndef act():\n    history.append(1)\n    raise KeyboardInterrupt"
    session = make_session(tmp_path, text)
    history, before = session.names["history"], look()
    with pytest.raises(KeyboardInterrupt):
        act(session)
    assert session.names["history"] is history
    assert history == []
    assert look() == before
    assert namespace.CELLS == {}


def test_an_error_names_the_cell_as_it_is_shown(tmp_path: Path) -> None:
    """`tiny.ipynb, cell 2, line 2`, and a name that is missing is told with near ones."""
    session = make_session(
        tmp_path, "import torch", "def act():\n    return 1 / 0\n\ndef akt(): pass"
    )
    answer = act(session)
    assert answer.error.sentence().startswith("tiny.ipynb, cell 2, line 2: ZeroDivisionError")
    with open_box(session) as box:
        other = box.ask("call", {"name": "acts", "args": []})
    assert "tiny.ipynb does not define `acts`, but `act` (cell 2, line 1)" in other.why


def test_a_network_that_cannot_be_copied_is_not_touched(tmp_path: Path) -> None:
    """It is decided elsewhere, with a sentence; the network ran neither here nor there."""
    stubborn = (
        "class Stubborn(Tiny):\n    calls = 0\n"
        "    def __deepcopy__(self, memo):\n        raise TypeError('no copies')\n"
        "    def forward(self, x):\n        Stubborn.calls += 1\n        return super().forward(x)\n"
        "net = Stubborn()"
    )
    session = make_session(tmp_path, RIGHT, stubborn)
    images = np.zeros((2, 4), np.float32)
    with open_box(session) as box:
        answer = box.ask("logits", {"live": "net", "images": images, "precisions": ["float32"]})
    assert answer.elsewhere
    assert "`net` cannot be copied (TypeError: no copies)" in answer.why
    assert session.names["Stubborn"].calls == 0
    assert session.names["net"].training


def test_what_lies_on_another_device_is_decided_elsewhere(tmp_path: Path) -> None:
    """A network that puts its layers on a GPU costs nothing; `meta` is the device that is here."""
    text = RIGHT.replace("nn.Linear(5, 2)", "nn.Linear(5, 2, device='meta')")
    session = make_session(tmp_path, text)
    with open_box(session) as box:
        answer = box.ask("outputs", INPUTS)
    assert answer.elsewhere, answer
    assert "GPU" in answer.why


def test_large_data_is_read_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set is not copied; a network is, whatever its size."""
    monkeypatch.setattr(shelter, "LARGEST", 100)
    text = "import numpy, torch\nx = numpy.ones(50)\nw = torch.ones(50, requires_grad=True)\n"
    session = make_session(
        tmp_path,
        f"{text}ids = id(x), id(w)\ndef act():\n    return [id(x) == ids[0], id(w) == ids[1]]",
    )
    values = [item["item"] for item in act(session)]
    assert values == [True, False]


def test_the_grader_s_own_inputs_are_out_of_reach(tmp_path: Path) -> None:
    """A function that writes to its argument writes to a copy."""
    session = make_session(tmp_path, "def act(x):\n    x[:] = 0\n    return 1")
    x = np.ones(3)
    with open_box(session) as box:
        assert box.ask("call", {"name": "act", "args": [x]})["changed"] == [0]
    assert x.tolist() == [1.0, 1.0, 1.0]
