"""What beginners are told to do next: the first rule that fits speaks, and every rule can."""

from __future__ import annotations

import tomllib

import pytest

from grader.records import advice as rules
from grader.records import messages
from grader.records.advice import advise
from grader.records.execution import StudentError
from kit.places import SUBMISSIONS

EXPECTED = [(SUBMISSIONS / n / "expected.toml").read_text() for n in ("broken", "notebooks")]
EXPECTED += [p.read_text(encoding="utf-8") for p in (SUBMISSIONS / "cases").rglob("expected.toml")]


@pytest.mark.parametrize(
    ("kind", "message", "code", "said"),
    [
        ("SyntaxError", "invalid syntax", "=======", "Git could not merge"),
        ("SyntaxError", "'(' was never closed", "x = (", "Python cannot read this line"),
        ("IndentationError", "unexpected indent", "  x = 1", "Indent this line"),
        ("NameError", "name 'np' is not defined", "a = np.ones(3)", "import numpy as np"),
        ("NameError", "name 'y' is not defined", "print(y)", ""),
        ("ModuleNotFoundError", "No module named 'keras'", "import keras", "`keras`"),
        ("FileNotFoundError", "[Errno 2] No such file: 'C:\\data\\a.csv'", "", "as `a.csv`"),
        ("URLError", "<urlopen error timed out>", "", "Nothing can be downloaded"),
        ("RuntimeError", "No CUDA GPUs are available", "x.cuda()", "There is no GPU here"),
        ("TypeError", "LeNet5.forward() got an unexpected keyword", "", "inputs alone"),
        ("AttributeError", "module 'numpy' has no attribute 'in1d'", "", "`np.isin`"),
        ("AttributeError", "'CIFAR10' object has no attribute 'train_labels'", "", "`.targets`"),
        ("OSError", "'seaborn' is not a valid package style, path", "", "seaborn-v0_8"),
        ("ValueError", "math domain error", "math.sqrt(-1)", ""),
        ("IndexError", "list index out of range", "root = sys.argv[1]", "no command line here"),
        ("SystemExit", "no options are given here, but", "p.parse_args()", "if __name__"),
        ("SyntaxError", "invalid syntax", "x = f(??, 1)", "The question marks are a blank"),
        ("SyntaxError", "invalid syntax", "x = 1 2  # why??", "Python cannot read this line"),
        ("NameError", "name 'TODO' is not defined", "x = TODO", "A blank was left here"),
        ("TypeError", "f() got (ellipsis, int)", "f(x, 1)", "`...` is a blank"),
        ("AttributeError", "'ellipsis' object has no attribute 'step'", "o.step()", "`...` is a"),
        ("IndexError", "an index can only have a single ellipsis ('...')", "x[..., ...]", ""),
        ("NotImplementedError", "", "raise NotImplementedError", "This is a blank"),
        ("NotImplementedError", "Could not run 'aten::x'", "x + y", ""),
        ("OwnError", "{name} {0} {", "raise OwnError", ""),
    ],
)
def test_the_next_step(kind: str, message: str, code: str, said: str) -> None:
    """The advice fits the fault; where none is known, nothing is said."""
    found = advise(kind, message, code, "lenet.py")
    assert said in found
    assert bool(said) == bool(found)


def test_in_a_notebook_other_things_help() -> None:
    """`if __name__ == "__main__"` always holds in a notebook, so it is not recommended there."""
    message = "Dataset not found. You can use download=True to download it"
    assert "__main__" in advise("RuntimeError", message, None, "lenet.py")
    assert "__main__" not in advise("RuntimeError", message, None, "lenet.ipynb, cell 3")


def _begin(words: messages.Words, code: str) -> str:
    """An advice up to what it fills in."""
    return words[f"advice-{code}"].hint.split("{")[0]


def test_every_rule_is_heard_by_a_specimen() -> None:
    """Each rule's advice, up to what it fills in, stands in some expected sentence of a corpus."""
    every = [e for text in EXPECTED for e in tomllib.loads(text).values()]
    told = "".join(map(str, every)).replace("\\'", "'")
    words = messages.current()
    every_code = {f"advice-{rule.says}" for rule in rules._RULES}
    every_code |= {f"advice-{r.says}-in-notebook" for r in rules._RULES if r.in_notebook}
    assert every_code == {code for code in words if code.startswith("advice-")}
    silent = {r.says for r in rules._RULES if _begin(words, r.says) not in told}
    assert silent <= {"add-import", "renamed"}


def test_a_sentence_is_one_line() -> None:
    """Of a message the first line is kept, with the second where the first announces it."""
    trouble = StudentError(
        kind="RuntimeError", message="Missing:\n  `conv1`\nmore", file="a.py", line=3
    )
    assert trouble.sentence() == "a.py, line 3: RuntimeError: Missing: `conv1`"
    assert "\n" not in StudentError(kind="E", message="one\ntwo\n").sentence()
    assert len(StudentError(kind="E", message="x" * 2000, code="y" * 400).sentence()) < 400
