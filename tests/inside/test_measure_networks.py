"""Harder networks: shortcuts, batch norm, dropout, tied weights, a cell that runs many times.

Each kind is written in several honest ways, layers declared and branches run in another order among
them, and in some that are wrong by one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from grader import data
from grader.assignment import probe
from kit.measuring import measured, questions, verdicts

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

HEAD = """
import math
import torch
from torch import nn
from torch.nn import functional as F

"""
NET = probe.module("Net", output="logits")
PICTURES = questions(NET, data.normal(3, 3, 9, 9), data.integers(3, below=5))
TEXTS = questions(NET, data.integers(3, 4, below=11), data.integers(3, below=11))
SERIES = questions(NET, data.normal(3, 4, 6), data.integers(3, below=5))

RESIDUAL = (
    HEAD
    + """
class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.fit = None
        if stride > 1:
            self.fit = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.fit is not None:
            x = self.fit(x)
        return F.relu(y + x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = Block(3, 3, 1)
        self.two = Block(3, 3, 1)
        self.three = Block(3, 6, 2)
        self.four = Block(6, 6, 1)
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        x = self.four(self.three(self.two(self.one(x))))
        return self.last(F.adaptive_avg_pool2d(x, 1).flatten(1))
"""
)
SUM = "return F.relu(y + x)"
BRANCH = """        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.fit is not None:
            x = self.fit(x)
"""
UNROLLED = (
    HEAD
    + """
def conv(before, after, size, stride=1):
    weight = torch.randn(after, before, size, size) * math.sqrt(2 / (before * size**2))
    return nn.Parameter(weight), stride


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, 5)
        self.fit, _ = conv(3, 6, 1)
        self.weights = nn.ParameterList()
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in (6, 6, 6, 6, 6, 3, 3, 3, 3))
        for shape in ((6, 6), (6, 6), (6, 6), (3, 6), (3, 3), (3, 3), (3, 3), (3, 3)):
            self.weights.append(conv(*shape, 3)[0])

    def forward(self, x):
        norms, weights = iter(reversed(self.norms)), iter(reversed(self.weights))

        def block(x, stride=1):
            skip = next(norms)(F.conv2d(x, self.fit, stride=2)) if stride == 2 else x
            inner = F.conv2d(x, next(weights), stride=stride, padding=1)
            inner = next(norms)(inner).clamp(min=0)
            inner = next(norms)(F.conv2d(inner, next(weights), padding=1))
            return torch.relu(torch.add(skip, inner))

        x = block(block(block(block(x)), 2))
        return x.mean((2, 3)) @ self.head.weight.T + self.head.bias
"""
)

NORMED = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.hidden = nn.Linear(4 * 7 * 7, 6)
        self.flat = nn.BatchNorm1d(6)
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        x = F.relu(self.flat(self.hidden(x.flatten(1))))
        return self.last(x)
"""
)
OWN_BUFFERS = """self.scale = nn.Parameter(torch.ones(4))
        self.shift = nn.Parameter(torch.zeros(4))
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("var", torch.ones(4))"""
BY_FUNCTION = (
    "F.batch_norm(self.conv(x), self.mean, self.var, self.scale, self.shift, self.training)"
)

DROPPING = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.hidden = nn.Linear(4 * 7 * 7, 8)
        self.last = nn.Linear(8, 5)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = F.relu(self.conv(x))
        x = self.drop(x.flatten(1))
        x = self.drop(F.relu(self.hidden(x)))
        return self.last(x)
"""
)
FIRST, SECOND = "self.drop(x.flatten(1))", "self.drop(F.relu(self.hidden(x)))"

TIED = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(11, 7)
        self.hidden = nn.Linear(7, 7)
        self.decoder = nn.Linear(7, 11)
        self.decoder.weight = self.encoder.weight

    def forward(self, words):
        x = self.encoder(words).mean(1)
        x = torch.tanh(self.hidden(x))
        return self.decoder(x)
"""
)
LAYERS = """        self.encoder = nn.Embedding(11, 7)
        self.hidden = nn.Linear(7, 7)
        self.decoder = nn.Linear(7, 11)
        self.decoder.weight = self.encoder.weight
"""

CELL = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(6, 6)
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        h = c = torch.zeros(len(x), 6)
        for step in range(x.shape[1]):
            h, c = self.cell(x[:, step], (h, c))
        return self.last(h)
"""
)
BY_HAND = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 5)
        self.state = nn.Linear(6, 24)
        self.input = nn.Linear(6, 24)

    def forward(self, x):
        h = c = torch.zeros(len(x), 6)
        for now in x.unbind(1):
            gates = self.input(now) + self.state(h)
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.last(h)
"""
)
GATES = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.ModuleList([nn.Linear(6, 6) for _ in "figo"])
        self.h = nn.ModuleList([nn.Linear(6, 6) for _ in "figo"])
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        h = c = x.new_zeros(len(x), 6)
        for now in x.unbind(1):
            f, i, g, o = (a(now) + b(h) for a, b in zip(self.x, self.h))
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return self.last(h)
"""
)
PLAIN = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b_h = nn.Parameter(torch.zeros(24))
        self.b_x = nn.Parameter(torch.zeros(24))
        self.w_h = nn.Parameter(torch.randn(6, 24))
        self.w_x = nn.Parameter(torch.randn(6, 24))
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        h, c = torch.zeros(len(x), 6), torch.zeros(len(x), 6)
        for t in range(x.size(1)):
            a = x[:, t] @ self.w_x + h @ self.w_h + self.b_x + self.b_h
            c = a[:, 6:12].sigmoid() * c + a[:, :6].sigmoid() * a[:, 12:18].tanh()
            h = a[:, 18:].sigmoid() * c.tanh()
        return self.last(h)
"""
)


def edited(source: str, *pairs: tuple[str, str]) -> str:
    """The source with these places changed, each of which has to be there."""
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return source


RIGHT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "residual": (
        RESIDUAL,
        {
            "sum turned": edited(RESIDUAL, (SUM, "return F.relu(x + y)")),
            "sum in place": edited(RESIDUAL, (SUM, "y += x\n        return y.relu_()")),
            "shortcut first": edited(
                RESIDUAL,
                (
                    BRANCH,
                    """        skip = x if self.fit is None else self.fit(x)
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        x = skip
""",
                ),
            ),
            "identity as a module": edited(
                RESIDUAL,
                ("self.fit = None", "self.fit = nn.Identity()"),
            ),
            "declared backwards": edited(
                RESIDUAL,
                (
                    """        self.one = Block(3, 3, 1)
        self.two = Block(3, 3, 1)
        self.three = Block(3, 6, 2)
        self.four = Block(6, 6, 1)
        self.last = nn.Linear(6, 5)
""",
                    """        self.last = nn.Linear(6, 5)
        self.four = Block(6, 6, 1)
        self.three = Block(3, 6, 2)
        self.two = Block(3, 3, 1)
        self.one = Block(3, 3, 1)
""",
                ),
            ),
            "a Sequential": edited(
                RESIDUAL,
                ("        self.one = Block(3, 3, 1)\n", "        self.body = nn.Sequential(\n"),
                ("self.two = Block(3, 3, 1)\n", "    Block(3, 3, 1), Block(3, 3, 1),\n"),
                ("self.three = Block(3, 6, 2)\n", "    Block(3, 6, 2),\n"),
                ("self.four = Block(6, 6, 1)\n", "    Block(6, 6, 1))\n"),
                ("self.four(self.three(self.two(self.one(x))))", "self.body(x)"),
            ),
            "mean over one dimension after the other": edited(
                RESIDUAL, ("F.adaptive_avg_pool2d(x, 1).flatten(1)", "x.mean(3).mean(2)")
            ),
            "mean of what was flattened": edited(
                RESIDUAL, ("F.adaptive_avg_pool2d(x, 1).flatten(1)", "x.flatten(2).mean(2)")
            ),
            "functions on parameters of its own": UNROLLED,
        },
    ),
    "batch norm": (
        NORMED,
        {
            "by a function on own buffers": edited(
                NORMED,
                ("self.norm = nn.BatchNorm2d(4)", OWN_BUFFERS),
                ("self.norm(self.conv(x))", BY_FUNCTION),
            ),
            "declared backwards": edited(
                NORMED,
                ("        self.conv = nn.Conv2d(3, 4, 3)\n", ""),
                ("        self.norm = nn.BatchNorm2d(4)\n", ""),
                (
                    "self.last = nn.Linear(6, 5)",
                    "self.last = nn.Linear(6, 5)\n        self.norm = nn.BatchNorm2d(4)\n"
                    "        self.conv = nn.Conv2d(3, 4, 3)",
                ),
            ),
            "other numbers to start with": edited(
                NORMED,
                ("self.last = nn", "nn.init.zeros_(self.norm.weight)\n        self.last = nn"),
            ),
            "sums of one row as a picture": edited(
                NORMED,
                ("nn.BatchNorm1d(6)", "nn.BatchNorm2d(6)"),
                (
                    "self.flat(self.hidden(x.flatten(1)))",
                    "self.flat(self.hidden(x.flatten(1))[:, :, None, None]).flatten(1)",
                ),
            ),
        },
    ),
    "dropout": (
        DROPPING,
        {
            "by a function": edited(
                DROPPING,
                (FIRST, "F.dropout(x.flatten(1), 0.5, self.training)"),
                (SECOND, "F.dropout(F.relu(self.hidden(x)), training=self.training)"),
            ),
            "before ReLU": edited(DROPPING, (SECOND, "F.relu(self.drop(self.hidden(x)))")),
            "before flattening": edited(DROPPING, (FIRST, "self.drop(x).flatten(1)")),
            "only where it trains": edited(
                DROPPING,
                (
                    "x = self.drop(x.flatten(1))",
                    "x = x.flatten(1)\n        if self.training:\n"
                    "            x = F.dropout(x, p=0.5)",
                ),
            ),
            "a Sequential, declared first": edited(
                DROPPING,
                (
                    "        self.conv = nn.Conv2d(3, 4, 3)\n",
                    "        self.rest = nn.Sequential(nn.Flatten(), nn.Dropout(), "
                    "nn.Linear(196, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 5))\n"
                    "        self.conv = nn.Conv2d(3, 4, 3)\n",
                ),
                ("        self.hidden = nn.Linear(4 * 7 * 7, 8)\n", ""),
                ("        self.last = nn.Linear(8, 5)\n", ""),
                (
                    f"        x = {FIRST}\n        x = {SECOND}\n        return self.last(x)",
                    "        return self.rest(x)",
                ),
            ),
        },
    ),
    "tied weights": (
        TIED,
        {
            "declared backwards, tied the other way": edited(
                TIED,
                (
                    LAYERS,
                    """        self.decoder = nn.Linear(7, 11)
        self.hidden = nn.Linear(7, 7)
        self.encoder = nn.Embedding(11, 7)
        self.encoder.weight = self.decoder.weight
""",
                ),
            ),
            "by a function": edited(
                TIED,
                (
                    "        self.decoder = nn.Linear(7, 11)\n"
                    "        self.decoder.weight = self.encoder.weight\n",
                    "        self.bias = nn.Parameter(torch.zeros(11))\n",
                ),
                ("self.decoder(x)", "F.linear(x, self.encoder.weight, self.bias)"),
            ),
            "by a product": edited(
                TIED,
                ("self.decoder(x)", "x @ self.encoder.weight.t() + self.decoder.bias"),
            ),
            "by indexing": edited(TIED, ("self.encoder(words)", "self.encoder.weight[words]")),
            "one parameter of its own": edited(
                TIED,
                (
                    LAYERS,
                    """        self.table = nn.Parameter(torch.randn(11, 7))
        self.bias = nn.Parameter(torch.randn(11))
        self.hidden = nn.Linear(7, 7)
""",
                ),
                ("self.encoder(words)", "F.embedding(words, self.table)"),
                ("self.decoder(x)", "torch.addmm(self.bias, x, self.table.T)"),
            ),
        },
    ),
    "LSTM cell": (
        CELL,
        {
            "nn.LSTM": edited(
                CELL,
                ("nn.LSTMCell(6, 6)", "nn.LSTM(6, 6, batch_first=True)"),
                (
                    "        for step in range(x.shape[1]):\n"
                    "            h, c = self.cell(x[:, step], (h, c))\n",
                    "        h = self.cell(x)[0][:, -1]\n",
                ),
            ),
            "nn.LSTM of one step": edited(
                CELL,
                ("nn.LSTMCell(6, 6)", "nn.LSTM(6, 6)"),
                ("torch.zeros(len(x), 6)", "torch.zeros(1, len(x), 6)"),
                (
                    "h, c = self.cell(x[:, step], (h, c))",
                    "_, (h, c) = self.cell(x[None, :, step], (h, c))",
                ),
                ("self.last(h)", "self.last(h[0])"),
            ),
            "no first state": edited(
                CELL,
                ("h = c = torch.zeros(len(x), 6)", "state = None"),
                ("h, c = self.cell(x[:, step], (h, c))", "state = self.cell(x[:, step], state)"),
                ("self.last(h)", "self.last(state[0])"),
            ),
            "gates by hand, declared backwards": BY_HAND,
            "the state's part first": edited(
                BY_HAND, ("self.input(now) + self.state(h)", "self.state(h) + self.input(now)")
            ),
            "gates in another order of one matrix": edited(BY_HAND, ("i, f, g, o", "f, o, i, g")),
            "a layer for each gate": GATES,
            "plain products": PLAIN,
            "plain products, each with its bias": edited(
                PLAIN,
                (
                    "x[:, t] @ self.w_x + h @ self.w_h + self.b_x + self.b_h",
                    "(h @ self.w_h + self.b_h) + torch.addmm(self.b_x, x[:, t], self.w_x)",
                ),
            ),
            "nn.LSTM in float32 only": edited(
                CELL,
                ("nn.LSTMCell(6, 6)", "nn.LSTM(6, 6, batch_first=True)"),
                (
                    "        for step in range(x.shape[1]):\n"
                    "            h, c = self.cell(x[:, step], (h, c))\n",
                    "        h = self.cell(x.float())[0][:, -1]\n",
                ),
            ),
        },
    ),
}
PROBES = {
    "residual": PICTURES,
    "batch norm": PICTURES,
    "dropout": PICTURES,
    "tied weights": TEXTS,
    "LSTM cell": SERIES,
}
LOOSE = {"LSTM cell": {"layers"}}
"""How a loop cuts its products is no part of the network."""

# kind: {name: (source, what is lost first, a piece of what it says, what is still right)}
WRONG: Mapping[str, Mapping[str, tuple[str, str, str, str]]] = {
    "residual": {
        "left out": (
            edited(RESIDUAL, (SUM, "return F.relu(y)")),
            "outputs",
            "The values part after `one.norm2` (batch_norm) in lenet.py, line 23: your network "
            "applies relu there, ours add and relu",
            "",
        ),
        "ReLU before the sum": (
            edited(RESIDUAL, (SUM, "return F.relu(y) + x")),
            "outputs",
            "applies relu and add there, ours add and relu",
            "layers parameters",
        ),
        "no ReLU after the sum": (
            edited(RESIDUAL, (SUM, "return y + x")),
            "outputs",
            "applies add there, ours add and relu",
            "layers parameters",
        ),
        "doubled": (
            edited(RESIDUAL, (SUM, "return F.relu(y + x + x)")),
            "outputs",
            "applies add and add and relu there",
            "layers parameters",
        ),
        "no norm in the shortcut": (
            edited(RESIDUAL, (", nn.BatchNorm2d(after)\n            )", "\n            )")),
            "layers",
            "A layer is missing: batch_norm with output (N, 6, 5, 5)",
            "",
        ),
        "detached shortcut": (
            edited(RESIDUAL, (SUM, "return F.relu(y + x.detach())")),
            "gradients",
            "The gradient of",
            "layers parameters outputs",
        ),
    },
    "batch norm": {
        "missing": (
            edited(NORMED, ("self.norm(self.conv(x))", "self.conv(x)")),
            "layers",
            "A layer is missing: batch_norm with output (N, 4, 7, 7)",
            "",
        ),
        "after ReLU": (
            edited(NORMED, ("F.relu(self.norm(self.conv(x)))", "self.norm(F.relu(self.conv(x)))")),
            "outputs",
            "The values part after `conv` (convolution) in lenet.py, line 18: your network applies "
            "relu there, ours nothing",
            "parameters",
        ),
        "statistics of the batch in eval mode": (
            edited(
                NORMED,
                ("self.norm = nn.BatchNorm2d(4)", OWN_BUFFERS),
                ("self.norm(self.conv(x))", BY_FUNCTION.replace("self.training", "True")),
            ),
            "outputs",
            "part at `scale` (batch_norm) in lenet.py, line 21: its statistics, eps or weights",
            "parameters",
        ),
        "stored statistics in train mode": (
            edited(
                NORMED,
                ("self.norm = nn.BatchNorm2d(4)", OWN_BUFFERS),
                ("self.norm(self.conv(x))", BY_FUNCTION.replace("self.training", "False")),
            ),
            "steps",
            "After the first step",
            "layers parameters outputs gradients",
        ),
        "another eps": (
            edited(NORMED, ("nn.BatchNorm2d(4)", "nn.BatchNorm2d(4, eps=1e-3)")),
            "outputs",
            "part at `norm` (batch_norm)",
            "parameters",
        ),
        "layer norm": (
            edited(NORMED, ("nn.BatchNorm1d(6)", "nn.LayerNorm(6)")),
            "layers",
            "`flat` (layer_norm) in lenet.py, line 19, stands where batch_norm",
            "parameters",
        ),
    },
    "dropout": {
        "on in eval mode": (
            edited(DROPPING, (SECOND, "F.dropout(F.relu(self.hidden(x)))")),
            "outputs",
            "your network applies relu and dropout that stays on in eval mode there, ours relu",
            "parameters",
        ),
        "made anew in each pass": (
            edited(DROPPING, (FIRST, "nn.Dropout(0.5)(x.flatten(1))")),
            "outputs",
            "dropout that stays on in eval mode",
            "parameters",
        ),
        "left out": (
            edited(DROPPING, (SECOND, "F.relu(self.hidden(x))")),
            "steps",
            "In train mode your network drops nothing after `hidden`, ours drops 50% there.",
            "layers parameters outputs gradients",
        ),
        "another share": (
            edited(DROPPING, ("nn.Dropout(0.5)", "nn.Dropout(0.2)")),
            "steps",
            "In train mode your network drops 20% after `conv`, ours drops 50% there.",
            "layers parameters outputs gradients",
        ),
    },
    "tied weights": {
        "untied": (
            edited(TIED, ("        self.decoder.weight = self.encoder.weight\n", "")),
            "parameters",
            "Your network has 221 trainable parameters, expected are 144",
            "",
        ),
        "copied once": (
            edited(
                TIED,
                (
                    "self.decoder.weight = self.encoder.weight",
                    "self.decoder.weight.data.copy_(self.encoder.weight.data)",
                ),
            ),
            "parameters",
            "Ours has nothing of the size of `decoder.weight` (11, 7)",
            "",
        ),
        "one memory, two parameters": (
            edited(
                TIED,
                (
                    "self.decoder.weight = self.encoder.weight",
                    "self.decoder.weight.data = self.encoder.weight.data",
                ),
            ),
            "parameters",
            "221 trainable parameters",
            "",
        ),
        "detached": (
            edited(
                TIED,
                (
                    "self.decoder(x)",
                    "F.linear(x, self.encoder.weight.detach(), self.decoder.bias)",
                ),
            ),
            "gradients",
            "The gradient of `encoder.weight` differs",
            "outputs",
        ),
    },
    "LSTM cell": {
        "tanh for a gate": (
            edited(BY_HAND, ("torch.sigmoid(f)", "torch.tanh(f)")),
            "outputs",
            "answers differently",
            "parameters",
        ),
        "state forgotten": (
            edited(CELL, ("self.cell(x[:, step], (h, c))", "self.cell(x[:, step])")),
            "outputs",
            "answers differently",
            "parameters",
        ),
        "one bias": (
            edited(
                BY_HAND,
                ("self.state = nn.Linear(6, 24)", "self.state = nn.Linear(6, 24, bias=False)"),
            ),
            "parameters",
            "Your network has 347 trainable parameters, expected are 371",
            "",
        ),
        "GRU": (
            edited(
                CELL,
                ("nn.LSTMCell", "nn.GRUCell"),
                ("h, c = self.cell(x[:, step], (h, c))", "h = self.cell(x[:, step], h)"),
            ),
            "parameters",
            "expected are 371",
            "",
        ),
    },
}


@pytest.fixture(scope="module")
def references() -> dict[str, dict[str, Any]]:
    return {kind: measured(source, PROBES[kind]) for kind, (source, _) in RIGHT.items()}


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k, (_, forms) in RIGHT.items() for n in forms]
)
def test_equally_right_forms_pass_everything(
    kind: str, name: str, references: dict[str, Any]
) -> None:
    """Outputs, gradients, two steps and counts equal the reference's under equal weights."""
    found = verdicts(RIGHT[kind][1][name], references[kind], PROBES[kind])
    for what in found.keys() - LOOSE.get(kind, set()):
        assert found[what].fraction == 1.0, f"{what}: {found[what].feedback}"


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, forms in WRONG.items() for n in forms])
def test_wrong_forms_lose_and_are_told_why(
    kind: str, name: str, references: dict[str, Any]
) -> None:
    """What differs is said; what is right stays right."""
    source, lost, piece, kept = WRONG[kind][name]
    found = verdicts(source, references[kind], PROBES[kind])
    assert found[lost].fraction < 1.0
    assert piece in found[lost].feedback
    for what in kept.split():
        assert found[what].fraction == 1.0, f"{what}: {found[what].feedback}"
