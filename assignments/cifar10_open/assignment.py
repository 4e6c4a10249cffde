"""An image classifier of one's own for CIFAR-10, marked by how well it reads."""

import numpy as np

from grader import Assignment, Limits, Measurements, Message, Verdict, compare, data, probe

MOST = 500_000  # numbers that the network may hold
FULL, ZERO = 0.80, 0.40  # accuracies at which all points of `test_accuracy` are given, and none

assignment = Assignment(
    "An image classifier of your own",
    entry="cifar",
    extra_files=["cifar.pt"],
    limits=Limits(cpu_seconds=150, cell_seconds=10, memory_mib=4096, files_kib=8192),
    provides=["cifar10"],
)

# What the sandbox is asked to do. Students can read every argument, but not what is drawn: the
# order of the pictures, and how each one is flipped, shifted and changed in contrast.
pictures = data.test("cifar10", normalised=False, altered=True)
known = data.train("cifar10", limit=2000, normalised=False, altered=True)
normalised = data.test("cifar10", limit=200)  # tells who forgot to normalise in `forward`
three, twelve = (data.test("cifar10", limit=n, normalised=False).images for n in (3, 12))

net = probe.module("Net")
parameters = net.parameters(data.uniform(4, 3, 32, 32))
answers_to_three = net.own_logits(three, weights="cifar.pt", seconds=5)
answers_to_twelve = net.own_logits(twelve, weights="cifar.pt", seconds=5)
answers = net.own_logits(pictures.images, weights="cifar.pt", seconds=60)
answers_to_known = net.own_logits(known.images, weights="cifar.pt", seconds=60)
answers_to_normalised = net.own_logits(normalised.images, weights="cifar.pt", seconds=10)

# Answers in words: read outside of the sandbox, and marked by a person.
q1 = probe.text("Q1")
q2 = probe.text("Q2")
q3 = probe.text("Q3")
q4 = probe.text("Q4")


# What the grader concludes. None of this enters the sandbox.
@assignment.check(points=10)
def budget(student: Measurements, _reference: Measurements) -> Verdict:
    """`Net` holds 500,000 numbers at most: parameters and buffers together."""
    return compare.within(student[parameters], most=MOST)


@assignment.check(points=10)
def steady_answers(student: Measurements, _reference: Measurements) -> Verdict:
    """`Net` with `cifar.pt` gives ten scores for each picture, whatever lies beside it."""
    alone, beside = student[answers_to_three].own, student[answers_to_twelve].own[:3]
    if alone.shape != (3, 10):
        return Verdict.say(Message("cifar-scores", {"n": 3, "seen": str(alone.shape)}))
    apart, scale = np.abs(alone - beside).max(), np.abs(beside).max()
    if np.isfinite(apart) and apart <= 1e-3 * max(1.0, scale):
        return Verdict.say(Message("cifar-steady"), fraction=1.0)
    return Verdict.say(Message("cifar-unsteady", {"apart": float(apart)}))


@assignment.check(points=80, depends_on=[budget])
def test_accuracy(student: Measurements, reference: Measurements) -> Verdict:
    """`Net` with `cifar.pt` reads test pictures that nobody has seen in this form."""
    return compare.own_accuracy(
        student[answers],
        reference[answers],
        pictures.labels,
        full=FULL,
        zero=ZERO,
        training=(student[answers_to_known], known.labels),
        normalised=(
            (student[answers_to_normalised], normalised.labels)
            if answers_to_normalised in student
            else None
        ),
        parameters=student[parameters],
    )


@assignment.check(points=1, person=True)
def without_labels(student: Measurements, _reference: Measurements) -> Verdict:
    """How a network finds groups or a shorter description without labels, and why that works.

    The input is its own target, and something narrow lies between: autoencoders and their kin.
    Half for a method without the reason.
    """
    return compare.written(student[q1])


@assignment.check(points=1, person=True)
def strengths(student: Measurements, _reference: Measurements) -> Verdict:
    """What neural networks are good at, and for which data.

    Two strengths that fit together with a kind of data or task; half for one.
    """
    return compare.written(student[q2])


@assignment.check(points=1, person=True)
def weaknesses(student: Measurements, _reference: Measurements) -> Verdict:
    """What neural networks are bad at, or when another method is better.

    Two weaknesses with their reason; half for one, or for a list without reasons.
    """
    return compare.written(student[q3])


@assignment.check(points=1, person=True)
def known_data(student: Measurements, _reference: Measurements) -> Verdict:
    """Why a network can be right for data that one knows well, and how that knowledge gets in.

    Half for its flexibility, half for a way in which knowledge is built in: architecture, loss,
    data.
    """
    return compare.written(student[q4])
