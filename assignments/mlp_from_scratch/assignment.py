"""A network from scratch: derivatives by hand in NumPy and torch, autograd, a convolution."""

from dataclasses import replace
from typing import Any

import numpy as np

from grader import Assignment, Limits, Measurements, Verdict, compare, data, faults, probe

assignment = Assignment(
    "A network from scratch", entry="mlp", limits=Limits(cpu_seconds=240, memory_mib=4096)
)

# Probes: functions of probes.py, run in the sandbox. The student can read every argument.
images = data.normal(8, 784)
classes = data.integers(8, below=10)
scores = data.normal(12, 10)
twelve = data.integers(12, below=10)
real = data.train("mnist", size=28, limit=500)
SEED, RATE = 7, 0.25
HAND = {"MLPNumpy": "cross_entropy", "MLPTorch": "cross_entropy_torch"}
AUTOMATIC = ("MLPAutograd", "CNNAutograd")
UPDATES = {"MLPTorch": "update_torch", "MLPAutograd": "update_autograd"}
W, V = data.normal(3, 4, draw=1), data.normal(4, 2, draw=2)
GW, GV = data.normal(3, 4, draw=3), data.normal(4, 2, draw=4)

drawn = probe.script("batches", 40, SEED)
first_numpy = probe.script("first_weights", "MLPNumpy", SEED)
first_torch = probe.script("first_weights", "MLPTorch", SEED)
forward_numpy = probe.script("forward", "MLPNumpy", images, SEED)
forward_torch = probe.script("forward", "MLPTorch", images, SEED)
forward_conv = probe.script("forward", "CNNAutograd", images, SEED)
loss_numpy = probe.script("loss", "cross_entropy", scores, twelve)
loss_torch = probe.script("loss", "cross_entropy_torch", scores, twelve)
by_hand_numpy = probe.script("gradients", "MLPNumpy", "cross_entropy", images, classes, SEED)
by_hand_torch = probe.script("gradients", "MLPTorch", "cross_entropy_torch", images, classes, SEED)
updated_numpy = probe.script("update", "update", [W, V], [GW, GV], RATE)
updated_torch = probe.script("update", "update_torch", [W, V], [GW, GV], RATE)
stepped_auto = probe.script(
    "steps", "MLPAutograd", "cross_entropy_torch", "update_autograd", images, classes, SEED
)
stepped_conv = probe.script(
    "steps", "CNNAutograd", "cross_entropy_torch", "update_autograd", images, classes, SEED
)
trained = probe.script(
    "training", "MLPNumpy", "cross_entropy", "update", real.images, real.targets, 40, 12, 42
)

# Checks: what the grader concludes. None of this enters the sandbox.
SINGLE = 1e-4  # tolerance in float32


@assignment.check(points=8)
def random_batches(student: Measurements, _reference: Measurements) -> Verdict:
    """`random_batch` draws other rows each time, with the labels that belong to them."""
    first, second = (student[drawn].plain[k] for k in ("first", "second"))
    for found in (first, second):
        if not np.array_equal(found["rows"], found["labels"]):
            return Verdict(fraction=0.0, feedback="Images and labels are of different rows.")
    rows = first["rows"]
    if np.array_equal(rows, second["rows"]):
        text = f"Two calls give the same {len(rows)} rows: {rows[:4].astype(int).tolist()} …"
        return Verdict(fraction=0.0, feedback=text, hint="Draw the indices from `rng`.")
    if max(rows.max(), second["rows"].max()) < 250:
        text = "80 indices were drawn, none from the second half of the images."
        return Verdict(fraction=0.5, feedback=text, hint="Draw from 0 to the number of images.")
    return Verdict(fraction=1.0, feedback=f"{len(rows)} rows, drawn anew for each batch.")


@assignment.check(points=8)
def first_weights(student: Measurements, reference: Measurements) -> Verdict:
    """New networks hold `w1` (785, 1000), then `w2` (1001, 10), both drawn from N(0, 0.01²)."""
    for found in (first_numpy, first_torch):
        own, ours = student[found].plain, reference[found].plain
        if own["shapes"] != ours["shapes"]:
            text = f"The shapes of `params` are {own['shapes']}, expected are {ours['shapes']}."
            return Verdict(fraction=0.0, feedback=text, hint="Each layer has one row for the bias.")
        verdict = compare.explained(
            own["corners"], ours["corners"], ("w1", "w2"), what="", rtol=SINGLE
        )
        if verdict.fraction < 1:
            return verdict
    return verdict


@assignment.check(points=10)
def numpy_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPNumpy.forward_pass` gives the probabilities that ours gives under equal weights."""
    return _predicted(student[forward_numpy], reference[forward_numpy], "MLPNumpy")


@assignment.check(points=8)
def losses(student: Measurements, reference: Measurements) -> Verdict:
    """Both functions return the mean cross-entropy of a batch."""
    own, ours = ([m[p].plain for p in (loss_numpy, loss_torch)] for m in (student, reference))
    given = {"probabilities": ours[0]["predicted"], "labels": ours[0]["labels"]}
    return compare.explained(
        [p["loss"] for p in own],
        [p["loss"] for p in ours],
        ("cross_entropy", "cross_entropy_torch"),
        what="",
        context=faults.Context(batch=12, eps=1e-7, **given),
        rtol=1e-6,
        partial=True,
    )


def _by_hand(student: Measurements, reference: Measurements, which: Any, rtol: float) -> Verdict:
    seen, right = student[which].plain, reference[which].plain
    batches = zip(
        seen["gradients"], right["gradients"], right["images"], right["labels"], strict=True
    )
    for own, ours, inputs, labels in batches:
        run = faults.Pass.forward(inputs, right["weights"], labels, "last")
        verdict = compare.explained(
            own["arrays"], ours["arrays"], ("w1", "w2"), run=run, rtol=rtol, partial=True
        )
        if verdict.fraction < 1:
            return verdict
        if own["elsewhere"] > ours["elsewhere"] + rtol:
            text = "Weights of hidden units that take no part have a gradient that is not zero."
            return Verdict(fraction=0.0, feedback=text)
    return verdict


@assignment.check(points=20, after=[numpy_forward])
def numpy_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPNumpy.backward_pass` gives the derivatives of the loss, without help; half for half."""
    return _by_hand(student, reference, by_hand_numpy, 1e-6)


@assignment.check(points=8)
def updates(student: Measurements, reference: Measurements) -> Verdict:
    """`update` and `update_torch` take one step of gradient descent."""
    for found in (updated_numpy, updated_torch):
        ours = reference[found].plain
        known = [
            faults.Context(before=w, gradient=g, rate=RATE)
            for w, g in zip(ours["before"], ours["gradients"], strict=True)
        ]
        verdict = compare.explained(
            student[found].plain["after"],
            ours["after"],
            ("w1", "w2"),
            what="",
            context=known,
            rtol=SINGLE,
        )
        if verdict.fraction < 1:
            return verdict
    return verdict


@assignment.check(points=8)
def torch_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPTorch.forward_pass` gives the same in float32."""
    return _predicted(student[forward_torch], reference[forward_torch], "MLPTorch", rtol=SINGLE)


@assignment.check(points=10, after=[torch_forward])
def torch_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPTorch.backward_pass` gives the same derivatives, without autograd."""
    return _by_hand(student, reference, by_hand_torch, SINGLE)


@assignment.check(points=8)
def autograd_steps(student: Measurements, reference: Measurements) -> Verdict:
    """Two steps with `MLPAutograd` and `update_autograd` lead to the right weights."""
    return _stepped(student, reference, stepped_auto, ("w1", "w2"))


@assignment.check(points=6)
def convolution_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`CNNAutograd.forward_pass` convolves, applies ReLU, pools and classifies."""
    return _predicted(student[forward_conv], reference[forward_conv], "CNNAutograd", rtol=SINGLE)


@assignment.check(points=2, after=[convolution_forward])
def convolution_steps(student: Measurements, reference: Measurements) -> Verdict:
    """Two steps with `CNNAutograd` lead to the right weights."""
    return _stepped(student, reference, stepped_conv, ("w1", "b1", "w2", "b2"))


@assignment.check(points=4, after=[random_batches, numpy_gradients, updates])
def training(student: Measurements, reference: Measurements) -> Verdict:
    """The first twelve losses from seed 42 are those of the brief's recipe."""
    own, ours = student[trained].plain, reference[trained].plain
    for step, (seen, expected) in enumerate(zip(own, ours, strict=True), 1):
        if not abs(seen - expected) <= 1e-6 * abs(expected):
            text = f"The loss of step {step} is {seen:.6f}, expected is {expected:.6f}."
            hint = "Before step 1 count the drawn numbers, from then on look at the update."
            return Verdict(fraction=0.0, feedback=text, hint=hint)
    return Verdict(fraction=1.0, feedback=f"{len(ours)} losses agree with ours.")


def _stepped(
    student: Measurements, reference: Measurements, which: Any, names: tuple[str, ...]
) -> Verdict:
    seen, right = student[which].plain, reference[which].plain
    for step, (own, ours) in enumerate(zip(seen, right, strict=True), 1):
        verdict = compare.explained(own["arrays"], ours["arrays"], names, what="", rtol=SINGLE)
        if verdict.fraction < 1:
            late = (
                "After the first step the weights are right, after the second they are not: "
                "the gradient of the first was still there. Set it to zero in `update_autograd`. "
                if step == 2
                else "After the first step: "
            )
            return Verdict(fraction=0.0, feedback=late + verdict.feedback, hint=verdict.hint)
    return verdict


def _predicted(student: Any, reference: Any, name: str, rtol: float = 1e-6) -> Verdict:
    own, ours = student.plain, reference.plain
    verdict = compare.explained([own], [ours], (f"{name}.forward_pass",), what="", rtol=rtol)
    if verdict.fraction == 1 or verdict.hint:
        return verdict
    hint = "Go through the brief's steps: which array, which weights, ReLU, softmax over a row."
    return replace(verdict, hint=hint)
