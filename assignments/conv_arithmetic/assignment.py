"""Arithmetic of convolutions: sizes, parameters and single elements, with numbers of one's own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grader import Assignment, Limits, Measurements, Message, Verdict, compare, probe

assignment = Assignment(
    "Arithmetic of convolutions", entry="convolutions", limits=Limits(cpu_seconds=20)
)


@assignment.personal(seed=2026)
def numbers(rng: np.random.RandomState) -> dict[str, Any]:
    """One's own numbers, such that rounding shows and no two slips lead to the same size."""
    batch, channels, filters = rng.choice([2, 4, 6, 8, 9, 10, 11, 12, 14], 3, replace=False)
    kernel, (stride, pool) = rng.choice([3, 5, 7]), ((2, 3), (3, 2))[rng.randint(2)]
    sides = [n for n in range(50, 130) if (n - kernel) % stride and (n - kernel + 1) % pool]
    height, width = rng.choice(sides, 2, replace=False)
    return {
        "batch": batch,
        "channels": channels,
        "filters": filters,
        "height": height,
        "width": width,
        "kernel": kernel,
        "stride": stride,
        "padding": 2 * stride,
        "dilation": stride + 1,
        "pool": pool,
        "same_kernel": rng.choice([5, 7, 9, 11]),
        "same_dilation": rng.choice([2, 3, 4]),
        "side": rng.randint(44, 97),
        "net_filters": rng.choice(np.arange(5, 20), 2, replace=False),
        "net_kernels": rng.choice([3, 5, 7], 2, replace=False),
        "hidden": rng.randint(30, 120),
        "classes": rng.randint(4, 13),
        "picture": rng.permutation(np.arange(-12, 13)).reshape(5, 5),
        "weights": rng.permutation(np.arange(-4, 5)).reshape(3, 3),
        "second_picture": rng.permutation(np.arange(-4, 5)).reshape(3, 3),
        "second_weights": rng.permutation(np.arange(-4, 5)).reshape(3, 3),
        "bias": rng.choice([-20, -15, 15, 20, 30]),
    }


# Probes: names in the student's file, read when it has run. All but two hold answers.
drawn = probe.value("numbers")
slips = probe.value("slips")  # in the reference: what usual slips lead to, under these numbers
whose = probe.value("student")
sizes = probe.values("plain", "strided", "dilated", "pooled")
layer = probe.values("weight_shape", "bias_shape", "layer_parameters")
features = probe.values("feature_sizes", "flattened")
worked = probe.values("worked", "cornered")


# Checks: what the grader concludes. None of this enters the sandbox.
@assignment.check(points=32)
def output_sizes(student: Measurements, reference: Measurements) -> Verdict:
    """Shapes after a convolution: plain, with stride and padding, with dilation, after pooling."""
    return judged(student, reference, sizes)


@assignment.check(points=15)
def parameters_of_a_layer(student: Measurements, reference: Measurements) -> Verdict:
    """Shapes and number of the parameters of one convolution."""
    return judged(student, reference, layer)


@assignment.check(points=18)
def sizes_in_a_network(student: Measurements, reference: Measurements) -> Verdict:
    """Sizes inside the small network for your image size, and the length after flattening."""
    return judged(student, reference, features)


@assignment.check(points=14)
def worked_elements(student: Measurements, reference: Measurements) -> Verdict:
    """The convolution of your 5 × 5 image by hand, and its corner with padding."""
    return judged(student, reference, worked)


def judged(student: Measurements, reference: Measurements, asked: Mapping[str, Any]) -> Verdict:
    """Each answer earns its share. A file with another student's numbers is for a person to see."""
    right = {name: reference[p] for name, p in asked.items()}
    verdict = compare.parts(
        student.each(asked), right, reference[slips].plain, unordered=["parameter_shapes"]
    )
    name = reference[drawn].plain["student"]
    other = student[whose].plain if whose in student else name
    if verdict.fraction == 1 or " ".join(str(other).split()).casefold() == name:
        return verdict
    facts = {"seen": repr(str(other)[:60]), "expected": repr(name)}
    told = Verdict.say(Message("answer-of-another-student", facts), needs_review=True)
    feedback = f"{told.feedback} {verdict.feedback}"
    return replace(told, fraction=verdict.fraction, feedback=feedback)
