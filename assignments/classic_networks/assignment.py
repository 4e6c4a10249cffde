"""Three classic networks written from a table: AlexNet, VGG16, ResNet-18."""

from dataclasses import dataclass, replace

from grader import Assignment, Measurements, Message, Verdict, compare, data, measurements, probe

# Nothing that is asked for has to be computed in the file: whoever tries the networks there, or
# loads a photograph, loses no time by it.
assignment = Assignment("AlexNet, VGG16 and ResNet-18", entry="classics", run="definitions")

# What the sandbox is asked to do. Students can read every argument. The networks are large, so they
# are measured in float32, and the values are judged by the sketches that come with the layers.
x = data.normal(2, 3, 224, 224)

how = {"precision": "float32", "without": "torchvision.models", "output": "logits"}
alexnet = probe.module("AlexNet", **how)
vgg16 = probe.module("VGG16", **how)
resnet18 = probe.module("ResNet18", **how)
alexnet_run, alexnet_owns = alexnet.layers(x), alexnet.parameters(x, train=True)
vgg16_run, vgg16_owns = vgg16.layers(x), vgg16.parameters(x, train=True)
resnet18_run, resnet18_owns = resnet18.layers(x), resnet18.parameters(x, train=True)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A near relative that is found in print, with the number of its parameters."""

    count: int
    why: str
    """Code of the message that says what it is."""
    layers: int
    """Convolutions and linear layers."""


HALF = 0.5
"""Share of the points for shapes and count that a variant earns at least."""
VARIANTS = {
    alexnet_owns: (
        Variant(
            count=62_378_344,
            why="classics-alexnet-one-gpu",
            layers=8,
        ),
        Variant(
            count=60_965_224,
            why="classics-alexnet-two-gpus",
            layers=8,
        ),
    ),
    vgg16_owns: (
        Variant(
            count=138_423_208,
            why="classics-vgg16-weighted-pooling",
            layers=17,
        ),
        Variant(
            count=138_365_992,
            why="classics-vgg16-norm",
            layers=16,
        ),
    ),
    resnet18_owns: (
        Variant(
            count=11_511_784,
            why="classics-resnet18-printed",
            layers=18,
        ),
        Variant(
            count=11_694_312,
            why="classics-resnet18-biases",
            layers=21,
        ),
        Variant(
            count=11_515_688,
            why="classics-resnet18-plain-shortcuts",
            layers=18,
        ),
    ),
}


def _variant(student: Measurements, owns: probe.Probe[measurements.Parameters]) -> Variant | None:
    """The relative that the student built, if all its numbers are in use."""
    found = student[owns]
    idle = any(p.used is False for p in found.trainable)
    return next((v for v in VARIANTS[owns] if v.count == found.total and not idle), None)


def _shapes(
    student: Measurements,
    reference: Measurements,
    run: probe.Probe[measurements.Layers],
    owns: probe.Probe[measurements.Parameters],
) -> Verdict:
    verdict = compare.shapes(student[run], reference[run])
    variant = _variant(student, owns) if owns in student else None
    weighty = [r for r in student[run].rows if r.kind in ("convolution", "linear")]
    if variant is None or student[run].error or len(weighty) != variant.layers:
        return verdict
    share = max(verdict.fraction, HALF)
    return replace(_explain(verdict, verdict.feedback, variant), fraction=share)


def _count(
    student: Measurements, reference: Measurements, owns: probe.Probe[measurements.Parameters]
) -> Verdict:
    verdict = compare.count(student[owns], reference[owns])
    variant = _variant(student, owns)
    if variant is None:
        return verdict
    counted = verdict.feedback.partition(". ")[0].rstrip(".")
    return replace(_explain(verdict, f"{counted}.", variant), fraction=HALF)


def _explain(verdict: Verdict, seen: str, variant: Variant) -> Verdict:
    """The verdict, with what the network is after what was seen."""
    message = Message(variant.why)
    return replace(verdict, feedback=f"{seen} {message.text()}", code=message.code, facts={})


# What the grader concludes. None of this enters the sandbox.
@assignment.check(points=11)
def alexnet_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`AlexNet` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, alexnet_run, alexnet_owns)


@assignment.check(points=6)
def alexnet_count(student: Measurements, reference: Measurements) -> Verdict:
    """`AlexNet` has 61,100,840 trainable parameters."""
    return _count(student, reference, alexnet_owns)


@assignment.check(points=11, depends_on=[alexnet_layers])
def alexnet_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `AlexNet` answers what ours answers."""
    return compare.values(student[alexnet_run], reference[alexnet_run])


@assignment.check(points=11)
def vgg16_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`VGG16` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, vgg16_run, vgg16_owns)


@assignment.check(points=6)
def vgg16_count(student: Measurements, reference: Measurements) -> Verdict:
    """`VGG16` has 138,357,544 trainable parameters."""
    return _count(student, reference, vgg16_owns)


@assignment.check(points=11, depends_on=[vgg16_layers])
def vgg16_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `VGG16` answers what ours answers."""
    return compare.values(student[vgg16_run], reference[vgg16_run])


@assignment.check(points=11)
def resnet18_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`ResNet18` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, resnet18_run, resnet18_owns)


@assignment.check(points=6)
def resnet18_count(student: Measurements, reference: Measurements) -> Verdict:
    """`ResNet18` has 11,689,512 trainable parameters."""
    return _count(student, reference, resnet18_owns)


@assignment.check(points=11, depends_on=[resnet18_layers])
def resnet18_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `ResNet18` answers what ours answers."""
    return compare.values(student[resnet18_run], reference[resnet18_run])


@assignment.check(points=6)
def dropout(student: Measurements, reference: Measurements) -> Verdict:
    """In train mode `AlexNet` and `VGG16` drop half of the values, twice each; 3 points each."""
    pairs = {"AlexNet": alexnet_owns, "VGG16": vgg16_owns}
    return compare.combine(
        [lambda p=p: compare.dropouts(student[p], reference[p]) for p in pairs.values()],
        names=[f"`{name}`" for name in pairs],
    )
