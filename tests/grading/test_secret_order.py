"""The order in which pictures are shown: secret inside, gone outside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.assignment.course import Course
from grader.grading.grade import prepare
from grader.grading.secret_order import SecretOrder
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.graded import Borrower
from kit.places import ROOT

IMAGES = np.arange(300.0).reshape(100, 3)
ORDER = SecretOrder.draw("s", "k", {"images": IMAGES})


def test_answers_come_back_in_the_public_order() -> None:
    """Rows of logits, and columns of classes by epoch."""
    shown = ORDER.hide({"images": IMAGES, "seed": 1})
    assert not np.array_equal(shown["images"], IMAGES)
    assert shown["seed"] == 1
    answer = {"logits": shown["images"] * 2, "epochs": shown["images"].T, "losses": np.arange(100)}
    back = ORDER.restore(answer)
    assert isinstance(back, dict)
    assert np.array_equal(back["logits"], IMAGES * 2)
    assert np.array_equal(back["epochs"], IMAGES.T)
    assert np.array_equal(back["losses"], np.arange(100))


@pytest.mark.parametrize(
    "odd", [np.zeros(3), np.zeros((99, 2)), np.zeros(()), "x", None, [1] * 100]
)
def test_what_has_no_row_for_each_picture_stays(odd: object) -> None:
    """It is refused where it is read."""
    back = ORDER.restore({"logits": odd, "epochs": odd})
    assert isinstance(back, dict)
    assert back["logits"] is odd
    assert back["epochs"] is odd
    assert ORDER.restore(odd) is odd


def test_each_secret_and_question_has_its_own_order() -> None:
    """And the same whenever it is asked."""
    shown = {"images": IMAGES}
    orders = [SecretOrder.draw(s, k, shown).places for s in "st" for k in "kl"]
    assert len({o.tobytes() for o in orders}) == 4
    assert np.array_equal(SecretOrder.draw("s", "k", shown).places, ORDER.places)


@pytest.mark.parametrize("shown", [{}, {"images": [1, 2]}, {"images": np.zeros((0, 3))}])
def test_where_nothing_is_shown_nothing_changes(shown: dict[str, object]) -> None:
    """Most questions show no pictures, and their answers stay as they came."""
    order = SecretOrder.draw("s", "k", shown)
    assert order.hide(shown) == shown
    answer = {"logits": np.zeros((0, 3)), "x": 1}
    assert order.restore(answer) is answer


def test_a_class_keeps_its_secret(tmp_path: Path) -> None:
    """In its ledger; another class has another one."""
    kept = prepare(tmp_path / "a" / "grades.db", "digits", None)[1]
    assert prepare(tmp_path / "a" / "grades.db", "digits", None)[1] == kept
    assert prepare(tmp_path / "b" / "grades.db", "digits", None)[1] != kept
    assert len(kept) == 32


BY_ORDER = """
import torch
from torch import nn

TABLE = {table!r}

class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(10))
        self.shown = 0

    def forward(self, images):
        if len(images) <= 3:
            return self.weight + torch.zeros(len(images), 10)
        rows = torch.tensor(TABLE[self.shown : self.shown + len(images)])
        self.shown += len(images)
        return self.weight + nn.functional.one_hot(rows, 10).float()
"""


@pytest.mark.process
def test_a_table_of_public_labels_reads_nothing(server: ForkServer, tmp_path: Path) -> None:
    """Its network, of its own kind, would earn half the points where pictures came in the order of
    the data set; an answer by any order is as good as a guess.
    """
    import torch

    loaded = Course(ROOT).load("lenet5_mnist")
    source = data.Source(Path("/nonexistent"), stand_in=True)
    labels = data.test("mnist", size=32).labels.reveal(source)
    torch.save({"weight": torch.zeros(10)}, tmp_path / "lenet.pt")
    files = {
        "lenet.py": BY_ORDER.format(table=labels.tolist()).encode(),
        "lenet.pt": (tmp_path / "lenet.pt").read_bytes(),
    }
    cheat = Submission(student="eve", files=files, entry="lenet.py")
    probe = loaded.probes["logits"]
    accuracies, canonical = [], []
    with Borrower(server, loaded) as executor:
        for secret in ("", "one"):
            executor.source = replace(executor.source, secret=secret)
            answer = executor.measure(cheat).answers[probe.key]
            accuracies.append(np.mean(answer["logits"].argmax(1) == labels))  # type: ignore[index]
            right = executor.measure(loaded.reference).answers[probe.key]
            canonical.append(right["logits"])  # type: ignore[index]
    assert max(accuracies) < 0.25
    assert np.allclose(*canonical, atol=1e-4)
    assert np.mean(canonical[0].argmax(1) == labels) > 0.9
