"""What a network is given and returns, and what that costs: several tensors, their sizes, losses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader import compare, data
from grader.assignment import probe
from grader.inside.loading.namespace import Unanswerable
from kit.measuring import PRECISIONS, SEED, ask, names

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

HEAD = """
import dataclasses
from collections import OrderedDict, namedtuple
import torch
from torch import nn

Pair = namedtuple("Pair", "one two")

Record = dataclasses.make_dataclass("Record", [("one", object), ("two", object)])

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        y = self.last(x)
        return {}
"""
X, Y = data.normal(5, 4), data.integers(5, below=3)
RAW = probe.module("Net")
SCORES = probe.module("Net", output="logits")


def written(value: str) -> dict[str, Any]:
    """The names of a file whose network returns this; `y` is what its layer gave."""
    return names(HEAD.replace("{}", value, 1))


def answers(value: str, net: probe.Module = RAW) -> Any:
    """What is measured of that network's answers."""
    return ask(written(value), net.outputs(X), PRECISIONS)


def fraction(value: str, reference: str, net: probe.Module = RAW) -> float:
    """What a network that returns the one earns beside one that returns the other."""
    return compare.close(answers(value, net), answers(reference, net)).fraction


# ---------------------------------------------------------------------- which numbers count

SAME_SCORES = ["y + x.mean(1, keepdim=True)", "y.log_softmax(1)", "y[..., None]", "y[:, None]"]


@pytest.mark.parametrize("value", SAME_SCORES)
def test_scores_count_by_their_differences(value: str) -> None:
    """Of a classifier's scores neither a shift of a row nor a dimension of one says anything."""
    assert fraction(value, "y", SCORES) == 1
    assert fraction(value, "y") == 0


@pytest.mark.parametrize("value", ["2 * y", "y + x[:, :3]", "y.softmax(1)", "y[:, :2]", "y.T[:5]"])
def test_other_scores_lose(value: str) -> None:
    """What changes a probability is wrong in every kind of answer."""
    try:
        assert fraction(value, "y", SCORES) == 0
    except Unanswerable:
        assert value == "y.T[:5]"
    assert fraction(value, "y") == 0


def test_a_single_score_counts_itself() -> None:
    """Of one class nothing is left after log-softmax, so the score itself is compared."""
    assert fraction("y[:, :1]", "y[:, :1]", SCORES) == 1
    assert fraction("y[:, :1] + 1", "y[:, :1]", SCORES) == 0
    assert fraction("y[:, 0]", "y[:, :1]", SCORES) == 1


@pytest.mark.parametrize(
    ("wide", "axis", "other"),
    [("torch.stack([y, y * y], 1)", -1, 1), ("torch.stack([y, y * y, y], 2)[..., None]", 1, 2)],
)
def test_where_the_classes_stand(wide: str, axis: int, other: int) -> None:
    """Last in (N, T, C), second in (N, C, H, W): along another dimension a shift is wrong."""
    right, wrong = (f"{wide}.log_softmax({d})" for d in (axis, other))
    assert fraction(right, wide, SCORES) == 1
    assert fraction(wrong, wide, SCORES) == 0


def test_probabilities_count_themselves() -> None:
    """Scores in place of probabilities lose, and cross-entropy takes the logarithm."""
    net = probe.module("Net", output="probabilities")
    verdict = compare.close(answers("y", net), answers("y.softmax(1)", net))
    assert "what the softmax at its end should be applied to" in verdict.feedback
    own = ask(written("y.softmax(1)"), net.gradients(X, Y), PRECISIONS)
    ours = ask(written("y"), SCORES.gradients(X, Y), PRECISIONS)
    assert compare.close(own, ours).fraction == 1


# ---------------------------------------------------------------------- several tensors

PAIRS = ["(y, x)", "[y, x]", "Pair(y, x)"]
NAMED = ["{'one': y, 'two': x}", "OrderedDict(one=y, two=x)", "Record(y, x)"]


@pytest.mark.parametrize("value", PAIRS)
def test_tuples_and_lists_count_alike(value: str) -> None:
    """It counts which tensor stands where."""
    assert fraction(value, "(y, x)") == 1
    assert fraction(value, "(x, y)") == 0
    assert fraction(value, "(y, (x,))") == 0
    assert fraction(value, "y") == 0


@pytest.mark.parametrize("value", NAMED)
def test_dictionaries_and_records_count_alike(value: str) -> None:
    """It counts what the tensors are called."""
    assert fraction(value, "{'two': x, 'one': y}") == 1
    assert fraction(value, "{'one': x, 'two': y}") == 0
    assert fraction(value, "(y, x)") == 0


def test_states_within_a_pair() -> None:
    """`(output, (h, c))` as torch's LSTM returns it; what is no tensor in it does not count."""
    assert fraction("(y, (x, x.sum(1), None))", "(y, [x, x.sum(1), 3])") == 1
    verdict = compare.close(answers("(y, (x, x))"), answers("(y, (x, x.sum(1)))"))
    assert "shape (5, 4) at `[1][1]`, expected is (5,)" in verdict.feedback
    verdict = compare.close(answers("(y, (x, x))"), answers("(y, (x, 2 * x))"))
    assert verdict.feedback.startswith("At `[1][1]`: ")


def test_scores_before_other_tensors() -> None:
    """Where nothing is declared, scores may come first among several; the others count as are."""
    own, ours = answers("(y.log_softmax(1), x)"), replace(answers("(y, x)"), output="scores")
    assert compare.close(own, ours).fraction == 1
    assert compare.close(answers("(y, x + 1)"), ours).fraction == 0
    given = {"output": "scores"} | dict(RAW.gradients(X, Y).args)
    one = replace(RAW.gradients(X, Y), args=given)
    grads = [ask(written(v), one, PRECISIONS) for v in ("y", "(y.log_softmax(1), x)")]
    assert compare.close(grads[1], grads[0]).fraction == 1
    with pytest.raises(Unanswerable, match="returns a tuple of 2; return one tensor with a row"):
        answers("(y, x)", SCORES)


def test_numbers_of_other_kinds() -> None:
    """Whole numbers, truth values and complex numbers are compared as well."""
    kinds = "(y.argmax(1), y > 0, torch.complex(y, x[:, :3]), y.to(torch.int8), y.to_sparse(), "
    kinds += "y.float().to(torch.float8_e4m3fn))"
    assert fraction(kinds, kinds) == 1
    assert fraction("y.argmax(1)", "y.argmin(1)") == 0
    assert fraction("torch.complex(y, -y)", "torch.complex(y, y)") == 0


REFUSED = {
    "None": "returns nothing",
    "'text'": "a str without a tensor",
    "[[[[[[[[y]]]]]]]]": "without a tensor",
    "[y] * 65": "more than 64 tensors",
    "y.new_zeros(1).expand(1 << 50)": "1,125,899,906,842,624 numbers",
    "[y.new_zeros(1).expand(1 << 22)] * 3": "12,582,912 numbers",
    "y.to('meta')": "the network returns is a tensor on the device meta",
    "(y, torch.nested.nested_tensor([y, y[:1]], layout=torch.jagged))": r"network returns in \[1\] is a nested tensor",
    "y.detach().numpy()": "a ndarray without a tensor",
}


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_refused(value: str) -> None:
    """Each in a sentence, before anything of it is converted."""
    with pytest.raises(Unanswerable, match=REFUSED[value]):
        answers(value)
    if "50" in value:
        with pytest.raises(Unanswerable):
            ask(names(f"import torch\ny = torch.zeros(1)\nx = {value}"), probe.value("x"), [])


# ---------------------------------------------------------------------- several inputs


TWO = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.cell = nn.LSTMCell(4, 6)

    def forward(self, tokens, mask, state=None):
        assert not tokens.is_floating_point() and mask.dtype is torch.int64
        if state is not None:
            assert isinstance(state, tuple) and state[0].dtype is self.cell.weight_ih.dtype
        mask.sub_(1)
        mask = 1 + mask.unsqueeze(-1)
        x = self.table(tokens) * mask
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
        return state[0]
"""
TOKENS, MASK = data.integers(3, 5, below=9), data.integers(3, 5, below=2, draw=1)
STATE = (data.normal(3, 6), data.normal(3, 6, draw=1))


@pytest.mark.parametrize("given", [(TOKENS, MASK), (TOKENS, MASK, STATE)])
def test_several_inputs(given: Any) -> None:
    """Each argument arrives as it is, fresh each time, and every question can be asked."""
    space, y = names(TWO), data.normal(3, 6, draw=2)
    for one in (RAW.outputs(given), RAW.gradients(given, y), RAW.steps(given, y)):
        first, second = (ask(space, one, ["float64"]) for _ in range(2))
        assert compare.close(first, second).fraction == 1
        assert first.precision == "float64"
    assert ask(space, RAW.layers(given), PRECISIONS).error is None
    other = TWO.replace("* mask", "* (1 - mask)")
    seen = ask(names(other), RAW.outputs(given), PRECISIONS)
    assert compare.close(seen, ask(space, RAW.outputs(given), PRECISIONS)).fraction == 0


def test_a_list_of_numbers_is_an_array() -> None:
    """Only a list with an array in it holds several arguments."""
    rows = [[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]]
    listed, array = (ask(written("y"), RAW.outputs(x), PRECISIONS) for x in (rows, np.array(rows)))
    assert compare.close(listed, array).fraction == 1


# ---------------------------------------------------------------------- losses

LOSS = """
def loss(output, target):
    return (output[0] - target[0]).abs().mean() + output[1].sum() * target[1].mean()

def none(output, target):
    return 3.0
"""


def slopes(value: str, y: Any, *, script: str = "", **more: Any) -> Any:
    """The gradients of a network that returns this."""
    one = probe.module("Net").gradients(X, y, **more)
    extra = {"script": script} if script else {}
    return ask(written(value), replace(one, args={**one.args, **extra}), ["float64"])


def test_the_loss_follows_from_the_target() -> None:
    """Whole numbers are classes, other numbers what the square error compares with."""
    target = data.normal(5, 3)
    assert compare.close(slopes("y", Y), slopes("y", Y, loss="cross_entropy")).fraction == 1
    assert compare.close(slopes("y", target), slopes("y", target, loss="mse")).fraction == 1
    assert compare.close(slopes("y", target), slopes("(y, x)", target)).fraction == 1
    assert compare.close(slopes("y", target), slopes("y + 1", target)).fraction == 0
    assert compare.close(slopes("y", Y), slopes("y + 1", Y)).fraction == 1


def test_mean_squares_by_hand() -> None:
    """2/n · Σ (answer − target): the gradient of the bias, without spreading over a shape."""
    target = np.arange(15.0).reshape(5, 3)
    bias = next(n for n in slopes("y", target).runs[0] if n.key.endswith("bias"))
    answer = answers("y").runs[0]
    assert np.allclose(bias.values, 2 / 15 * (answer - target).sum(0))
    with pytest.raises(Unanswerable, match="returns int64 numbers; return the numbers as"):
        slopes("y.argmax(1)", target[:, 0])
    with pytest.raises(Unanswerable, match=r"shape \(5, 1\), and the loss compares"):
        slopes("y[:, :1]", target)
    assert compare.close(slopes("y[:, :1]", target[:, 0]), slopes("y[:, 0]", target[:, 0])).fraction


def test_cross_entropy_of_every_token_and_of_shares() -> None:
    """(N, T, C) with (N, T) classes, (N, C, H, W) with (N, H, W), and shares of all classes."""
    pairs = data.integers(5, 2, below=3)
    last = slopes("torch.stack([y, -y], 1)", pairs)
    second = slopes("torch.stack([y, -y], 2)[..., None]", data.integers(5, 2, 1, below=3))
    assert len(last.runs[0]) == 2
    with pytest.raises(Unanswerable, match="no cross-entropy"):
        slopes("y", data.integers(5, below=9))
    sure = np.eye(3)[Y.load(SEED)]
    assert compare.close(slopes("y", sure, loss="cross_entropy"), slopes("y", Y)).fraction == 1
    assert second.runs


def test_a_loss_of_the_courses_own() -> None:
    """It gets all that the network returned and all targets; what it cannot use is the answer's."""
    given = (data.normal(5, 3), data.normal(5))
    own = slopes("(y, y * y)", given, loss="loss", script=LOSS)
    assert compare.close(own, slopes("[y, y ** 2]", given, loss="loss", script=LOSS)).fraction == 1
    with pytest.raises(Unanswerable, match="the loss `loss` cannot be computed from") as caught:
        slopes("(y,)", given, loss="loss", script=LOSS)
    assert not caught.value.needs_review
    with pytest.raises(Unanswerable, match="returned no loss") as caught:
        slopes("y", given, loss="none", script=LOSS)
    assert caught.value.needs_review
