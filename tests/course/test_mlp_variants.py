"""mlp_from_scratch: two hundred honest ways to write it, and one mistake at a time in a forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.assignment.loader import LoadedAssignment
from grader.grading.cohort import Cohort
from grader.grading.schedule import Schedule
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit import variants
from kit.graded import check, opened, said
from kit.places import ROOT

SLUG = "mlp_from_scratch"
RIGHT = (ROOT / "reference" / SLUG / "mlp.py").read_text(encoding="utf-8")
COUNT, WHOLE = 200, 20
"""So many variants; every twentieth is asked everything, the others what takes less time."""
SLOW = {"training", "uneven_batches_numpy", "uneven_batches_torch", "arguments_kept"}
SLOW_PROBES = {"trained", "uneven_numpy", "uneven_torch", "changed"}


def made(name: str, text: str) -> Submission:
    """A submission of this module."""
    return Submission(student=name, files={"mlp.py": text.encode()}, entry="mlp.py")


def all_graded(group: Cohort, submissions: list[Submission]) -> Iterator[Graded]:
    """What each of them gets."""
    for one, recorded in Schedule(group.executor, jobs=2, cpu_seconds=60.0).run(submissions):
        yield group.judge(one, recorded)


def quick() -> LoadedAssignment:
    """The assignment without the checks that take long, one point for each of the others."""
    loaded = Course(ROOT).load(SLUG)
    loaded.assignment._checks = [c for c in loaded.assignment.checks if c.name not in SLOW]
    probes = {n: p for n, p in loaded.probes.items() if n not in SLOW_PROBES}
    assert len(probes) == len(loaded.probes) - len(SLOW_PROBES)
    return replace(loaded, probes=probes)


def test_the_generator_uses_every_alternative() -> None:
    """Two hundred different sources; each way to write each function stands in some of them."""
    every = [variants.variant(RIGHT, k) for k in range(COUNT)]
    assert len({text for text, _ in every}) == COUNT
    used = {(name, way) for _, ways in every for name, way in ways.items()}
    for name, others in variants.ALTERNATIVES.items():
        assert {way for n, way in used if n == name} == set(range(len(others) + 1)), name
    assert {way for n, way in used if n == "names"} == set(range(len(variants.NAMES)))
    for text, _ in every:
        compile(text, "mlp.py", "exec")


@pytest.mark.proof
def test_honest_variants_get_full_marks(server: ForkServer, tmp_path: Path) -> None:
    """Whatever the combination, nothing is lost and no mistake is diagnosed."""
    every = [made(f"{k:03}", variants.variant(RIGHT, k)[0]) for k in range(COUNT)]
    rest = [s for k, s in enumerate(every) if k % WHOLE]
    seen = 0
    for loaded, chosen in ((Course(ROOT).load(SLUG), every[::WHOLE]), (quick(), rest)):
        folder = tmp_path / str(len(chosen))
        folder.mkdir()
        with opened(server, loaded, folder) as group:
            for found in all_graded(group, chosen):
                seen += 1
                assert found.score == found.max_score, f"{found.student}: {said(found)}"
                assert not any(c.hint for c in found.checks), said(found)
                assert not found.needs_review
    assert seen == COUNT


SOFTMAX = "        self.predicted = powers / powers.sum(axis=1, keepdims=True)\n"
TORCH_SOFTMAX = "        self.predicted = powers / powers.sum(dim=1, keepdim=True)\n"
HIDDEN = "self.hidden = np.hstack([np.maximum(self.scores, 0), ones])"
TORCH_HIDDEN = "self.hidden = torch.cat([self.scores.clamp(min=0), ones], dim=1)"
MAPS = "maps = F.max_pool2d(F.relu(F.conv2d(images, w1, b1)), 2)"
ANSWER = "return torch.softmax(maps.flatten(1) @ w2 + b2, dim=1)"
ZERO = "            grad.zero_()\n"

FAULTS = {
    "numpy: scores returned": (
        "numpy_forward",
        "Your `MLPNumpy.forward_pass` leaves out softmax: it returns the scores.",
        (SOFTMAX, "        self.predicted = logits\n"),
    ),
    "numpy: columns": (
        "numpy_forward",
        "takes softmax over axis 0",
        (
            "powers = np.exp(logits - logits.max(axis=1, keepdims=True))\n" + SOFTMAX,
            "powers = np.exp(logits)\n        self.predicted = powers / powers.sum(axis=0)\n",
        ),
    ),
    "numpy: whole batch": (
        "numpy_forward",
        "divides by the sum over the whole batch",
        (
            "powers = np.exp(logits - logits.max(axis=1, keepdims=True))\n" + SOFTMAX,
            "powers = np.exp(logits)\n        self.predicted = powers / powers.sum()\n",
        ),
    ),
    "numpy: ReLU": (
        "numpy_forward",
        "leaves out ReLU",
        (HIDDEN, "self.hidden = np.hstack([self.scores, ones])"),
    ),
    "numpy: minimum": (
        "numpy_forward",
        "has ReLU turned round",
        (HIDDEN, HIDDEN.replace("maximum", "minimum")),
    ),
    "numpy: second ones": (
        "numpy_forward",
        "has the column of ones before the other inputs of `w2`",
        (HIDDEN, "self.hidden = np.hstack([ones, np.maximum(self.scores, 0)])"),
    ),
    "numpy: both ones": (
        "numpy_forward",
        "has the column of ones before the other inputs of `w1` and `w2`",
        (HIDDEN, "self.hidden = np.hstack([ones, np.maximum(self.scores, 0)])"),
        ("self.x = np.hstack([images, ones])", "self.x = np.hstack([ones, images])"),
    ),
    "numpy: zeros for ones": (
        "numpy_forward",
        "leaves out the bias",
        ("ones = np.ones((len(images), 1))", "ones = np.zeros((len(images), 1))"),
    ),
    "torch, float32: sigmoid": (
        "torch_forward",
        "Your `MLPTorch.forward_pass` applies the sigmoid function where ReLU belongs",
        (TORCH_HIDDEN, "self.hidden = torch.cat([torch.sigmoid(self.scores), ones], dim=1)"),
        ("torch.tensor(d, ", "torch.tensor(d, dtype=torch.float, "),
        ("torch.double", "torch.float"),
    ),
    "torch: logarithms": (
        "torch_forward",
        "returns logarithms of the probabilities",
        (TORCH_SOFTMAX, "        self.predicted = torch.log_softmax(self.hidden @ w2, dim=1)\n"),
    ),
    "autograd, float32: not zeroed": (
        "autograd_steps",
        "moved along the sum of both gradients: that of the first step was still there",
        (ZERO, ""),
        ("torch.tensor(d, ", "torch.tensor(d, dtype=torch.float, "),
        ("torch.double", "torch.float"),
    ),
    "autograd: uphill": (
        "autograd_steps",
        "After the first step: Each of your results (`w1`, `w2`) moved along the gradient, not",
        (
            "param -= learning_rate * grad\n            grad.zero_()",
            "param += learning_rate * grad\n            grad.zero_()",
        ),
    ),
    "autograd: without a rate": (
        "autograd_steps",
        "moved by the whole gradient: the learning rate is missing",
        ("param -= learning_rate * grad\n            grad.zero_()", "param -= grad\n" + ZERO),
    ),
    "autograd: copies": (
        "autograd_steps",
        "did not change",
        (
            "param -= learning_rate * grad\n            grad.zero_()",
            "param = param - learning_rate * grad\n            grad.zero_()",
        ),
    ),
    "convolution, float32: not zeroed": (
        "convolution_steps",
        "(`w1`, `b1`, `w2`, `b2`) moved along the sum of both gradients",
        (ZERO, ""),
        ("torch.tensor(d, ", "torch.tensor(d, dtype=torch.float, "),
        ("torch.double", "torch.float"),
    ),
    "convolution: average": (
        "convolution_forward",
        "takes the mean of each 2 × 2 pixels",
        (MAPS, MAPS.replace("max_pool2d", "avg_pool2d")),
    ),
    "convolution: scores": (
        "convolution_forward",
        "leaves out softmax",
        (ANSWER, "return maps.flatten(1) @ w2 + b2"),
    ),
    "convolution: channels last": (
        "convolution_forward",
        "flattens the maps pixel by pixel",
        (ANSWER, ANSWER.replace("maps.flatten(1)", "maps.permute(0, 2, 3, 1).flatten(1)")),
    ),
    "convolution: turned": (
        "convolution_forward",
        "turns the filters round",
        (MAPS, MAPS.replace("w1, b1", "w1.flip(2, 3), b1")),
    ),
    "convolution: no bias": (
        "convolution_forward",
        "leaves out both biases",
        (MAPS, MAPS.replace("w1, b1", "w1")),
        (ANSWER, ANSWER.replace(" + b2", "")),
    ),
    "first weights of torch": (
        "first_weights",
        "(`MLPTorch.params[0]`, `MLPTorch.params[1]`) holds the numbers that come where `w2` is",
        (
            "sizes = (PIXELS + 1, HIDDEN), (HIDDEN + 1, CLASSES)\n        drawn = [rng",
            "sizes = (HIDDEN + 1, CLASSES), (PIXELS + 1, HIDDEN)\n        drawn = [rng",
        ),
        (
            "self.params = [torch.tensor(d, requires_grad=self.needs_grad) for d in drawn]",
            "self.params = [torch.tensor(d, requires_grad=self.needs_grad) for d in drawn[::-1]]",
        ),
    ),
    "first weights, ten times": (
        "first_weights",
        "is 10 times ours",
        ("DEVIATION = 0.01", "DEVIATION = 0.1"),
    ),
}
"""Check, what it says, and the texts of the reference that are exchanged."""
UNNAMED = {
    "dropout": ("numpy_forward", (HIDDEN, f"{HIDDEN}\n        self.hidden[:, ::3] = 0")),
    "two mistakes": (
        "numpy_forward",
        (HIDDEN, "self.hidden = np.hstack([self.scores, ones])"),
        (SOFTMAX, "        self.predicted = logits\n"),
    ),
    "leaky": ("convolution_forward", (MAPS, MAPS.replace("F.relu", "F.leaky_relu"))),
    "momentum": ("autograd_steps", (ZERO, "            grad.mul_(0.9)\n")),
    "uniform": (
        "first_weights",
        ("rng.normal(loc=0.0, scale=DEVIATION", "rng.uniform(-0.02, 0.02"),
    ),
}
"""Check, and texts exchanged, of faults that no sentence is true of."""


def wrong(name: str, *pairs: tuple[str, str]) -> Submission:
    """The reference with these texts exchanged."""
    text = RIGHT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return made(name, text)


@pytest.mark.proof
def test_a_fault_in_a_forward_pass_or_a_step_is_named(group: Cohort) -> None:
    """What a student would do wrong is said in words, with what to do next."""
    every = [wrong(name, *pairs) for name, (_, _, *pairs) in FAULTS.items()]
    for found in all_graded(group, every):
        which, text, *_ = FAULTS[found.student]
        lost = check(found, which)
        assert lost.outcome in ("failed", "partial"), found.student
        assert text in lost.feedback, f"{found.student}: {lost.feedback}"
        assert lost.hint, found.student
        assert not found.needs_review


@pytest.mark.proof
def test_a_fault_that_is_none_of_these_is_told_by_numbers(group: Cohort) -> None:
    """No sentence is better than a wrong one."""
    every = [wrong(name, *pairs) for name, (_, *pairs) in UNNAMED.items()]
    for found in all_graded(group, every):
        lost = check(found, UNNAMED[found.student][0])
        assert lost.outcome in ("failed", "partial"), found.student
        assert "differs. The greatest error is" in lost.feedback, lost.feedback
