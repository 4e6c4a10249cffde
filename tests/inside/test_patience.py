"""A pass that never returns takes its turn and no more."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import torch

from grader import compare, data
from grader.assignment import probe
from grader.inside.measuring import budget, patience
from grader.inside.measuring import trace as traces
from kit.measuring import ask, names

# An interrupt that comes while a callback of pytest's libraries runs is dropped there, and comes
# again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

X = data.normal(3, 6)
NET = probe.module("Net")
ENDLESS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)

    def forward(self, x):
        while len(x):
            {step}
        return x
"""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody is waited for as long as in a box."""
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    monkeypatch.setattr(patience, "LEAST", 0.05)
    yield
    patience._late.clear()


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("pass", "`forward` did not return within 0.2 seconds of computing time"),
        ("x = self.first(x)", "`forward`"),
        ("self.kept = torch.zeros(9999)", "`forward`"),
    ],
)
def test_the_count_needs_no_end(step: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of parameters is known, and the line at which `forward` was stopped."""
    monkeypatch.setattr(traces, "MOST_KEPT", 1 << 20)
    space = names(ENDLESS.format(step=step))
    layers = ask(space, NET.layers(X), ["float64", "float32"])
    assert layers.error is not None
    assert layers.error.kind == "TimeoutError"
    assert layers.error.message.startswith(says)
    assert (layers.error.file, layers.error.line) in {("lenet.py", 12), ("lenet.py", 13)}
    assert len(layers.rows) <= 50
    found = ask(space, NET.parameters(X), ["float64", "float32"])
    assert compare.count(found, found).fraction == 1.0
    assert {p.used for p in found.rows} == {None}


def test_layers_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more are listed than an honest network has."""
    monkeypatch.setattr(traces, "MOST_LAYERS", 60)
    layers = ask(names(ENDLESS.format(step="x = self.first(x)")), NET.layers(X), ["float64"])
    assert layers.error is not None
    assert "`forward` has run 60 layers and not returned" in layers.error.message
    assert len(layers.rows) == 50


def test_every_further_pass_gets_half() -> None:
    """So that many questions of an endless network do not take many times as long."""

    class Net:
        """A class of networks."""

    def wait() -> None:
        while True:
            pass

    begun = time.process_time()
    for _ in range(4):
        with pytest.raises(TimeoutError, match=r"within 0\.2 seconds"):
            patience.call(wait, Net)
    assert time.process_time() - begun < 1.0
    assert patience.call(lambda: 7, Net) == 7


def test_what_is_raised_goes_on() -> None:
    """An error of `forward` is no lateness."""

    def fail() -> None:
        raise KeyError

    for _ in range(9):
        with pytest.raises(KeyError):
            patience.call(fail, torch.nn.Linear)
    assert not patience._late[torch.nn.Linear]


@pytest.mark.process
def test_a_thread_s_clock_leaves_nothing_behind() -> None:
    """Who traces functions afterwards, as debuggers do, sees them begin once."""
    program = """
import sys
from grader.inside.measuring.budget import Spent, ThreadClock
for seconds in (0.03, 9):
    clock = ThreadClock()
    clock.start(seconds)
    try:
        sum(n for n in range(10 ** (7 if seconds < 1 else 2)))
    except Spent:
        print("spent")
    clock.stop()
sys.settrace(lambda *_: None)
print(max(map(lambda n: -n, range(9))))
"""
    words = (sys.executable, "-c", program)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["spent", "0"]


def test_a_clock_that_runs_is_left_alone() -> None:
    """Within a training that is watched, a pass has the training's time."""
    spent = budget.run(lambda: patience.call(lambda: time.sleep(0), torch.nn.Linear), 5)
    assert not spent
    assert not budget.is_running()
