"""Records as the grader makes them, without a run: one student's, and a class of twelve."""

from __future__ import annotations

from typing import Any

from grader.records.execution import Execution, StudentError
from grader.records.json_values import Json
from grader.records.result import CheckResult, Graded

TITLES = {
    "layer_shapes": ("Every layer of `LeNet5` has the output shape given in the handout.", 20),
    "parameter_count": ("`LeNet5` has 61,706 trainable parameters.", 10),
    "forward_values": ("From equal weights, your network computes what ours computes.", 20),
    "gradient_values": ("From equal weights and an equal batch, your gradients equal ours.", 20),
    "two_steps": ("Two steps of training change the weights as they change ours.", 10),
    "test_accuracy": ("`lenet.pt` reads the 10,000 test digits as well as our network does.", 20),
}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "Eve\u202egnp.exe",
    "nul\0byte",
    "é" * 127 + "x",
    "=cmd|' /C calc'!A0",
    "../../x",
    "index",
    "CON",
    "a/b\\c",
    "two\nlines\tand a tab",
    "\x1b[31mred\x1b[0m",
    "lone \udcff surrogate",
    "{{ 7 * 7 }}{% raw %}",
    "' onmouseover='alert(1)",
    "</style><style>*{display:none}",
    "Zoë",
    "Zoe\u0308",
    "ZOË",
]


def layers(*, pooled: bool = True) -> Json:
    """LeNet's layers beside the reference's; without the first pooling where asked."""
    kinds: list[tuple[str, str, list[Json]]] = [
        ("conv1", "conv2d", [2, 6, 28, 28]),
        ("pool1", "max_pool2d", [2, 6, 14, 14]),
        ("conv2", "conv2d", [2, 16, 10, 10]),
        ("pool2", "max_pool2d", [2, 16, 5, 5]),
        ("fc1", "linear", [2, 120]),
        ("fc2", "linear", [2, 84]),
        ("fc3", "linear", [2, 10]),
    ]
    rows: list[Json] = []
    for line, (name, kind, shape) in enumerate(kinds, 21):
        expected: Json = {"name": name, "kind": kind, "shape": shape}
        seen: Json = {"name": name, "kind": kind, "shape": shape, "line": line}
        note = ""
        if not pooled and name == "pool1":
            seen, note = None, "`pool1` is missing: max pooling to 6 × 14 × 14 is expected here."
        if not pooled and name == "conv2":
            seen = {"name": name, "kind": kind, "shape": [2, 16, 24, 24], "line": 22}
            note = "`conv2` gives 16 × 24 × 24 where 16 × 10 × 10 is expected."
        rows.append({"seen": seen, "expected": expected, "same": not note, "note": note})
    return rows


SIZES: list[tuple[str, list[Json], int]] = [
    ("conv1", [6, 1, 5, 5], 150),
    ("fc1", [120, 400], 48000),
    ("fc3", [10, 84], 840),
    ("fc4", [121, 84], 10164),
]
PARAMETERS: Json = {
    "rows": [
        {"name": f"{n}.weight", "shape": s, "count": c, "trainable": n != "fc3", "used": n != "fc4"}
        for n, s, c in SIZES
    ],
    "total": 71870,
}
MISMATCH: Json = {
    "where": "outputs, after log-softmax",
    "index": [2, 7],
    "seen": -2.302585,
    "expected": -1.914312,
    "error": 0.388273,
    "allowed": 1.9e-06,
    "wrong": 28,
    "total": 30,
}


def accuracy(student: float) -> dict[str, Json]:
    """Evidence of a check of accuracy, on ten classes."""
    right = round(1000 * student)
    matrix: list[Json] = []
    for i in range(10):
        row: list[Json] = [0] * 10
        row[i], row[(i + 4) % 10], row[(i * 3 + 1) % 10 if i != 2 else 5] = right, 3, 1000 - right
        matrix.append(row)
    return {
        "student": student,
        "reference": 0.9882,
        "full": 0.9782,
        "zero": 0.8882,
        "images": 10000,
        "per_class": [min(1.0, student + 0.004 * (i - 5)) for i in range(10)],
        "confusion": matrix,
    }


def check(
    name: str, outcome: Any = "passed", share: float | None = None, **more: Any
) -> CheckResult:
    """A result of one of LeNet's checks."""
    title, points = TITLES[name]
    fraction = (1.0 if outcome == "passed" else 0.0) if share is None else share
    text = {"passed": "As expected.", "skipped": "Not tried, as `layer_shapes` was lost."}
    more.setdefault("feedback", text.get(outcome, ""))
    return CheckResult(
        name=name, title=title, outcome=outcome, points=points, earned=points * fraction, **more
    )


def graded(student: str = "Ada Lovelace", *checks: CheckResult, **more: Any) -> Graded:
    """A record as the grader makes it, with every check passed that is not given."""
    given_checks = {one.name: one for one in checks}
    results = tuple(given_checks.get(name) or check(name) for name in TITLES)
    stand_in = more.pop("stand_in", False)
    used = (
        "STAND-IN: 500 scanned digits of scikit-learn in MNIST's framing"
        if stand_in
        else "MNIST, 10,000 test images"
    )
    provenance: dict[str, Json] = {
        "grader": "0.1.0",
        "versions": {"grader": "0.1.0", "python": "3.11.9", "torch": "2.13.0+cpu"},
        "level": more.pop("level", 3),
        "seed": 8123456789,
        "data": {"name": "mnist", "stand_in": stand_in, "used": used},
        "digests": {"reference": "ab" * 32, "checks": "cd" * 32},
        "seconds": {"measuring": 0.8123},
    }
    return Graded(
        student=student,
        assignment="lenet5_mnist",
        title="LeNet-5 on MNIST",
        score=more.pop("score", sum(one.earned for one in results)),
        max_score=100.0,
        execution=more.pop(
            "execution",
            Execution(status="ok", seconds=0.91, cpu_seconds=0.874, peak_mib=312.4, level=3),
        ),
        checks=results,
        provenance=more.pop("provenance", provenance),
        digest="0f" * 32,
        files=more.pop("files", ("lenet.py", "lenet.pt")),
        **more,
    )


def a_class(*, stand_in: bool = False) -> list[Graded]:
    """Twelve students, each with another fate."""
    lost = [
        check("layer_shapes", "partial", 0.714,
              feedback="`pool1` is missing: max pooling to 6 × 14 × 14 is expected here. 1 more of 7 layers differ.",
              hint="Print `x.shape` after each step of `forward` and compare it with the table in the brief.",
              evidence={"layers": layers(pooled=False)}, trust="claim"),
        check("parameter_count", "failed",
              feedback="Your network has 71,870 trainable parameters, expected are 61,706.\n"
                       "`fc4` is declared, but nothing that the network answers depends on it: 10,164 of your 71,870.",
              hint="Compare the sizes of your layers with the brief, weights and biases apart.",
              evidence={"parameters": PARAMETERS}, trust="claim"),
        check("forward_values", "failed",
              feedback="The outputs differ from ours at index [2, 7]: -2.302585 where -1.914312 is expected.",
              hint="Up to `conv1` the values agree. Look at what follows it.",
              evidence={"mismatch": MISMATCH}),
        check("gradient_values", "skipped"),
        check("two_steps", "skipped"),
        check("test_accuracy", "partial", 0.62, evidence={"accuracy": accuracy(0.944)}, trust="proof",
              feedback="94.40% of 10,000 test images are read rightly; ours reads 98.82%.",
              hint="Train longer, and save the weights of the class that you hand in."),
    ]  # fmt: skip
    gone = [
        check(
            name,
            "unmeasured",
            code="run-not-loaded",
            feedback="Nothing to compare: the code stopped before.",
        )
        for name in TITLES
    ]
    crash = StudentError(kind="NameError", message="name 'F' is not defined", file="lenet.py", line=31,
                    code="        x = F.relu(self.conv1(x))", where="forward")  # fmt: skip
    good = check("test_accuracy", evidence={"accuracy": accuracy(0.9861)}, trust="proof",
                 feedback="98.61% of 10,000 test images are read rightly; ours reads 98.82%.")  # fmt: skip
    full = [check("layer_shapes", feedback="All 7 layers have the expected shape.", trust="claim",
                  evidence={"layers": layers()}), good]  # fmt: skip
    table: Json = {"columns": ["gradients", "", "how"],
                   "rows": [["`conv1.weight`", "differs", "is 0 everywhere"], ["fc1", "equal", ""]]}  # fmt: skip

    def stop(status: Any, reason: str, **more: Any) -> Execution:
        return Execution(
            status=status, reason=reason, seconds=3.2, cpu_seconds=3.1, level=3, **more
        )

    return [
        graded("Ada Lovelace", *full, stand_in=stand_in),
        graded("Grace Hopper", *full, stand_in=stand_in, late=True, received="2026-03-02T10:14:00+01:00"),
        graded("Kurt Gödel", *lost, stand_in=stand_in,
               notes=("`Lenet.py` was taken for `lenet.py`.",),
               execution=Execution(status="ok", seconds=0.91, cpu_seconds=0.874, peak_mib=312.4, level=3,
                                   stdout="epoch 1: loss 0.31\nepoch 2: loss 0.12\n" * 3, stderr="UserWarning: old\n")),
        graded("Sofya Kovalevskaya", check("gradient_values", "failed", hint="Look for `.detach()`.",
               feedback="The gradient of `conv1.weight` is 0 everywhere.",
               evidence={"table": table, "mismatch": MISMATCH}), good, stand_in=stand_in),
        graded("Emmy Noether", *gone, stand_in=stand_in,
               execution=stop("crashed", "`lenet.py` could not be imported. Correct the line below.", error=crash)),
        graded("Alan Turing", *gone, stand_in=stand_in,
               execution=stop("cpu", "The code used 60 seconds of processor time; the limit is 60. Look for a loop that does not end.")),
        graded("Maryam Mirzakhani", *gone, stand_in=stand_in, execution=stop("memory", "The code asked for more than 4,096 MiB.")),
        graded("Évariste Galois", *gone, stand_in=stand_in, execution=stop("missing", "There is no `lenet.py`."), files=()),
        graded("Carl Friedrich Gauß", check("two_steps", "broken", feedback="The reference could not be measured."), good, stand_in=stand_in),
        graded("Hypatia", *lost[:2], stand_in=stand_in, execution=stop("tampered", "The answer claims 61,706 parameters, the gradients hold 71,870.")),
        graded("<script>alert('x')</script> \u202eelgoog", *lost[2:], stand_in=stand_in),
        graded("Srinivasa Ramanujan", check("test_accuracy", "failed", evidence={"accuracy": accuracy(0.1135)}, trust="proof",
               feedback="11.35% of 10,000 test images are read rightly; ours reads 98.82%.", hint="Were these weights trained?"), stand_in=stand_in),
    ]  # fmt: skip
