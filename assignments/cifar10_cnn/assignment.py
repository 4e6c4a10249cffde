"""A small network on CIFAR-10: build it, write the step that trains it, say where it fails."""

import numpy as np

from grader import (
    Assignment,
    Limits,
    Measurements,
    Message,
    Verdict,
    compare,
    data,
    measurements,
    probe,
)

assignment = Assignment(
    "A small network on CIFAR-10",
    entry="cifar",
    extra_files=["cifar.pt"],
    limits=Limits(cpu_seconds=60, cell_seconds=10, memory_mib=4096),
)

# What the sandbox is asked to do. Students can read every argument.
x = data.normal(3, 3, 32, 32)
y = np.array([3, 8, 5])
scores = data.normal(60, 10)
guesses = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9])  # classes that are taken, and real ones
classes = np.array([0, 1, 2, 1, 1, 3, 4, 5, 6, 7, 8, 9, 0])
every, but_nine = data.integers(60, below=10), data.integers(60, below=9)
few = data.train("cifar10", limit=100)
pictures = data.test("cifar10")

net = probe.module("SmallCNN", output="logits")
layers = net.layers(x)
parameters = net.parameters(x)
outputs = net.outputs(x)
gradients = net.gradients(x, y)
steps = net.steps(x, y, lr=0.05, by="training_step")
trained = net.train("train", few.images, few.targets, seconds=5, images=few.images)
shares = probe.call("accuracy_by_class", scores, every, tensors=True)
shares_without = probe.call("accuracy_by_class", scores, but_nine, tensors=True)
shares_of_few = probe.call("accuracy_by_class", np.eye(10)[guesses], classes, tensors=True)
logits = net.logits(pictures.images, weights="cifar.pt")

# Answers in words: read outside of the sandbox, and marked by a person.
q1 = probe.text("Q1")
q2 = probe.text("Q2")


# What the grader concludes. None of this enters the sandbox.
@assignment.check(points=12)
def layer_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """`SmallCNN` runs the layers of the brief in order, each with the right output shape."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=6)
def parameter_count(student: Measurements, reference: Measurements) -> Verdict:
    """`SmallCNN` has 62,006 trainable parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=8, depends_on=[layer_shapes])
def forward_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal pictures, your network answers what ours answers."""
    where = compare.first_divergence(student[layers], reference[layers])
    return compare.close(student[outputs], reference[outputs], rtol=1e-6, where=where)


@assignment.check(points=8, depends_on=[forward_values])
def gradient_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and an equal batch, the gradients of the cross-entropy equal ours."""
    return compare.close(student[gradients], reference[gradients], rtol=1e-6)


@assignment.check(points=14, depends_on=[forward_values])
def training_steps(student: Measurements, reference: Measurements) -> Verdict:
    """After each of two calls of `training_step` your weights equal ours."""
    return compare.stepped(
        student[steps], reference[steps], scores=reference[outputs], classes=y, rtol=1e-6
    )


@assignment.check(points=10)
def loss_curve(student: Measurements, _reference: Measurements) -> Verdict:
    """`train` teaches a fresh network 100 pictures, and the losses it yields fall."""
    return compare.training_loss(student[trained], few.labels, full=1.6, zero=2.2)


@assignment.check(points=8)
def class_accuracies(student: Measurements, reference: Measurements) -> Verdict:
    """`accuracy_by_class` gives the accuracy of each class; half where one has no pictures."""
    first = compare.close(student[shares], reference[shares], rtol=1e-6)
    if first.fraction < 1:
        precise = shares_of_few in student and is_precision(student[shares_of_few])
        return Verdict.say(Message("cifar-precision")) if precise else first
    second = compare.attempt(
        lambda: compare.close(student[shares_without], reference[shares_without], rtol=1e-6)
    )
    if second.fraction == 1:
        return second
    return Verdict.say(Message("cifar-empty-class", {"seen": second.feedback}), fraction=0.5)


def is_precision(found: measurements.Returned) -> bool:
    """True for the share of right ones among the pictures that are taken for each class."""
    seen = np.asarray(found.plain, dtype=object)
    if seen.shape != (10,) or not all(isinstance(v, (int, float)) for v in seen):
        return False
    shares = np.array([np.mean(classes[guesses == k] == k) for k in range(10)])
    return compare.mismatch(seen.astype(float), shares, 1e-6) is None


@assignment.check(points=20)
def test_accuracy(student: Measurements, reference: Measurements) -> Verdict:
    """`cifar.pt` classifies the test pictures about as well as our own trained network does."""
    return compare.accuracy(
        student[logits], reference[logits], pictures.labels, full=-0.03, zero=-0.25
    )


@assignment.check(points=6)
def every_class(student: Measurements, _reference: Measurements) -> Verdict:
    """`cifar.pt` recognises at least a fifth of the test pictures of every class."""
    return compare.every_class(student[logits], pictures.labels, least=0.2)


@assignment.check(points=2, person=True)
def why_no_grad(student: Measurements, _reference: Measurements) -> Verdict:
    """What is gained where automatic differentiation is switched off, and why.

    One point for memory, as no values between layers are kept for a backward pass; one for time, as
    nothing is recorded. A word without its reason is half a point.
    """
    return compare.written(student[q1])


@assignment.check(points=2, person=True)
def why_one_size(student: Measurements, _reference: Measurements) -> Verdict:
    """Why `SmallCNN(32)` cannot take pictures of 64 × 64, and what has to change.

    One point for the first linear layer, whose number of inputs is fixed; one for
    16 · 13 · 13 = 2,704.
    """
    return compare.written(student[q2])
