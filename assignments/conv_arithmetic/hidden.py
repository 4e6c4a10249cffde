"""Answers with so few possible values that trying them out would find them."""

from assignment import assignment, judged

from grader import Measurements, Verdict, probe

keeping = probe.values("same")
network = probe.values("parameter_shapes", "network_parameters")
far = probe.values("strided_element", "two_channels")


@assignment.check(points=5)
def padding_that_keeps(student: Measurements, reference: Measurements) -> Verdict:
    """The padding with which a dilated convolution keeps height and width."""
    return judged(student, reference, keeping)


@assignment.check(points=10)
def parameters_of_a_network(student: Measurements, reference: Measurements) -> Verdict:
    """Shapes of all parameters of the small network, and how many numbers they are."""
    return judged(student, reference, network)


@assignment.check(points=6)
def single_elements(student: Measurements, reference: Measurements) -> Verdict:
    """One element under a stride, and one of a convolution of two channels."""
    return judged(student, reference, far)
