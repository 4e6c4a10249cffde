"""The assignment conv_arithmetic: numbers of one's own, answers that are right, slips that are named."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from torch import nn
from torch.nn import functional

from grader import compare
from grader.assignment.course import Course
from grader.compare.named_answers import is_same, list_answers
from grader.grading.cohort import Cohort
from grader.records.messages import Message
from kit.graded import check, graded
from kit.measuring import returned
from kit.places import ROOT

SLUG = "conv_arithmetic"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
CLASS = [f"student {i}" for i in range(200)]
UNORDERED = ("parameter_shapes",)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By student all names of the reference, run with that student's numbers."""
    assignment = Course(ROOT).load("conv_arithmetic").assignment
    folder, before = tmp_path_factory.mktemp("numbers"), Path.cwd()
    os.chdir(folder)
    try:
        found = {}
        for student in CLASS:
            Path("numbers.json").write_text(json.dumps(assignment.numbers(student)))
            found[student] = runpy.run_path(str(REFERENCE / "convolutions.py"))
    finally:
        os.chdir(before)
    return found


def test_the_reference_computes_what_torch_does(solved: dict[str, dict[str, Any]]) -> None:
    """For every student of a class, PyTorch gives the same sizes, shapes and elements."""
    for own in solved.values():
        n = own["numbers"]
        shape = (n["batch"], n["channels"], n["height"], n["width"])
        x = torch.zeros(shape, device="meta")
        conv = nn.Conv2d(n["channels"], n["filters"], n["kernel"], device="meta")
        s, p, d = n["stride"], n["padding"], n["dilation"]
        plain = conv(x)
        assert own["plain"] == tuple(plain.shape)
        assert own["strided"] == tuple(functional.conv2d(x, conv.weight, None, s, p).shape)
        assert own["dilated"] == tuple(functional.conv2d(x, conv.weight, None, s, p, d).shape)
        assert own["pooled"] == tuple(functional.max_pool2d(plain, n["pool"]).shape)
        assert own["weight_shape"] == tuple(conv.weight.shape)
        assert own["bias_shape"] == tuple(conv.bias.shape)  # type: ignore[union-attr]
        assert own["layer_parameters"] == sum(q.numel() for q in conv.parameters())
        (a, b), (k, m), start = n["net_filters"], n["net_kernels"], n["side"]
        with torch.device("meta"):
            layers = [nn.Conv2d(3, a, k), nn.MaxPool2d(2), nn.Conv2d(a, b, m), nn.MaxPool2d(2)]
            y, seen = torch.zeros(1, 3, start, start), []
            for layer in layers:
                y = layer(y)
                seen.append(tuple(y.shape[1:]))
        assert own["feature_sizes"] == seen
        assert own["flattened"] == y.numel()
        with torch.device("meta"):
            layers += [nn.Linear(y.numel(), n["hidden"]), nn.Linear(n["hidden"], n["classes"])]
        parameters = [q for layer in layers for q in layer.parameters()]
        assert own["parameter_shapes"] == [tuple(q.shape) for q in parameters]
        assert own["network_parameters"] == sum(q.numel() for q in parameters)
        same = functional.conv2d(
            torch.zeros(1, 1, 60, 60, device="meta"),
            torch.zeros(1, 1, n["same_kernel"], n["same_kernel"], device="meta"),
            padding=own["same"],
            dilation=n["same_dilation"],
        )
        assert same.shape[2:] == (60, 60)
        picture, kernel = (torch.tensor(n[k])[None, None].double() for k in ("picture", "weights"))
        bias = torch.tensor([n["bias"]]).double()
        assert own["worked"] == functional.conv2d(picture, kernel, bias)[0, 0].tolist()
        assert own["cornered"] == functional.conv2d(picture, kernel, bias, padding=1)[0, 0, 0, 0]
        strided = functional.conv2d(picture, kernel, bias, stride=2, padding=1)
        assert own["strided_element"] == strided[0, 0, 1, 2]
        second = [
            torch.tensor(n[k])[None, None].double() for k in ("second_picture", "second_weights")
        ]
        two = torch.cat([picture[..., :3, :3], second[0]], 1)
        assert own["two_channels"] == functional.conv2d(
            two, torch.cat([kernel, second[1]], 1), bias
        )


def test_answers_cannot_be_passed_on(solved: dict[str, dict[str, Any]]) -> None:
    """No two students of a class have the same answers to any part, or to many single ones."""
    assignment = Course(ROOT).load("conv_arithmetic")
    asked = {p.args["name"] for p in assignment.probes.values()} & set(solved[CLASS[0]]["slips"])
    assert len(asked) == 16
    rows = [[repr(own[name]) for name in sorted(asked)] for own in solved.values()]
    alike = [
        sum(a == b for a, b in zip(one, other, strict=True))
        for i, one in enumerate(rows)
        for other in rows[:i]
    ]
    assert max(alike) <= 6
    assert sum(alike) / len(alike) < 1


def test_slips_show(solved: dict[str, dict[str, Any]]) -> None:
    """Hardly ever does a slip lead to the right answer; in sizes after a convolution never."""
    lucky = []
    for student, own in solved.items():
        for name, slips in own["slips"].items():
            loose = name in UNORDERED
            right = list_answers(own[name], loose=loose)
            for text, value in slips.items():
                if is_same(list_answers(value, loose=loose), right):
                    lucky.append((student, name, text))
    assert not {n for _, n, _ in lucky} & {"plain", "strided", "dilated", "pooled", "feature_sizes"}
    total = sum(len(s) for own in solved.values() for s in own["slips"].values())
    assert len(lucky) < total / 200


ROWS = {"feature_sizes", "parameter_shapes", "worked"}
"""Answers that are lists of sizes, shapes or rows."""


def test_every_slip_is_named(solved: dict[str, dict[str, Any]]) -> None:
    """Each slip of the first student's has its sentence, and is worth no more than the rows that
    are right all the same.
    """
    own, named = solved[CLASS[0]], 0
    for name, slips in own["slips"].items():
        for text, value in slips.items():
            verdict = compare.parts(
                {name: returned(value)},
                {name: returned(own[name])},
                own["slips"],
                unordered=UNORDERED,
            )
            assert verdict.fraction < (1 if name in ROWS else 1e-9), name
            named += verdict.feedback == f"`{name}` is not right: {Message(text).text()}."
    assert named >= 0.9 * sum(map(len, own["slips"].values()))


SAID = {
    "padding_once": ("output_sizes", "the padding is counted on one side only"),
    "rounded_up": ("output_sizes", "so round down"),
    "dilation_times_kernel": ("output_sizes", "not dilation · k."),
    "channels_first": ("parameters_of_a_layer", "the filters come first"),
    "no_biases": ("parameters_of_a_network", "the biases are left out"),
    "one_bias": ("parameters_of_a_layer", "there is one for each filter, not one for all"),
    "flattened_without_channels": ("sizes_in_a_network", "the channels are left out"),
    "sizes_for_32": ("sizes_in_a_network", "these are the sizes for images of 32 × 32"),
    "kernel_turned": ("worked_elements", "the kernel is turned by 180°"),
    "bias_left_out": ("single_elements", "the bias is left out"),
}


@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Cohort, name: str) -> None:
    """The sentence says what was done."""
    which, text = SAID[name]
    found = graded(group, FOLDER / "mistakes" / name)
    assert text in check(found, which).feedback
    assert not found.needs_review


def test_numbers_of_another_student(group: Cohort) -> None:
    """Whose numbers they are is said, and a person is asked: the names may be the ones at fault."""
    found = graded(group, FOLDER / "mistakes" / "another_students")
    assert found.needs_review
    told = check(found, "output_sizes").feedback
    assert "says that its numbers are those of 'noah', but it was handed in by" in told


def test_right_answers_in_other_forms(group: Cohort, tmp_path: Path) -> None:
    """Typed values, lists, sizes, arrays and a dictionary of shapes earn full marks."""
    (tmp_path / "numbers.json").write_text(json.dumps(group.loaded.assignment.numbers("ada")))
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        own = runpy.run_path(str(REFERENCE / "convolutions.py"))
    finally:
        os.chdir(before)
    (tmp_path / "numbers.json").unlink()
    names = group.loaded.probes.values()
    answers = {p.args["name"]: own[p.args["name"]] for p in names if p.args["name"] in own["slips"]}
    shapes = {f"p{i}": s for i, s in enumerate(reversed(answers.pop("parameter_shapes")))}
    text = "import numpy as np\nimport torch\n\n"
    text += f"plain = torch.Size({list(answers.pop('plain'))})\n"
    text += f"strided = np.array({list(answers.pop('strided'))})\n"
    text += f"dilated = torch.tensor({list(answers.pop('dilated'))})\n"
    text += f"bias_shape = {answers.pop('bias_shape')[0]}\n"
    text += f"worked = np.array({answers.pop('worked')}, dtype=np.float32)\n"
    text += f"flattened = {answers.pop('flattened')}.0\n"
    text += f"parameter_shapes = {shapes}\n"
    text += "".join(f"{n} = {v!r}\n" for n, v in answers.items())
    (tmp_path / "convolutions.py").write_text(text)
    found = graded(group, tmp_path, "Ada")
    assert [(c.name, c.feedback) for c in found.checks if c.lost] == []


@pytest.mark.parametrize("folder", [REFERENCE, FOLDER / "handout"], ids=["reference", "handout"])
def test_the_notebook_is_the_module(folder: Path) -> None:
    """Both forms hold the same code."""
    book = nbformat.read(folder / "convolutions.ipynb", 4)
    code = [c.source.strip() for c in book.cells if c.cell_type == "code"]
    text = (folder / "convolutions.py").read_text(encoding="utf-8")
    for cell in code:
        assert cell in text


def test_right_answers_are_never_told(group: Cohort) -> None:
    """An untouched handout is told what is missing, without one number of the answers."""
    loaded = group.loaded
    blank = loaded.assignment.add_numbers(Course(ROOT).handouts(loaded)[0])
    found = group.judge(blank, group.executor.measure(blank))
    assert found.score == 0
    for one in found.checks:
        assert "is still None: put your answer there" in one.feedback
