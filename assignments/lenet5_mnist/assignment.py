"""LeNet-5 on MNIST: build the network of 1998 with modern parts, then train it."""

from grader import Assignment, Limits, Measurements, Verdict, compare, data, probe

assignment = Assignment(
    "LeNet-5 on MNIST",
    entry="lenet",
    extra_files=["lenet.pt"],
    limits=Limits(cpu_seconds=40, cell_seconds=10, memory_mib=4096),
)

# What the sandbox is asked to do. Students can read every argument.
x = data.normal(3, 1, 32, 32)
y = data.integers(3, below=10)
digits = data.test("mnist", size=32)

net = probe.module("LeNet5", output="logits")
layers = net.layers(x)
parameters = net.parameters(x)
outputs = net.outputs(x)
gradients = net.gradients(x, y)
steps = net.steps(x, y)
logits = net.logits(digits.images, weights="lenet.pt")


# What the grader concludes. None of this enters the sandbox.
@assignment.check(points=20)
def layer_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """`LeNet5` runs the layers of the brief in order, each with the right output shape."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=10)
def parameter_count(student: Measurements, reference: Measurements) -> Verdict:
    """`LeNet5` has 61,706 trainable parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=10, depends_on=[layer_shapes])
def forward_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal pictures, your network answers what ours answers."""
    where = compare.first_divergence(student[layers], reference[layers])
    return compare.close(student[outputs], reference[outputs], rtol=1e-6, where=where)


@assignment.check(points=15, depends_on=[forward_values])
def gradient_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and an equal batch, the gradients of the cross-entropy equal ours."""
    return compare.close(student[gradients], reference[gradients], rtol=1e-6)


@assignment.check(points=15, depends_on=[gradient_values])
def two_steps(student: Measurements, reference: Measurements) -> Verdict:
    """After each of two steps of gradient descent your weights equal ours."""
    return compare.close(student[steps], reference[steps], rtol=1e-6)


@assignment.check(points=30)
def test_accuracy(student: Measurements, reference: Measurements) -> Verdict:
    """`lenet.pt` reads the test digits about as well as our own trained network does."""
    return compare.accuracy(
        student[logits], reference[logits], digits.labels, full=-0.01, zero=-0.10
    )
