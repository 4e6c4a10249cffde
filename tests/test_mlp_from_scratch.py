"""The assignment mlp_from_scratch: what its mistakes are told, and what honest code may look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, Borrower, check, said

from grader import intake
from grader.course import Course
from grader.grade import Class
from grader.ledger import Ledger
from grader.records import Graded
from grader.sandbox import Warm

FOLDER = ROOT / "assignments" / "mlp_from_scratch"
REFERENCE = ROOT / "reference" / "mlp_from_scratch"
RIGHT = (REFERENCE / "mlp.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def group(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    """The assignment, graded on the stand-in."""
    path = tmp_path_factory.mktemp("mlp") / "grades.db"
    with (
        Borrower(warm, Course(ROOT).load("mlp_from_scratch")) as executor,
        Ledger(path) as ledger,
    ):
        made = Class(executor, ledger)
        made.settle_level()
        yield made


def graded(group: Class, folder: Path) -> Graded:
    """What the files of a folder get."""
    submission = intake.one([folder], entry="mlp", also=(), student=folder.name)
    return group.judge(submission, group.executor.measure(submission))


def written(group: Class, folder: Path, *pairs: tuple[str, str]) -> Graded:
    """What the reference gets with these texts exchanged."""
    text = RIGHT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / "mlp.py").write_text(text, encoding="utf-8")
    return graded(group, folder)


SAID = {
    "sign_turned": ("numpy_gradients", "has its sign turned, in every number"),
    "sum_of_batch": ("numpy_gradients", "4 times too large"),
    "mask_of_gradient": ("numpy_gradients", "mask of ReLU from the sign of the gradient"),
    "no_mask": ("numpy_gradients", "leaves out the derivative of ReLU"),
    "wrong_column_dropped": ("numpy_gradients", "the column of ones is the last"),
    "asks_autograd": ("torch_gradients", "`MLPTorch` asks torch for the derivatives"),
    "numerical": ("numpy_gradients", "runs `forward_pass` again and again"),
    "never_zeroed": ("autograd_steps", "Set it to zero in `update_autograd`"),
    "base_two": ("losses", "uses the logarithm to base 2"),
    "uphill": ("updates", "you add where the update subtracts"),
    "always_the_first": ("random_batches", "Two calls give the same 40 rows"),
    "bias_in_front": ("numpy_forward", "Your `MLPNumpy.forward_pass` differs."),
    "linear_convolution": ("convolution_forward", "Your `CNNAutograd.forward_pass` differs."),
}


@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Class, name: str) -> None:
    """The sentence says what was done, not only that numbers differ."""
    which, text = SAID[name]
    found = graded(group, FOLDER / "mistakes" / name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert not found.person


HONEST = {
    "weights_as_attributes": (
        (
            "        self.params = [w1, w2]\n",
            "        self.first, self.second = w1, w2\n"
            "        self.params = [self.first, self.second]\n",
        ),
    ),
    "einsum": (
        (
            "self.x.T @ by_scores, self.hidden.T @ by_logits",
            'np.einsum("nd,nh->dh", self.x, by_scores), np.einsum("nd,nh->dh", self.hidden, by_logits)',
        ),
    ),
    "in_place_update": (
        (
            "        params[i] = params[i] - learning_rate * grad\n",
            "        params[i] -= learning_rate * grad\n",
        ),
    ),
    "returned_update": (
        (
            "    for i, grad in enumerate(grads):\n        params[i] = params[i] - learning_rate * grad\n",
            "    return [p - learning_rate * g for p, g in zip(params, grads)]\n",
        ),
    ),
    "torch_softmax": (
        (
            "        powers = torch.exp(self.hidden @ w2)\n"
            "        self.predicted = powers / powers.sum(dim=1, keepdim=True)\n",
            "        self.predicted = torch.softmax(self.hidden @ w2, dim=1)\n",
        ),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_variants_get_full_marks(group: Class, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    text = RIGHT
    for old, new in HONEST[name]:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "mlp.py").write_text(text, encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == found.max_score, said(found)


def test_blanks_that_pass_are_the_students(group: Class, tmp_path: Path) -> None:
    """Functions that return nothing are told so; nobody calls them the course's fault."""
    text = (FOLDER / "handout" / "mlp.py").read_text(encoding="utf-8")
    filled = re.sub(r"raise NotImplementedError\(.*\)", "pass", text)
    (tmp_path / "mlp.py").write_text(filled, encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == 0.0
    assert not found.person, said(found)
    assert "broken" not in {c.outcome for c in found.checks}
    (tmp_path / "mlp.py").write_text(filled.replace("params = []", "params = ['w1', 2]"), "utf-8")
    found = graded(group, tmp_path)
    assert "is a str, not an array or a tensor" in said(found)
    assert not found.person, said(found)


def test_a_table_of_answers_earns_nothing(group: Class, tmp_path: Path) -> None:
    """Gradients that were right for other inputs are wrong for these."""
    table = "[np.zeros((785, 1000)) + 0.001, np.zeros((1001, 10)) + 0.001]"
    found = written(
        group,
        tmp_path,
        (
            "        return [self.x.T @ by_scores, self.hidden.T @ by_logits]",
            f"        return {table}",
        ),
    )
    assert check(found, "numpy_gradients").earned == 0.0


@pytest.mark.parametrize(
    "path", [REFERENCE / "mlp.py", FOLDER / "handout" / "mlp.py"], ids=["reference", "handout"]
)
def test_the_notebook_is_the_module(path: Path) -> None:
    """Cell by cell the same code."""
    book = nbformat.read(path.with_suffix(".ipynb"), 4)
    cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    text = path.read_text(encoding="utf-8").partition('"""\n')[2]
    assert [line for line in cells.splitlines() if line] == [
        line for line in text.splitlines() if line
    ]
