"""A student's arrays in the network of the brief: what fits, what does not, and what is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.inside import remarks
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import fitting

State = dict[str, torch.Tensor]


class Net(nn.Module):
    """The brief's: two layers of one shape, one of another, and batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.norm, self.last = nn.BatchNorm1d(4), nn.Linear(4, 3)


@pytest.fixture
def given() -> State:
    torch.manual_seed(1)
    return {k: torch.randn(v.shape) for k, v in Net().state_dict().items() if v.dim()}


def same(net: nn.Module, state: State) -> bool:
    """Whether the network holds these numbers, in order."""
    own = [v for v in net.state_dict().values() if v.dim()]
    return all(torch.equal(a, b) for a, b in zip(own, state.values(), strict=True))


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "net.module.", "anything_else."])
def test_any_names_in_the_order_of_the_brief(given: State, prefix: str) -> None:
    """Counters, which have no floating-point numbers, are left as they are."""
    net = Net()
    fitting.fill_ours(net, {f"{prefix}{k}": v for k, v in given.items()} | {"n": torch.tensor(3)})
    assert same(net, given)
    assert remarks.rows() == []  # nothing of this was loaded into the student's network


def test_names_of_the_brief_on_other_layers(given: State) -> None:
    """Where names lead to other shapes, the order of the file decides."""
    swapped = {"last": "first", "first": "last"}
    names = [
        ".".join([swapped.get(k.split(".")[0], k.split(".")[0]), k.split(".")[1]]) for k in given
    ]
    net = Net()
    fitting.fill_ours(net, dict(zip(names, given.values(), strict=True)))
    assert same(net, given)


def test_matrices_that_lie_the_other_way_round(given: State) -> None:
    """`x @ w` keeps them so: the oblong one says that the square ones are turned as well."""
    net = Net()
    fitting.fill_ours(net, {f"x.{k}": v.t() if v.dim() == 2 else v for k, v in given.items()})
    assert same(net, given)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"last.weight": (5, 4)}, r"`last.weight` is \(5, 4\), and \(3, 4\) is needed there"),
        ({"last.bias": None}, r"nothing in the file is its \(3,\)"),
        ({"more.weight": (7, 2)}, r"it has no place for `more.weight` \(7, 2\)"),
    ],
)
def test_what_does_not_fit_is_named_by_shape(
    given: State, change: dict[str, tuple[int, ...] | None], says: str
) -> None:
    """The names of our network say nothing to students."""
    state: State = dict(given)
    for name, shape in change.items():
        state.pop(name, None)
        if shape is not None:
            state[name] = torch.zeros(shape)
    with pytest.raises(Unanswerable, match=says):
        fitting.fill_ours(Net(), state)


def test_numbers_that_are_none(given: State) -> None:
    given["last.bias"][0] = torch.nan
    with pytest.raises(Unanswerable, match=r"NaN or infinite numbers in `last\.bias`"):
        fitting.fill_ours(Net(), given)


@pytest.mark.parametrize("odd", [torch.Tensor.to_sparse, lambda t: t.to("meta")])
def test_tensors_that_no_layer_holds(given: State, odd: Callable[..., torch.Tensor]) -> None:
    """They are named before their shapes are looked at."""
    with pytest.raises(
        Unanswerable, match=r"`a\.pt` holds in `last\.bias` a tensor that is sparse"
    ):
        fitting.fill(Net(), {**given, "last.bias": odd(given["last.bias"])}, "a.pt")


@pytest.mark.parametrize(
    ("given_shapes", "wanted", "pairs"),
    [
        ([(2,), (3,)], [(2,), (3,)], {0: 0, 1: 1}),
        ([(3,), (2,)], [(2,), (3,)], {0: 1, 1: 0}),
        ([(2,), (2,), (3,)], [(2,), (3,), (2,)], {}),  # equal shapes in another order: unknown
        ([(2,), (9,), (3,)], [(2,), (4,), (3,)], {0: 0, 1: 1, 2: 2}),  # one shape is wrong
        ([(2,), (3,)], [(2,), (4,), (3,)], {0: 0, 1: 2}),  # one is missing
        ([(2,), (4,), (3,)], [(2,), (3,)], {0: 0, 2: 1}),  # one is too many
        ([(9,), (8,), (3,)], [(2,), (4,), (3,)], {}),  # hardly anything is alike
    ],
)
def test_pairs_by_shape(
    given_shapes: list[tuple[int, ...]], wanted: list[tuple[int, ...]], pairs: dict[int, int]
) -> None:
    """Names are blamed only where shapes do not say what belongs together."""
    old = [(f"a{i}", s) for i, s in enumerate(given_shapes)]
    new = [(f"b{i}", s) for i, s in enumerate(wanted)]
    assert fitting.match(old, new) == {f"a{i}": f"b{j}" for i, j in pairs.items()}
