"""Records with everything that a student's page can show, made by the comparisons themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader import compare, data
from grader.compare.error_strips import make_strips
from grader.records.bounds import cut_evidence
from grader.records.earlier import Earlier
from grader.records.excerpt import Excerpt
from grader.records.json_values import Json
from grader.records.measurements import Trained
from grader.records.place import Place
from grader.records.result import Graded
from kit.places import NOWHERE
from kit.sample_records import HOSTILE, MISMATCH, PARAMETERS, TITLES, check, graded

CODE = '''import torch.nn as nn


class LeNet5(nn.Module):
    """A network of LeCun's, 1998."""

    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.BatchNorm2d(6),  # trains faster
            nn.ReLU(), nn.MaxPool2d(2))
        self.fc3 = nn.Linear(84, 10)
'''.splitlines()
PLACE = Place(file="lenet.py", line=11)


def strips() -> dict[str, Json]:
    """Ten gradients, some of them wrong in one way or another."""
    draw = np.random.Generator(np.random.PCG64(3))
    pairs = []
    for n, size in enumerate((150, 6, 2400, 16, 48000, 120, 10080, 84, 840, 10)):
        ours = draw.normal(size=size)
        error = np.linspace(-9, n - 6, size)
        pairs.append((f"layer{n}.weight", ours * (1 + 10.0**error), ours))
    return make_strips(pairs, [name for name, *_ in pairs[:7]], "gradients")


def accuracy() -> dict[str, Json]:
    """Of MNIST's stand-in, read rightly in nine of ten pictures, with two loss curves."""
    digits = data.test("mnist")
    digits.labels.set_source(data.Source(NOWHERE, stand_in=True))
    truth = digits.labels.reveal()
    draw = np.random.Generator(np.random.PCG64(1))
    guessed = np.where(draw.random(truth.size) < 0.9, truth, draw.integers(0, 10, truth.size))
    scores = draw.normal(size=(truth.size, 10)) + 4 * np.eye(10)[guessed]
    falls = 0.2 + 2.1 * np.exp(-np.arange(300) / 60)

    def train(scores: np.ndarray, losses: np.ndarray) -> Trained:
        return Trained(own=scores, proven=scores, operands=(), losses=losses, spent=False)

    verdict = compare.accuracy(
        train(scores, falls + 0.2 * draw.random(300)),
        train(4 * np.eye(10)[truth], 0.9 * falls),
        digits.labels,
        full=-0.01,
        zero=-0.3,
    )
    return dict(verdict.evidence)


def network(count: int = 9) -> Json:
    """So many layers; the second and the fifth are batch norms that nobody asked for."""
    rows: list[Json] = []
    for n in range(1, count + 1):
        layer: Json = {"name": f"stage{n}.0", "kind": "convolution", "shape": [6, 28, 28],
                       "window": [5, 5], "steps": ["relu"], "file": "lenet.py", "line": n}  # fmt: skip
        other: Json = {"name": f"stage{n}.1", "kind": "batch_norm", "shape": [6, 28, 28],
                       "file": "lenet.py", "line": 11}  # fmt: skip
        odd = n in (2, 5)
        note = f"`stage{n}.1` (batch_norm) is not in the network of the brief." if odd else ""
        seen, expected = (other, None) if odd else (layer, layer)
        rows.append({"seen": seen, "expected": expected, "same": not odd, "note": note})
    return rows


def everything() -> Graded:
    """A student who lost something of every kind."""
    one = graded(
        "Yusuf Demir",
        check("layer_shapes", "partial", 0.714, at=PLACE, code="layers-extra",
              feedback="`stage1.1` (batch_norm) in lenet.py, line 11, is not in the network of the brief.",
              hint="Delete line 11, train again and save `lenet.pt`.",
              evidence={"layers": network()}, trust="claim"),
        check("parameter_count", "failed", evidence={"parameters": PARAMETERS}, trust="claim",
              feedback="Your network has 61,750 trainable parameters, expected are 61,706."),
        check("forward_values", "failed", evidence={"mismatch": MISMATCH},
              feedback="The outputs differ from ours.", hint="Compare your forward with the brief."),
        check("gradient_values", "failed", evidence=strips(), feedback="7 of 10 gradients differ."),
        check("two_steps", "skipped", code="checks-wait", facts={"check": "gradient_values"}),
        check("test_accuracy", "partial", 0.5, evidence=accuracy(), trust="proof",
              feedback="90.2% of 500 test images are read rightly; ours reads 100%.", hint="Train longer."),
    )  # fmt: skip
    return replace(
        one,
        entry="lenet.py",
        excerpts=(Excerpt(file="lenet.py", cell=None, first=8, lines=tuple(CODE[7:])),),
        earlier=Earlier(score=20.0, checks=dict.fromkeys(TITLES, 0.0)),
    )


def hostile() -> Graded:
    """The same, where all that a student can choose is hostile, and there is too much of it."""
    one, text = everything(), "".join(HOSTILE)
    odd: Json = {"name": text, "kind": text, "shape": [2**40] * 30, "steps": [text] * 9}
    rows: Json = [
        {"seen": odd, "expected": odd, "same": n % 3 == 0, "note": text} for n in range(2_000)
    ]
    strip: Json = {"name": text, "equal": False, "bins": [3, "x", None, -99] * 40, "worst": "nan"}
    png: Json = {"png": '"><script>alert(1)</script>', "label": text, "answer": text}
    wild: dict[str, Json] = {
        "layers": rows,
        "strips": {"what": text, "rows": [strip] * 2_000},
        "errors": {"rows": [png] * 100},
        "curve": {"losses": [1e308, -1e308, "nan", text], "ours": [text], "of": text},
    }
    place = Place(file=text, line=1)
    first = replace(
        one.checks[0],
        evidence=cut_evidence(wild),
        feedback=text,
        hint=text,
        title=text,
        at=place,
        code="",
    )
    lines = tuple(HOSTILE)
    return replace(
        one,
        student=text,
        entry=text,
        checks=(first, *one.checks[1:]),
        excerpts=(Excerpt(file=text, cell=None, first=1, lines=lines),),
    )
