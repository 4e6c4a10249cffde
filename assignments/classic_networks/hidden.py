"""Another size, another number of classes, and two steps of training."""

from assignment import assignment, resnet18_values

from grader import Measurements, Verdict, compare, data, probe

images = data.normal(3, 3, 96, 64, draw=1)
classes = data.integers(3, below=7)
small = probe.module("ResNet18", 7, without="torchvision.models", output="logits")
small_layers = small.layers(images)
small_steps = small.steps(images, classes)


@assignment.check(points=5)
def other_classes(student: Measurements, reference: Measurements) -> Verdict:
    """`ResNet18(7)` tells 7 classes apart, on images of another size."""
    return compare.values(student[small_layers], reference[small_layers])


@assignment.check(points=5, depends_on=[resnet18_values, other_classes])
def two_steps(student: Measurements, reference: Measurements) -> Verdict:
    """After each of two steps of gradient descent the weights of `ResNet18(7)` equal ours."""
    return compare.close(student[small_steps], reference[small_steps], rtol=1e-6)
