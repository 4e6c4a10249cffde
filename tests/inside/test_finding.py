"""Names are found under what students called them, or told with what was probably meant."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader import data
from grader.assignment import probe
from grader.inside import remarks
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import versions
from grader.inside.measuring.finding import find
from kit.measuring import ask, names

NET = """
import torch
from torch import nn

class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.{layer} = nn.Linear(4, {size})

    def forward(self, x):
        return self.{layer}(x)
"""
SOURCE = (
    NET.format(name="MyNet", layer="fc", size=2) + "\nrate = 0.1\ndef double(a): return 2 * a\n"
)
IMAGES = data.normal(3, 4)


def refusal(source: str, name: str, kind: Any = "") -> str:
    with pytest.raises(Unanswerable) as caught:
        find(names(source), name, kind)
    return caught.value.why


@pytest.mark.parametrize("given", ["'MyNet'", "MyNet"])
def test_answers_tell_what_is_called_otherwise(given: str) -> None:
    """By its name or by the object; the network is measured like any other."""
    space = names(SOURCE + f"answers = {{'LeNet5': {given}}}\n")
    found = ask(space, probe.module("LeNet5").parameters(IMAGES), ["float64"])
    assert len(found.trainable) == 2


def test_answers_serve_every_question() -> None:
    """Functions, values and trained objects are looked up there as well."""
    more = "net = MyNet()\nanswers = {'twice': 'double', 'lr': rate, 'model': 'net', 'rate': 7}\n"
    space = names(SOURCE + more)
    assert ask(space, probe.call("twice", 3), ["float64"]).item == 6
    assert ask(space, probe.value("lr"), ["float64"]).item == 0.1
    assert ask(space, probe.value("rate"), ["float64"]).item == 7, "what it says comes first"
    assert ask(space, probe.live("model").logits(IMAGES), ["float64"]).own.shape == (3, 2)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (
            "{'LeNet5': 'Mynet'}",
            "for `LeNet5`, and lenet.py defines no such name; did you mean `MyNet` (line 5)?",
        ),
        (
            "{'LeNet5': 'x y'}",
            "`answers` in lenet.py gives 'x y' for `LeNet5`, and lenet.py defines no such name; give",
        ),
        ("{'Other': 'MyNet'}", "lenet.py does not define `LeNet5`"),
        ("['MyNet']", "lenet.py does not define `LeNet5`"),
    ],
)
def test_answers_that_name_nothing(answers: str, why: str) -> None:
    """A wrong entry is told with what it holds."""
    assert why in refusal(f"{SOURCE}answers = {answers}\n", "LeNet5", "network")


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("MyNets", "network", "but `MyNet` (line 5); rename it to `MyNets`"),
        ("doubles", "", "but `double` (line 14); rename it to `doubles`"),
        ("rates", "value", "but `rate` (line 13); rename it to `rates`"),
        ("Rate", "", "it defines `MyNet`, `double`. Define `Rate` in this file, spelled so"),
        ("LeNet5", "network", "the only network that it defines is `MyNet` (line 5)"),
        ("LeNet5", "", "it defines `MyNet`, `double`. Define `LeNet5`"),
    ],
)
def test_near_names(name: str, kind: str, why: str) -> None:
    """Another spelling, or the only thing of the right kind, is offered with its line."""
    assert why in refusal(SOURCE, name, kind)


def test_several_networks_are_listed() -> None:
    """None of them is offered as the only one."""
    why = refusal(SOURCE + NET.format(name="Other", layer="a", size=1), "LeNet5", "network")
    assert "it defines `MyNet`, `double`, `Other`" in why


def test_a_notebook_names_cells() -> None:
    """Values and definitions that are indented are found in the text of the cells."""
    path = "/sub/book/lenet.ipynb"
    for number, text in ((2, "rate = 1\n"), (11, "rate = 2\nif True:\n    def double(a): ...\n")):
        lines = text.splitlines(keepends=True)
        linecache.cache[f"{path}, cell {number}"] = (len(text), None, lines, "")
    space = {"__name__": "__main__", "__file__": path, "rate": 2, "In": []}
    with pytest.raises(Unanswerable, match=r"but `rate` \(cell 11, line 1\)"):
        find(space, "rates", "value")
    with pytest.raises(
        Unanswerable, match=r"lenet\.ipynb, cell 11, line 3: `double` is defined ins"
    ):
        find(space, "double")
    with pytest.raises(Unanswerable, match="it defines nothing"):
        find(space, "inn", "value")


# ---------------------------------------------------------------------- defined more than once


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A submission's folder whose classes are remembered, and nothing of it afterwards."""
    for memory in (versions._defined, versions._chosen, remarks._noted):
        monkeypatch.setattr(versions, "_defined", {})
        memory.clear()
    versions.watch(str(tmp_path))
    yield tmp_path
    del torch.nn.Module.__init_subclass__
    for memory in (versions._defined, versions._chosen, remarks._noted):
        memory.clear()


def loaded(folder: Path, source: str) -> dict[str, Any]:
    path = str(folder / "lenet.py")
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    space: dict[str, Any] = {"__name__": "lenet", "__file__": path}
    exec(compile(source, path, "exec"), space)
    return space


FIRST = NET.format(name="LeNet5", layer="old", size=2)
LAST = NET.format(name="LeNet5", layer="fc", size=2)


@pytest.mark.parametrize(
    ("layers", "size", "judged"),
    [
        (["old"], 2, "old"),
        (["fc"], 2, "fc"),
        (["old", "fc"], 2, "fc"),
        (["old"], 3, "fc"),
        ([], 0, "fc"),
    ],
)
def test_the_definition_that_the_weights_fit(
    watched: Path, layers: list[str], size: int, judged: str
) -> None:
    """An earlier one is judged only where the weights fit it and not the last."""
    for layer in layers:
        state = {f"{layer}.weight": torch.zeros(size, 4), f"{layer}.bias": torch.zeros(size)}
        torch.save(state, watched / f"{layer}.pt")
    space = loaded(watched, FIRST + LAST)
    for _ in range(2):
        assert hasattr(find(space, "LeNet5")(), judged)
    told = [("twice", "`LeNet5` in lenet.py, line 5 (also in lenet.py, line 16)")]
    assert remarks.rows() == (told if judged == "old" else [])


def test_two_definitions_that_fit_are_left_alone(watched: Path) -> None:
    """Where it is not clear which one was trained, Python's rule holds: the last."""
    torch.save({"old.weight": torch.zeros(2, 4), "old.bias": torch.zeros(2)}, watched / "l.pt")
    assert hasattr(find(loaded(watched, FIRST + FIRST + LAST), "LeNet5")(), "fc")


def test_classes_of_others_are_not_remembered(watched: Path) -> None:
    """Only what code of the folder defines at its top; options of a class statement still count."""
    inner = "\nclass Outer:\n" + "".join(f"    {n}\n" for n in FIRST.splitlines()[4:])
    loaded(watched, FIRST + inner)
    names(SOURCE)
    assert list(versions._defined) == ["LeNet5"]
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        loaded(watched, "from torch import nn\nclass A(nn.Module, size=3): ...\n")
