"""What students do not see: the same questions, asked of other inputs."""

import numpy as np
from assignment import SEED, SINGLE, assignment, both_losses, by_hand, drawn_anew

from grader import Measurements, Message, Verdict, data, probe

FIRST, OTHER = 1, SEED + 2
some = data.normal(8, 784, draw=1)
some_classes = data.integers(8, below=10, draw=1)
# exp(-1000) is 0: one row that is sure of class 2, one that is not sure.
SURE = np.array([[-200.0, -200.0, 0.0] + 7 * [-200.0], np.linspace(-0.5, 0.5, 10)])

small = probe.script("batches", 7, OTHER, 90)
uneven_numpy = probe.script(
    "gradients", "MLPNumpy", "cross_entropy", some, some_classes, OTHER, FIRST
)
uneven_torch = probe.script(
    "gradients", "MLPTorch", "cross_entropy_torch", some, some_classes, OTHER, FIRST
)
sure_numpy = probe.script("loss", "cross_entropy", SURE, np.array([5, 8]))
sure_torch = probe.script("loss", "cross_entropy_torch", SURE, np.array([5, 8]))
changed = probe.script("changes", some, some_classes, OTHER)

ARGUMENTS = {
    "random_batch": ("images", "labels"),
    "forward_pass": ("images",),
    "cross_entropy": ("y_pred", "y_real"),
    "backward_pass": ("y_real",),
    "update": ("the first gradient", "the second gradient"),
}


@assignment.check(points=2)
def other_sets(student: Measurements, _reference: Measurements) -> Verdict:
    """`random_batch` draws 7 of 90 images as well."""
    return drawn_anew(student[small].plain, among=90)


@assignment.check(points=3)
def uneven_batches_numpy(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPNumpy` differentiates a batch of one image, then one of seven."""
    return by_hand(student, reference, uneven_numpy, 1e-6)


@assignment.check(points=2)
def uneven_batches_torch(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPTorch` does so too."""
    return by_hand(student, reference, uneven_torch, SINGLE)


@assignment.check(points=2)
def sure_and_wrong(student: Measurements, reference: Measurements) -> Verdict:
    """The losses are right where the probability of the right class is 0."""
    return both_losses(student, reference, (sure_numpy, sure_torch), 2)


@assignment.check(points=1)
def arguments_kept(student: Measurements, _reference: Measurements) -> Verdict:
    """No function of the NumPy part changes what it is given, but an update `params`."""
    found = student[changed].plain
    told = [
        f"`{function}` changes {name}"
        for function, names in ARGUMENTS.items()
        for name, touched in zip(names, found[function], strict=True)
        if touched
    ]
    if not told:
        return Verdict.say(Message("mlp-arguments-kept"), fraction=1.0)
    return Verdict.say(Message("mlp-arguments-changed", {"told": "; ".join(told)}))
