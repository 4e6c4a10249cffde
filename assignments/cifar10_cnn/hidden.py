"""What students are told of in the brief, but cannot run themselves."""

from dataclasses import replace

from assignment import assignment, forward_values, net

from grader import Measurements, Verdict, compare, data, probe

one, seven = data.normal(1, 3, 32, 32, draw=1), data.normal(7, 3, 32, 32, draw=1)
large = data.normal(2, 3, 64, 64)

answer_to_one = net.outputs(one)
answers_to_seven = net.outputs(seven)
wide = probe.module("SmallCNN", 64, output="logits")
wide_layers = wide.layers(large)
wide_outputs = wide.outputs(large)


@assignment.check(points=3, depends_on=[forward_values])
def other_batches(student: Measurements, reference: Measurements) -> Verdict:
    """One picture alone and seven at once get the answers that ours gives; half for half."""
    asked = {"One picture": answer_to_one, "Seven pictures": answers_to_seven}
    verdict = compare.combine(
        [lambda p=p: compare.close(student[p], reference[p], rtol=1e-6) for p in asked.values()],
        names=list(asked),
    )
    whole = replace(verdict, feedback="Equal to ours on 7 inputs.")
    return verdict if verdict.fraction < 1 else whole


@assignment.check(points=5)
def larger_pictures(student: Measurements, reference: Measurements) -> Verdict:
    """`SmallCNN(64)` is the network for pictures of 64 × 64 pixels."""
    verdict = compare.shapes(student[wide_layers], reference[wide_layers])
    if verdict.fraction < 1:
        return verdict
    where = compare.first_divergence(student[wide_layers], reference[wide_layers])
    return compare.close(student[wide_outputs], reference[wide_outputs], rtol=1e-6, where=where)
