"""What students' own code finds in the box: a GPU's calls, Colab's, progress bars, plots, workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import torch

from grader.assignment.course import Course
from grader.inside.shims import cpu
from grader.inside.streams import Capture, condense, overwrite
from grader.ledger.ledger import Ledger
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer
from grader.submissions import collect
from kit.archives import ASKED
from kit.boxes import job
from kit.graded import Borrower, Lenet
from kit.places import ROOT
from kit.practice import handed_in

LIMITS = Limits(cpu_seconds=20, memory_mib=4096)


def test_a_macs_gpu_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the machine that grades, `mps if available else cpu` is the CPU."""
    any_kind = getattr(torch, "accelerator", None)  # from torch 2.6 on
    for where in (torch.backends.mps, torch.mps, *([any_kind] if any_kind else [])):
        monkeypatch.setattr(where, "is_available", lambda: True, raising=False)
    if any_kind:
        monkeypatch.setattr(any_kind, "current_accelerator", lambda: torch.device("mps"))
    cpu._hide_apple()
    assert not torch.backends.mps.is_available()
    assert not torch.mps.is_available()
    if any_kind:
        assert not any_kind.is_available()
        assert any_kind.current_accelerator() is None


@pytest.fixture(scope="module")
def one(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lenet]:
    """lenet5_mnist."""
    path = tmp_path_factory.mktemp("world") / "grades.db"
    with Borrower(server, Course(ROOT).load("lenet5_mnist")) as executor, Ledger(path) as ledger:
        yield Lenet(executor, ledger)


def executed(lenet: Lenet, name: str, folder: Path) -> nbformat.NotebookNode:
    """The specimen's notebook as it ran."""
    path = handed_in(name, folder)
    submission = collect.read_one([path], ASKED, student=name)
    notebook = lenet.executor.measure(submission).notebook
    assert notebook is not None
    return nbformat.reads(notebook.content.decode(), as_version=4)


@pytest.mark.proof
def test_progress_bars_leave_their_last_state(one: Lenet, tmp_path: Path) -> None:
    """3,800 updates of plain and nested bars leave a handful of lines."""
    book = executed(one, "tqdm_bars", tmp_path)
    text = "".join(o.text for o in book.cells[2].outputs if o.output_type == "stream")
    assert "done" in text
    assert "3000/3000" in text
    assert "2999/3000" not in text
    assert "100/400" not in text
    assert len(text.splitlines()) < 12, text


def test_a_shown_plot_is_in_the_executed_notebook(one: Lenet, tmp_path: Path) -> None:
    """`plt.show()` draws below its cell."""
    book = executed(one, "plots", tmp_path)
    assert [list(o.data) for o in book.cells[2].outputs] == [["image/png", "text/plain"]]


@pytest.mark.parametrize("name", ["workers", "cuda_everywhere", "data_mnist"])
def test_the_same_at_level_2(server: ForkServer, one: Lenet, tmp_path: Path, name: str) -> None:
    """Without namespaces workers fall back to one process, and the rest works as it does at 3."""
    path = handed_in(name, tmp_path)
    files = {p.name: p.read_bytes() for p in path.iterdir()}
    folders = {"mnist": one.executor._mount.folder("mnist")}
    how = {"entry": "lenet.ipynb", "limits": LIMITS, "seed": 1, "level": 2, "datasets": folders}
    with Box(server._send, job(files, **how)) as box:
        assert box.load() is None
        box.ask("value", {"name": "torch"})  # remarks come with an answer
        execution = box.close()
    assert [c.error for c in box.cells if c.error] == []
    assert any("without them" in n for n in execution.notes) == (name == "workers")


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("a\rb\rc\nd\n", "c\nd\n"),
        ("no return\n", "no return\n"),
        ("x\r\ny\r\n", "x\ny\n"),
        ("\r 10%\r 20%", " 20%"),
        ("out\n\r 1%\x1b[A\n\r 2%\x1b[A\n\r 3%\nend\n", "out\n 3%\nend\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_is_kept_of_a_line_does_not_depend_on_the_pieces(
    printed: str, kept: str, size: int
) -> None:
    """However the text arrives, its lines are kept as a terminal shows them last."""
    assert overwrite(printed) == kept
    capture = Capture(1 << 10)
    for start in range(0, len(printed), size):
        capture.take(printed[start : start + size].encode())
    assert capture.text().decode() == kept
    assert capture.total == len(printed)
    pieces = [printed[start : start + size] for start in range(0, len(printed), size)]
    assert overwrite("".join(map(condense, pieces))) == kept


def test_a_flood_of_returns_is_kept_in_little_memory() -> None:
    """What is overwritten is not what is left out; what was printed is counted all the same."""
    capture = Capture(1 << 10)
    for step in range(20_000):
        capture.take(f"\rstep {step}".encode())
    assert capture.text() == b"step 19999"
    assert capture.total > 100 * (1 << 10)
    capture.take(b"x" * 10_000)
    assert b"bytes left out" in capture.text()


TWICE = """
import torch
from torch import nn
asked = {asked}
def out():
    torch.manual_seed(0)
    x = torch.randn(4, 3{device})
    net = nn.Sequential(nn.Linear(3, 5{device}), nn.BatchNorm1d(5)){to}
    y = torch.tensor([0, 1, 2, 3]{device})
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    return [loss.detach(), *(p.grad for p in net.parameters())]
@torch.jit.script
def scripted(x: torch.Tensor):
    return x.to(torch.float64) + torch.tensor([1.0]) + torch.as_tensor([2])
def script():
    return scripted(torch.ones(2))
"""


def test_what_asks_for_a_gpu_computes_what_the_cpu_does(server: ForkServer) -> None:
    """Equal losses and gradients, bit by bit; scripts compile; only one of them is remarked."""
    seen, notes = [], []
    for fill in ({"device": "", "to": ""}, {"device": ", device='cuda'", "to": ".cuda()"}):
        source = TWICE.format(asked=bool(fill["to"]), **fill).encode()
        with server.open(job({"a.py": source}, entry="a.py", limits=LIMITS, seed=1)) as box:
            answer = box.ask("call", {"name": "out"})
            seen.append([i["item"].tobytes() for i in answer["value"]["item"]])
            assert box.ask("call", {"name": "script"})["value"]["item"].tolist() == [4.0, 4.0]
            notes.append(box.close().notes)
    assert seen[0] == seen[1]
    assert notes == [(), ("`cuda` was asked for; it ran on the CPU.",)]
    assert not torch.cuda.is_initialized()
