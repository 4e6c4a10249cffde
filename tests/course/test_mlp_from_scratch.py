"""The assignment mlp_from_scratch: what its mistakes are told, and what honest code may look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from grader.assignment.course import Course
from grader.data.source import Source
from grader.grading.cohort import Cohort
from grader.sandbox import ForkServer
from kit.command_line import CommandLine
from kit.graded import check, graded, mistake, mistaken, opened, said, written
from kit.places import ROOT
from kit.slow import sample

SLUG = "mlp_from_scratch"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
RIGHT = (REFERENCE / "mlp.py").read_text(encoding="utf-8")


SAID = {
    "sign_turned": ("numpy_gradients", "has its sign turned, in every number"),
    "sum_of_batch": ("numpy_gradients", "4 times too large"),
    "mask_of_gradient": ("numpy_gradients", "mask of ReLU from the sign of the gradient"),
    "no_mask": ("numpy_gradients", "leaves out the derivative of ReLU"),
    "wrong_column_dropped": ("numpy_gradients", "the column of ones is the last"),
    "asks_autograd": ("torch_gradients", "`MLPTorch` asks torch for the derivatives"),
    "numerical": ("numpy_gradients", "runs `forward_pass` again and again"),
    "never_zeroed": ("autograd_steps", "sum of both gradients: that of the first step was still"),
    "base_two": ("losses", "uses the logarithm to base 2"),
    "uphill": ("updates", "you add where the update subtracts"),
    "always_the_first": ("random_batches", "Two calls give the same 40 rows"),
    "bias_in_front": ("numpy_forward", "has the column of ones before the other inputs of `w1`"),
    "linear_convolution": ("convolution_forward", "`CNNAutograd.forward_pass` leaves out ReLU"),
    "linear_torch": ("autograd_steps", "moved along the gradient of a network without ReLU"),
    "second_first": ("first_weights", "the numbers that come where `w2` is drawn before `w1`"),
    "columns_sum_to_one": ("torch_forward", "takes softmax over axis 0"),
    "forty_at_all_times": ("other_sets", "has shape (40, 784), expected is (7, 784)"),
    "adds_to_predictions": ("arguments_kept", "`cross_entropy` changes y_pred."),
}


HIDDEN = {
    "other_sets",
    "uneven_batches_numpy",
    "uneven_batches_torch",
    "sure_and_wrong",
    "arguments_kept",
}


@pytest.mark.parametrize("name", sample(SAID))
def test_a_mistake_is_named(group: Cohort, name: str) -> None:
    """The sentence says what was done, not only that numbers differ."""
    which, text = SAID[name]
    found = mistaken(group, name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert not found.needs_review


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
    "float32": (
        ("torch.tensor(d, ", "torch.tensor(d, dtype=torch.float, "),
        ("torch.double", "torch.float"),
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
def test_honest_variants_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    text = RIGHT
    for old, new in HONEST[name]:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "mlp.py").write_text(text, encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == found.max_score, said(found)


def test_the_points_are_those_of_the_brief() -> None:
    """All checks are worth 100, the hidden ones 10; the table of the brief says so."""
    checks = Course(ROOT).load("mlp_from_scratch").assignment.checks
    assert {c.name for c in checks if c.hidden} == HIDDEN
    assert sum(c.points for c in checks) == 100
    assert sum(c.points for c in checks if c.hidden) == 10
    table = re.findall(r"\| ([\d +]+) \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    told = [int(n) for cell in table for n in cell.split("+")]
    assert sum(told[:-1]) == 90
    assert told == [6, 6, 10, 6, 20, 6, 6, 10, 8, 6, 2, 4, 10]


def test_a_students_own_check_sees_nothing_hidden(server: ForkServer, tmp_path: Path) -> None:
    """Neither a hidden check nor a probe of one is there; 90 points are all that can be earned."""
    public = Course(ROOT).load("mlp_from_scratch", public=True)
    whole = Course(ROOT).load("mlp_from_scratch")
    secret = set(whole.probes) - set(public.probes)
    assert secret == {
        "small",
        "uneven_numpy",
        "uneven_torch",
        "sure_numpy",
        "sure_torch",
        "changed",
    }
    asked = {p.key for p in public.probes.values()}
    assert not asked & {whole.probes[n].key for n in secret}
    with opened(server, public, tmp_path) as group:
        found = mistaken(group, "forty_at_all_times")
    assert (found.score, found.max_score) == (90, 90)
    assert not HIDDEN & {c.name for c in found.checks}
    assert not any(c.hidden for c in found.checks)


@pytest.mark.proof
def test_the_command_line_keeps_them_hidden(call: CommandLine, tmp_path: Path) -> None:
    """`check` shows the public checks only; `grade` asks all, and gives the student's page and record
    one line of them; the instructor's copy has them all.
    """
    handed_in = tmp_path / "class" / "ada" / "mlp.py"
    handed_in.parent.mkdir(parents=True)
    handed_in.write_bytes(mistake(SLUG, "forty_at_all_times").files["mlp.py"])
    public = call("check", handed_in, "--stand-in", "--course", ROOT)
    assert public.code == 0
    assert "90 of 90 points of the public checks" in public.out
    assert not [n for n in HIDDEN if n in public.out]
    out = tmp_path / "out"
    words = ("mlp_from_scratch", tmp_path / "class", "-o", out, "--stand-in", "--course", ROOT)
    whole = call("grade", *words)
    assert "98" in whole.out
    assert "other_sets" in whole.out
    for path in (out / "ada.html", out / "ada.json"):
        text = path.read_text(encoding="utf-8")
        assert "Hidden checks: 8 of 10 points" in text
        assert not [n for n in HIDDEN if n in text]
    call("report", out, "--with-hidden", "--course", ROOT)
    page = (out / "ada.html").read_text(encoding="utf-8")
    assert page.count('<span class="tag">hidden check</span>') == len(HIDDEN)


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_second_step_says_something(seed: int) -> None:
    """Whatever inputs are drawn, both steps move every parameter far beyond the tolerance."""
    loaded = Course(ROOT).load("mlp_from_scratch")
    rules = loaded.assignment.checks[0].function.__globals__
    names: dict[str, Any] = {}
    exec(loaded.script, names)
    for probe, limit in (("stepped_auto", 100), ("stepped_conv", 20)):
        _, *given = loaded.probes[probe].arguments(seed, Source())["args"]
        steps = names["steps"](Answers(RIGHT), loaded.probes[probe].args["args"][0], *given)
        first, second = (s["arrays"] for s in steps)
        for one, two in zip(first, second, strict=True):
            assert np.abs(two - one).max() > limit * rules["STEPPED"] * np.abs(one).max()


class Answers(dict[str, Any]):
    """The reference as a function of probes.py sees it, in this process."""

    def __init__(self, text: str) -> None:
        super().__init__()
        exec(text, self)

    def array(self, value: Any, *_: object) -> Any:
        """A float64 copy."""
        return np.array(value.detach().numpy(), np.float64)

    def within(self, _: float, function: Callable[[], object]) -> bool:
        """Calls it."""
        function()
        return True

    def build(self, name: str, *given: object) -> object:
        """What the class of that name makes."""
        return self[name](*given)


def test_blanks_that_pass_are_the_students(group: Cohort, tmp_path: Path) -> None:
    """Functions that return nothing are told so; nobody calls them the course's fault."""
    text = (FOLDER / "handout" / "mlp.py").read_text(encoding="utf-8")
    filled = re.sub(r"raise NotImplementedError\(.*\)", "pass", text)
    (tmp_path / "mlp.py").write_text(filled, encoding="utf-8")
    found = graded(group, tmp_path)
    assert found.score == 0.0
    assert not found.needs_review, said(found)
    assert "broken" not in {c.outcome for c in found.checks}
    (tmp_path / "mlp.py").write_text(filled.replace("params = []", "params = ['w1', 2]"), "utf-8")
    found = graded(group, tmp_path)
    assert "is a str, not an array or a tensor" in said(found)
    assert not found.needs_review, said(found)


def test_a_table_of_answers_earns_nothing(group: Cohort, tmp_path: Path) -> None:
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
