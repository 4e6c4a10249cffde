"""Nearly identical work: renamed code and shuffled weights are found, what is given is not."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grader.assignment.course import Course
from grader.grading import weight_sketch
from grader.grading.code_sketch import MOST, sketch_code
from grader.grading.grade import render
from grader.grading.similarity import compare, find_alike, keep_sketches
from grader.grading.weight_sketch import sketch_weights
from grader.ledger.ledger import Ledger
from grader.records.likeness import Sketch
from grader.records.submission import Submission
from kit.places import ROOT
from kit.sample_records import graded

REFERENCE = (ROOT / "reference/lenet5_mnist/lenet.py").read_bytes()
OWN = b'''
import torch
from torch import nn


class Net(nn.Module):
    """A comment."""

    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.GELU(), nn.AvgPool2d(2))
        self.second = nn.Sequential(nn.Conv2d(width, 2 * width, 3), nn.SiLU(), nn.Dropout(0.1))
        self.last = nn.Linear(2 * width * 36, 10)

    def forward(self, images):
        hidden = self.second(self.first(images))
        while hidden.dim() > 2:
            hidden = hidden.flatten(-2) if hidden.dim() % 2 else hidden.sum(dim=-1)
        return torch.log_softmax(self.last(hidden), dim=1)


def train(net, loader, epochs=3):
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-4, weight_decay=0.01)
    for epoch in range(epochs):
        total = 0.0
        for pictures, labels in loader:
            optimiser.zero_grad()
            loss = nn.functional.nll_loss(net(pictures), labels)
            loss.backward()
            optimiser.step()
            total += float(loss) * len(labels)
        print(f"{epoch}: {total:.3f}")
    return net
'''
RENAMED = OWN
for before, after in (
    (b"Net", b"MyModel"), (b"hidden", b"h"), (b"optimiser", b"opt"), (b"first", b"block_a"),
    (b"pictures", b"x"), (b"A comment", b"Mine"), (b"width", b"channels"), (b"total", b"running"),
    (b"    return net\n", b"    # done\n    return net\n"),
):  # fmt: skip
    RENAMED = RENAMED.replace(before, after)
OTHER = REFERENCE.replace(b"relu", b"tanh")


def of_code(**texts: bytes) -> dict[str, Sketch]:
    """Sketches by student."""
    made = {name: sketch_code({"net.py": text}) for name, text in texts.items()}
    return {name: sketch for name, sketch in made.items() if sketch}


def packed(*arrays: NDArray[np.float32]) -> dict[str, bytes]:
    """A file of weights."""
    file = io.BytesIO()
    np.savez(file, *arrays)
    return {"net.npz": file.getvalue()}


def of_weights(**files: dict[str, bytes]) -> dict[str, Sketch]:
    """Sketches by student."""
    made = {name: sketch_weights(own) for name, own in files.items()}
    return {name: sketch for name, sketch in made.items() if sketch}


def test_renamed_code_is_found() -> None:
    """Other names, comments and layout; another network is not like it."""
    (pair,) = compare("code", of_code(a=OWN, b=RENAMED, c=REFERENCE), frozenset())
    assert pair.students == ("a", "b")
    assert pair.share > 0.95
    assert 150 < pair.size < 400


def test_a_notebook_is_read_as_its_code() -> None:
    """The same in cells is the same."""
    cells = [
        {"cell_type": "code", "source": part, "outputs": []}
        for part in OWN.decode().split("\n\n\n")
    ]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    sketch = sketch_code({"net.ipynb": book.encode(), "notes.txt": b"x"})
    assert sketch is not None
    (pair,) = compare("code", {**of_code(a=OWN), "b": sketch}, frozenset())
    assert pair.share > 0.95


def test_what_is_given_is_nobodys() -> None:
    """Who stays close to the reference is not like everybody else who does."""
    sketches = of_code(a=REFERENCE, b=OTHER, c=REFERENCE + b"\nprint(1)\n")
    assert len(list(compare("code", sketches, frozenset()))) >= 1
    assert not list(compare("code", sketches, of_code(given=REFERENCE)["given"].values))


def test_what_many_have_is_nobodys() -> None:
    """Twelve who found the same are no pairs; a whole class of equal weights is."""
    assert not list(compare("code", of_code(**{f"s{n}": OWN for n in range(12)}), frozenset()))
    same = packed(np.random.default_rng(0).normal(size=(60, 60)).astype(np.float32))
    pairs = list(compare("weights", of_weights(**{f"s{n}": same for n in range(12)}), frozenset()))
    assert len(pairs) == 66
    (one,) = of_weights(one=same).values()
    assert not list(compare("weights", {f"s{n}": one for n in range(101)}, frozenset()))


def test_what_an_archive_expands_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """All arrays of all files together: no more is unpacked than is looked at."""
    monkeypatch.setattr(weight_sketch, "_MOST", 1 << 20)
    file, bits = io.BytesIO(), np.arange(1 << 16, dtype=np.uint32).tobytes()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"data/{number}", bits)
    read: list[int] = []
    plain = zipfile.ZipExtFile.read

    def note(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        content = plain(self, n)
        read.append(len(content))
        return content

    monkeypatch.setattr(zipfile.ZipExtFile, "read", note)
    sketch = sketch_weights({"a.pt": file.getvalue(), "b.pt": file.getvalue()})
    assert sketch is not None
    assert sum(read) == 4 * sketch.size == 1 << 20


def test_shuffled_weights_are_found() -> None:
    """Units in another order, arrays in another order; other numbers are not like them."""
    draw = np.random.default_rng(1)
    one, two = (draw.normal(size=shape).astype(np.float32) for shape in ((64, 30), (10, 64)))
    order = draw.permutation(64)
    sketches = of_weights(
        a=packed(one, two),
        b=packed(two[:, order], one[order]),
        c=packed(one + np.float32(1e-3), two * np.float32(1.1)),
    )
    (pair,) = compare("weights", sketches, frozenset())
    assert (pair.students, pair.share, pair.size) == (("a", "b"), 1.0, 2560)
    assert not list(compare("weights", sketches, sketches["a"].values))


def test_weights_of_torch_are_read_without_unpickling() -> None:
    """What lies in the archive of a state is compared number for number."""
    content = (ROOT / "reference/lenet5_mnist/lenet.pt").read_bytes()
    sketch = sketch_weights({"lenet.pt": content})
    assert sketch is not None
    assert 61_706 <= sketch.size < 63_000
    (pair,) = compare("weights", of_weights(a={"x.pt": content}, b={"y.pt": content}), frozenset())
    assert pair.share == 1.0


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"PK\x03\x04", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", bytes(100_000),
     b"PK\x05\x06" + bytes(18), packed(np.ones((60, 60), np.float32))["net.npz"][:-30]],
)  # fmt: skip
def test_any_file_is_no_harm(content: bytes) -> None:
    """Empty, damaged, constant: nothing to compare, and no error."""
    assert sketch_weights({"net.pt": content}) is None
    assert sketch_code({"net.txt": content}) is None


@pytest.mark.parametrize(
    "text", [b"(" * MOST, b"\\N{" * 9_000, b"\xff\xfe" * 999, b"'''" * 999, b"\n" * 9_999]
)
def test_any_text_is_no_harm(text: bytes) -> None:
    """Whatever it is, it is split in bearable pieces."""
    sketch_code({"net.py": text, "net.ipynb": text})


def test_sketches_are_kept(tmp_path: Path) -> None:
    """By digest; what is kept anew stands instead of what was there."""
    made = Sketch(kind="code", size=3, values=frozenset({0, 7, 2**64 - 1}))
    with Ledger(tmp_path / "grades.db") as ledger:
        ledger.keep_sketches({"a": [made], "b": []})
        ledger.keep_sketches({"a": [made], "c": [made]})
        assert ledger.sketches() == {"a": [made], "c": [made]}


def test_the_class_page_names_them(tmp_path: Path) -> None:
    """By the files behind the newest results; what the course holds is kept beside, as nobody's."""
    loaded = Course.find(ROOT).load("lenet5_mnist")
    texts = {"ada": OWN, "bob": RENAMED, "cy": REFERENCE, "dee": REFERENCE}
    class_ = [
        Submission(student=name, files={"lenet.py": text}, entry="lenet.py")
        for name, text in texts.items()
    ]
    with Ledger(tmp_path / "grades.db") as ledger:
        for one in class_:
            ledger.add_result(replace(graded(one.student), digest=one.digest), "key", "rules")
        keep_sketches(ledger, loaded, class_)
        (pair,) = find_alike(ledger, ledger.results())
        assert pair.students == ("ada", "bob")
        render(ledger, tmp_path, None)
    assert "never a verdict" in (tmp_path / "index.html").read_text("utf-8")
