"""Files of weights in every form that students save them in, and what is said of the others."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from grader.inside import remarks
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import weights
from grader.inside.shims import compiled

State = dict[str, torch.Tensor]


class Net(nn.Module):
    """Three layers, of which two have the same shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)


@pytest.fixture(autouse=True)
def unremarked() -> Iterator[None]:
    """No remarks are left from before, none for what follows."""
    remarks._noted.clear()
    yield
    remarks._noted.clear()


@pytest.fixture(scope="module")
def trained() -> State:
    """Weights whose numbers are all different."""
    torch.manual_seed(3)
    return {k: torch.randn(v.shape) if v.dim() else v for k, v in Net().state_dict().items()}


def saved(what: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(what, buffer, **options)
    return buffer.getvalue()


FORMS: dict[str, Callable[[Any], bytes]] = {
    "plain": saved,
    "old format": lambda s: saved(s, _use_new_zipfile_serialization=False),
    "safetensors": save,
    "data parallel": lambda s: saved({f"module.{k}": v for k, v in s.items()}),
    "compiled": lambda s: saved({f"_orig_mod.module.{k}": v for k, v in s.items()}),
    "checkpoint": lambda s: saved({"epoch": 3, "model_state_dict": s, "loss": [0.5]}),
    "compiled safetensors": lambda s: save({f"_orig_mod.{k}": v for k, v in s.items()}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["net.pt", "net.safetensors"])
def test_every_form_is_read(tmp_path: Path, trained: State, form: str, name: str) -> None:
    """Whatever the file is called, its contents decide; the numbers arrive."""
    (tmp_path / name).write_bytes(FORMS[form](trained))
    net = Net()
    assert weights.fits(net, str(tmp_path), name)
    weights.load_into(net, str(tmp_path), name)
    assert all(torch.equal(v, trained[k]) for k, v in net.state_dict().items())
    assert remarks.rows() == []


def test_other_names_in_the_same_order(tmp_path: Path, trained: State) -> None:
    """Where every shape fits in order the numbers are loaded, and it is said."""
    renamed = {k.replace("first", "a").replace("second", "b"): v for k, v in trained.items()}
    (tmp_path / "net.pt").write_bytes(saved(renamed))
    net = Net()
    weights.load_into(net, str(tmp_path), "net.pt")
    assert all(torch.equal(v, trained[k]) for k, v in net.state_dict().items())
    told = "net.pt: `a.weight` as `first.weight`, `a.bias` as `first.bias` and 2 more"
    assert remarks.rows() == [("renamed", told)]
    assert not weights.fits(net, str(tmp_path), "net.pt")


def test_other_names_without_an_order(tmp_path: Path, trained: State) -> None:
    """Out of order, equal shapes are ambiguous and refused; shapes that differ are not."""
    turned = dict(reversed([(f"x{i}", v) for i, v in enumerate(trained.values())]))
    (tmp_path / "net.pt").write_bytes(saved(turned))
    with pytest.raises(Unanswerable, match=r"the file lacks `first\.weight`"):
        weights.load_into(Net(), str(tmp_path), "net.pt")
    one = nn.Linear(3, 2)
    state = {"b": torch.ones(2), "a": torch.zeros(2, 3)}
    (tmp_path / "one.pt").write_bytes(saved(state))
    weights.load_into(one, str(tmp_path), "one.pt")
    assert torch.equal(one.bias, state["b"])
    assert torch.equal(one.weight, state["a"])


def test_a_refusal_says_nothing_of_other_names(tmp_path: Path, trained: State) -> None:
    """Numbers that cannot be used were not loaded, so no remark says so."""
    broken = {f"x.{k}": v * torch.nan if v.dim() else v for k, v in trained.items()}
    (tmp_path / "net.pt").write_bytes(saved(broken))
    with pytest.raises(Unanswerable, match="NaN or infinite"):
        weights.load_into(Net(), str(tmp_path), "net.pt")
    assert remarks.rows() == []


def test_what_a_compiled_network_saved_is_loaded_into_one_that_is_not(trained: State) -> None:
    """As the student's own code does it at home, in a network or in a part of one."""
    for make in (Net, lambda: nn.ModuleDict({"inner": compiled._compile(Net())})):
        net = compiled._compile(make())
        assert isinstance(net, nn.Module)
        inner = "inner._orig_mod." if isinstance(net, nn.ModuleDict) else ""
        net.load_state_dict({f"_orig_mod.{inner}{k}": v for k, v in trained.items()})
        loaded = net.state_dict()
        assert all(torch.equal(v, trained[k.removeprefix("inner.")]) for k, v in loaded.items())
        with pytest.raises(RuntimeError, match="Unexpected key"):
            net.load_state_dict({**loaded, "more": torch.zeros(1)})


def _script() -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(nn.Linear(2, 1), torch.zeros(1, 2)), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_script, "holds a TorchScript program, not only weights, so it is not opened; save the"),
        (lambda: saved(nn.Linear(2, 1)), "holds code or a whole pickled model"),
        (lambda: save({"a": torch.zeros(9)})[:-1], r"\(it is damaged or cut off\); its size is"),
        (lambda: b"\x07" + bytes(7) + b"{}", r"\(it is damaged or cut off\); its size is"),
        (lambda: save({}), "holds no numbers"),
        (
            lambda: pickle.dumps([1, 2]),
            "holds what pickle wrote, not torch.save, so it is not open",
        ),
        (lambda: FORMS["old format"]([1, 2]), "holds a list, not a state_dict"),
        (lambda: b"weights", "was not written by torch.save"),
        (lambda: b"", "is empty, a file of 0 bytes"),
    ],
)
def test_what_is_not_weights_is_told(tmp_path: Path, made: Callable[[], bytes], why: str) -> None:
    """Each kind of file gets its own sentence, with the remedy."""
    (tmp_path / "net.pt").write_bytes(made())
    with pytest.raises(Unanswerable, match=why):
        weights.load_into(Net(), str(tmp_path), "net.pt")


def test_another_ending_is_named(tmp_path: Path) -> None:
    """Where intake did not take a file of another ending, it is named."""
    (tmp_path / "net.safetensors").write_bytes(b"x")
    with pytest.raises(
        Unanswerable, match=r"`net.pt` was not handed in, but `net.safetensors` was"
    ):
        weights.load_into(Net(), str(tmp_path), "net.pt")


@given(
    place=st.integers(0, 2000),
    byte=st.integers(0, 255),
    cut=st.integers(0, 2000),
    new=st.integers(0, 1),
)
def test_damaged_safetensors(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: int, new: int
) -> None:
    """Any byte changed, any end cut off: the weights are read or refused, nothing else."""
    data = bytearray(save(dict(Net().state_dict())))
    if new:
        data[place % len(data)] = byte
    else:
        del data[cut:]
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "net.pt").write_bytes(data)
    with suppress(Unanswerable):
        weights.load_into(Net(), str(folder), "net.pt")
