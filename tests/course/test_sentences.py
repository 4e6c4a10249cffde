"""No sentence says that something is not there which was handed in.

Every record that the corpora are graded into is held against its files where it is made
(`test_broken`, `test_right`, `test_cases`, `test_verdicts`); here the rules themselves are tried.
"""

from __future__ import annotations

import re

import pytest

from kit.places import SUBMISSIONS
from kit.sentences import RULES, check_text

FILES = {
    "hw/lenet.py": b"import helper\nclass LeNet5(nn.Module):\n    def __init__(self):\n"
    b"        self.a = nn.Linear(1, 2)\n        self.b = nn.Linear(1, 2)\n"
    b"    def forward(self, x):\n        return self.a(x)  # self.b(x)?\n",
    "hw/helper.py": b"def help(): ...\n",
    "hw/layers/own.py": b"",
    "hw/empty.pt": b"",
    "hw/lenet.pt": b"w",
}
TRUE = (
    "`other.pt` is missing. `empty.pt` was not handed in; save it.",
    "`main.py` is missing, and so is `main.ipynb`.",
    "what the network returns comes from `einops`, which is not here.",
    "ModuleNotFoundError: No module named 'seaborn' — in line 1",
    "Not installed here, so that calls to them do nothing: `wandb` (cell 1, line 2). Where one",
    "lenet.py does not define `train`; it defines `LeNet5`. Define `train` in this file",
    "lenet.py does not define `LeNet5`: cell 2, line 1 failed",
    "`b` is declared but never used: 4 of your 8.",
)
UNTRUE = (
    "`lenet.pt` was not handed in; save it",
    "`lenet.py` is missing, and so is `lenet.ipynb`.",
    "`main.py` is missing, and so is `lenet.py`.",
    "what the network returns comes from `helper`, which is not here.",
    "ModuleNotFoundError: No module named 'layers.own' — in line 1",
    "Not installed here, so that calls to them do nothing: `wandb`, `helper` (line 1). Where one",
    "lenet.py does not define `LeNet5`; define it",
    "lenet.py does not define `train`; it defines nothing. Define `train`",
    "lenet.py does not define `train`; it defines `Net`. Define `train`",
    "`a`, `b` are declared but never used: 8 of your 8.",
)


@pytest.mark.parametrize("text", TRUE)
def test_true_sentences_pass(text: str) -> None:
    """What they say is not there is not there."""
    assert check_text(text, FILES) == []


@pytest.mark.parametrize("text", UNTRUE)
def test_untrue_sentences_are_found(text: str) -> None:
    """Each rule can fail."""
    assert len(check_text(text, FILES)) == 1


def test_every_rule_is_tried() -> None:
    """By a sentence that is true and by one that is not."""
    for texts in (TRUE, UNTRUE):
        assert [p for p in RULES if not any(re.search(p, t) for t in texts)] == []


def test_the_corpus_holds_such_sentences() -> None:
    """Most rules meet a real one: none of them looks for words that nobody says any more."""
    said = (SUBMISSIONS / "broken/expected.toml").read_text(encoding="utf-8")
    said += "".join(p.read_text() for p in (SUBMISSIONS / "cases").rglob("expected.toml"))
    assert sum(bool(re.search(p, said)) for p in RULES) >= 4
