"""Checks that students do not get: training mode, and sizes that the public checks do not name."""

from dataclasses import replace

from assignment import (
    assignment,
    conv,
    conv_layers,
    conv_values,
    count_width,
    parameters,
    residual_block,
    x,
    y,
)

from grader import Measurements, Verdict, compare, data, probe

steps = conv.steps(x, y)
narrow = probe.module("ConvNet", 10, output="logits").parameters(x)
other = probe.module("ResidualBlock", 5, output="raw")
images = data.normal(3, 5, 7, 9)
other_outputs = other.outputs(images)
other_gradients = other.gradients(images, data.integers(3, below=5 * 7 * 9))


@assignment.check(points=3, depends_on=[conv_values])
def conv_training(student: Measurements, reference: Measurements) -> Verdict:
    """After each of two steps of gradient descent the weights of your `ConvNet` equal ours."""
    return compare.close(student[steps], reference[steps])


@assignment.check(points=2, depends_on=[conv_layers])
def other_width(student: Measurements, reference: Measurements) -> Verdict:
    """`ConvNet` can be built in any even width."""
    return count_width(student[narrow], student[parameters], reference[narrow])


@assignment.check(points=2, depends_on=[residual_block])
def other_block(student: Measurements, reference: Measurements) -> Verdict:
    """`ResidualBlock` takes any number of channels, images of any size, and can be trained; half
    for what it answers, half for its gradients.
    """
    values = compare.close(student[other_outputs], reference[other_outputs])
    if values.fraction < 1:
        return values
    gradients = compare.attempt(
        lambda: compare.close(student[other_gradients], reference[other_gradients])
    )
    return gradients if gradients.fraction == 1 else replace(gradients, fraction=0.5)
